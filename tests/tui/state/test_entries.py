"""A page of the audit log becomes entries: what the story tells of them is kept, and told as of whole records."""

import json
from typing import Any

import pytest

from console.client.errors import Garbled
from console.model.audit import AuditRecord
from console.tui.present.views.story import story
from console.tui.state.entries import entries_of, heads_of
from console.tui.state.tables import Tables

ENTITY = {
    "id": "ls_1",
    "version": 3,
    "action": "read",
    "resource": "crm/customers",
    "intent": {"purpose": "answer tickets", "text": "x" * 1000},
    "ask": None,
    "revoke_reason": "odd reads",
}


def record(seq: int, kind: str, **body: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": f"2026-03-01T03:00:{seq:02}Z",
        "kind": kind,
        "actor": {"kind": "operator", "id": "maya", "name": "maya"},
        "object": kind.split(".", maxsplit=1)[0],
        "object_id": f"ob_{seq}",
        "task_id": "tk_1",
        "body": body,
    }


RECORDS = [
    record(4, "lease.revoked", entity=ENTITY),
    record(3, "task.observed", observation={"direction": "sent", "resource": "mail", "rows": 3, "size_bytes": 70, "text": "x"}),
    record(2, "decision.made", entity={"outcome": "deny", "text": "no rule", "ask": {"action": "write", "resource": "crm"}}),
    record(1, "task.opened", entity={"intent": {"purpose": "answer tickets"}}),
]


def test_the_same_story_is_told_of_the_entries_as_of_the_whole_records() -> None:
    entries, more = entries_of(json.dumps({"items": RECORDS, "next": "1"}).encode())
    whole = [AuditRecord.model_validate(one) for one in RECORDS]
    assert more
    assert story(entries, Tables()) == story(whole, Tables())


def test_of_an_entity_only_what_is_told_is_kept() -> None:
    entries, more = entries_of(json.dumps({"items": RECORDS, "next": None}).encode())
    assert not more
    assert "x" * 10 not in repr(entries)
    assert entries[0].body["entity"]["revoke_reason"] == "odd reads"


@pytest.mark.parametrize("page", [b"", b"[]", b"{}", b'{"items":[{}]}', b'{"items":[[]]}', b"[" * 100_000])
def test_a_page_that_cannot_be_read_is_garbled(page: bytes) -> None:
    with pytest.raises(Garbled):
        entries_of(page)


def test_signed_heads_are_read_as_values() -> None:
    listed = b'{"items":[{"size":4,"at":"2026-03-01T03:00:00Z","root":"aa","peaks":[]}],"size":9}'
    heads = heads_of(listed)
    assert (heads.size, heads.items[0].size, heads.items[0].at.isoformat()) == (9, 4, "2026-03-01T03:00:00+00:00")


@pytest.mark.parametrize("listed", [b"", b"[]", b'{"items":[{}],"size":1}', b'{"items":[]}'])
def test_heads_of_another_shape_are_refused(listed: bytes) -> None:
    with pytest.raises(Garbled):
        heads_of(listed)
