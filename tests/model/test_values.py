"""Ids, canonical JSON, scales, asks and the ledger: small pure values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from console.model.approvals import Narrowing, is_narrower, narrow
from console.model.base import Input
from console.model.canonical import canonical, digest, text_digest
from console.model.decisions import Ask
from console.model.ids import make_id, short_id
from console.model.problems import CATALOGUE, Problem, ProblemError
from console.model.scales import DataClass, RiskLevel
from console.model.tasks import Chain, ObservationInput, observe

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AGENT = "ag_" + "0" * 26
TASK = "tk_" + "0" * 26
ASK = Ask(
    agent_id=AGENT,
    task_id=TASK,
    action="documents.read",
    resource="docs/contracts",
    data_class=DataClass.CONFIDENTIAL,
    environment="production",
    seconds=600,
    uses=None,
    rows=100,
)


@given(
    first=st.integers(0, 2**40),
    later=st.integers(1, 2**30),
    one=st.binary(min_size=10, max_size=10),
    two=st.binary(min_size=10, max_size=10),
)
def test_ids_sort_by_time(first: int, later: int, one: bytes, two: bytes) -> None:
    start = datetime(1970, 1, 1, tzinfo=UTC)
    early, late = start + timedelta(milliseconds=first), start + timedelta(milliseconds=first + later)
    assert make_id("tk", early, one) < make_id("tk", late, two)


def test_an_id_is_a_uuid_of_version_seven() -> None:
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    made = make_id("tk", NOW, b"\xff" * 10)
    value = 0
    for letter in made[3:]:
        value = value * 32 + alphabet.index(letter)
    assert (value >> 76) & 0xF == 7
    assert (value >> 62) & 0b11 == 0b10
    assert value >> 80 == int(NOW.timestamp() * 1000)
    assert short_id(made) == f"tk_…{made[-3:]}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, b'{"a":[true,null],"b":1}'),
        ({"\u20ac": 1, "\r": 2, "1": 3}, '{"\\r":2,"1":3,"\u20ac":1}'.encode()),
        (1.0, b"1"),
        (1e21, b"1e+21"),
    ],
)
def test_canonical_json_is_that_of_rfc_8785(value: object, text: bytes) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, {1: 2}, object()])
def test_what_json_cannot_carry_exactly_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="canonical"):
        canonical(value)


def test_a_digest_follows_the_value_and_a_text_digest_its_salt() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
    assert text_digest(b"one", "yes") != text_digest(b"two", "yes")


def test_the_scales_are_ordered() -> None:
    assert [one.rank for one in DataClass] == [0, 1, 2, 3]
    assert [RiskLevel.of(score) for score in (0, 24, 25, 49, 50, 79, 80, 100)] == [
        RiskLevel.LOW, RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.MEDIUM,
        RiskLevel.HIGH, RiskLevel.HIGH, RiskLevel.CRITICAL, RiskLevel.CRITICAL,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("smaller", "changes"),
    [
        (Narrowing(seconds=60), {"seconds": 60}),
        (Narrowing(uses=1), {"uses": 1}),
        (Narrowing(rows=10, seconds=10), {"rows": 10, "seconds": 10}),
        (Narrowing(resource="docs/contracts/2026"), {"resource": "docs/contracts/2026"}),
    ],
)
def test_narrowing_changes_only_what_it_names(smaller: Narrowing, changes: dict[str, object]) -> None:
    narrowed = narrow(ASK, smaller)
    assert narrowed == ASK.model_copy(update=changes)
    assert is_narrower(narrowed, ASK)
    assert not is_narrower(ASK, narrowed)


@pytest.mark.parametrize(
    "wider",
    [
        Narrowing(seconds=601),
        Narrowing(rows=101),
        Narrowing(resource="docs"),
        Narrowing(resource="docs/contracts-old"),
        Narrowing(seconds=600),
        Narrowing(),
    ],
)
def test_what_is_not_smaller_is_refused(wider: Narrowing) -> None:
    with pytest.raises(ValueError, match=r"more than|within|nothing"):
        narrow(ASK, wider)


def test_the_ledger_adds_up_and_never_takes_away() -> None:
    chain = Chain(id=TASK)
    read = ObservationInput(direction="read", resource="crm/customers", rows=5, size_bytes=50)
    chain = observe(chain, read, DataClass.CONFIDENTIAL, counts=True, tool="crm", at=NOW)
    chain = observe(chain, read, DataClass.CONFIDENTIAL, counts=False, tool="crm", at=NOW)
    sent = ObservationInput(direction="sent", resource="outbox/customer", size_bytes=7)
    chain = observe(chain, sent, DataClass.INTERNAL, counts=True, tool="mail", at=NOW)
    assert (chain.rows(DataClass.CONFIDENTIAL), chain.size_bytes(DataClass.CONFIDENTIAL)) == (10, 100)
    assert chain.counted[DataClass.CONFIDENTIAL].rows == chain.claimed[DataClass.CONFIDENTIAL].rows == 5
    assert (chain.highest_class, chain.reads, chain.sends, chain.sent_bytes) == (DataClass.CONFIDENTIAL, 2, 1, 7)
    assert chain.resources == ("crm/customers", "outbox/customer")
    assert chain.tools == ("crm", "mail")


@pytest.mark.parametrize("field", ["rows", "size_bytes"])
def test_an_observation_is_never_negative(field: str) -> None:
    with pytest.raises(ValidationError):
        ObservationInput.model_validate({"direction": "read", "resource": "crm/customers", field: -1})


@pytest.mark.parametrize("code", CATALOGUE)
def test_a_problem_survives_the_wire(code: str) -> None:
    sent = ProblemError(code, "It happened.", lease_id="ls").problem("request")
    back = ProblemError.of(Problem.model_validate_json(sent.model_dump_json()))
    assert (back.code, back.detail, back.status, back.facts) == (
        code,
        "It happened.",
        CATALOGUE[code].status,
        {"lease_id": "ls"},
    )
    assert sent.next_step.endswith(".")


def test_inputs_refuse_what_they_do_not_know() -> None:
    for kind in Input.__subclasses__():
        assert kind.model_config["extra"] == "forbid", kind
