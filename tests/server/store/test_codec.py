"""The texts that are hashed are RFC 8785, whichever way they are made."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from console.model.audit import AuditRecord
from console.model.base import Json
from console.model.events import Event
from console.server.store import codec
from tests.server.store import sample

INTEGERS = st.integers(-(2**53 - 1), 2**53 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SMALL = FLOATS.filter(lambda value: abs(value) < 2**53)


def values(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Json]:
    return st.recursive(
        st.none() | st.booleans() | INTEGERS | numbers | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
        max_leaves=20,
    )


@given(
    st.dictionaries(TEXTS.filter(lambda name: name != "entity"), values(SMALL), max_size=4),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
)
def test_a_record_is_the_canonical_text_of_itself(extra: dict[str, Json], named: dict[str, str]) -> None:
    texts = dict.fromkeys(named, "sha256:" + "0" * 64)
    entity = sample.decision(text="ünd \u2028 \x7f \x01 😀")
    text = codec.record_text(
        seq=7,
        at=sample.START,
        kind="decision.made",
        actor=sample.OPERATOR,
        object="decision",
        object_id=entity.id,
        agent_id=entity.agent_id,
        task_id=None,
        body=codec.body_text(codec.entity_text(entity), extra),
        texts=texts,
    )
    record = AuditRecord.model_validate_json(text)
    assert rfc8785.dumps(record.model_dump(mode="json")) == text.encode()
    assert record.body == {**extra, "entity": entity.model_dump(mode="json")}
    assert codec.entity_from(type(entity), codec.entity_text(entity)) == entity


def test_an_event_is_the_canonical_text_of_itself() -> None:
    entity = sample.lease()
    before, after = codec.event_parts(
        cursor=3,
        at=sample.START,
        kind="lease.active",
        collection="leases",
        id=entity.id,
        actor=sample.PLANE,
        audit_seq=None,
    )
    text = before + codec.entity_text(entity) + after
    event = Event.model_validate_json(text)
    assert rfc8785.dumps(event.model_dump(mode="json")) == text.encode()
    assert event.audit_seq is None


def test_nothing_may_take_the_entitys_place() -> None:
    with pytest.raises(ValueError, match="entity"):
        codec.body_text("{}", {"entity": 1})


@given(st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 (made aware by hypothesis)
def test_instants_come_back_exactly(at: datetime) -> None:
    assert codec.instant(codec.micros(at)) == at
    elsewhere = at.astimezone(timezone(timedelta(hours=2)))
    assert codec.instant_text(elsewhere) == codec.instant_text(at)
    assert datetime.fromisoformat(codec.instant_text(at)) == at
