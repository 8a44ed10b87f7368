"""The resource servers: every call is introspected, decided and reported; without any of these nothing is handed out."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from console.demo import papers, records
from console.demo.crm import crm
from console.demo.docs import docs
from console.demo.guard import TASK_HEADER, Guard
from console.demo.outbox import outbox
from tests.demo.fake_plane import APPROVAL, DECISION, HEADERS, LEASE, TASK, FakePlane

Opened = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def plane() -> FakePlane:
    return FakePlane()


@pytest.fixture
def server(plane: FakePlane, tmp_path: Path) -> Opened:
    records.fill(tmp_path / "crm.db", 7)
    papers.fill(tmp_path / "documents", 7)
    (tmp_path / "outbox").mkdir()

    @asynccontextmanager
    async def opened(name: str) -> AsyncIterator[httpx.AsyncClient]:
        async with plane.client() as client:
            guard = Guard(client, plane.cache_seconds)
            made = {
                "crm": lambda: crm(guard, tmp_path / "crm.db"),
                "docs": lambda: docs(guard, tmp_path / "documents"),
                "outbox": lambda: outbox(guard, tmp_path / "outbox"),
            }
            transport = httpx.ASGITransport(app=made[name]())
            async with httpx.AsyncClient(transport=transport, base_url="http://server", headers=HEADERS) as http:
                yield http

    return opened


async def test_rows_are_read_decided_and_reported(plane: FakePlane, server: Opened) -> None:
    plane.lease("customers.read", "crm/customers")
    async with server("crm") as http:
        answer = await http.get("/customers?start=100&limit=5")
    assert [row["id"] for row in answer.json()["rows"]] == [100, 101, 102, 103, 104]
    asked = plane.asked[0]
    assert asked["action"] == {"name": "customers.read", "properties": {"rows": 5}}
    assert asked["resource"]["id"] == "crm/customers"
    assert asked["context"] == {"task": {"id": TASK, "token": "the-task"}, "lease": {"id": LEASE}}
    told = plane.told[0]
    assert (told["task_id"], told["lease_id"], told["decision_id"]) == (TASK, LEASE, DECISION)
    assert (told["direction"], told["rows"]) == ("read", 5)
    assert told["size_bytes"] > 100


async def test_a_lease_that_is_no_longer_active_is_refused_at_its_next_use(plane: FakePlane, server: Opened) -> None:
    plane.lease("customers.read", "crm/customers")
    async with server("crm") as http:
        assert (await http.get("/customers?limit=1")).status_code == 200
        plane.leases.clear()
        refused = await http.get("/customers?limit=1")
    assert (refused.status_code, refused.json()["code"]) == (401, "lease_not_active")
    assert refused.headers["content-type"] == "application/problem+json"
    assert len(plane.told) == 1


async def test_an_audience_with_a_cache_asks_again_only_after_it(plane: FakePlane) -> None:
    plane.cache_seconds = 5
    plane.lease("notes.read", "crm/notes")
    now = 0.0
    async with plane.client() as client:
        guard = Guard(client, 5, now=lambda: now)
        await guard._proof("the-lease")
        plane.leases.clear()
        now = 4.9
        assert (await guard._proof("the-lease")).lease_id == LEASE
        assert plane.introspections == 1
        now = 5.0
        with pytest.raises(Exception, match="not active"):
            await guard._proof("the-lease")


@pytest.mark.parametrize(
    ("action", "resource", "path"),
    [
        ("orders.read", "crm/orders", "/customers?limit=1"),
        ("customers.read", "crm/orders", "/customers?limit=1"),
        ("customers.read", "crm/customers", "/customers?limit=51"),
    ],
)
async def test_nothing_beyond_the_lease(plane: FakePlane, server: Opened, action: str, resource: str, path: str) -> None:
    plane.lease(action, resource)
    async with server("crm") as http:
        refused = await http.get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "beyond_lease")
    assert plane.asked == []


@pytest.mark.parametrize("header", ["Authorization", TASK_HEADER])
async def test_both_tokens_must_be_presented(plane: FakePlane, server: Opened, header: str) -> None:
    plane.lease("customers.read", "crm/customers")
    async with server("crm") as http:
        del http.headers[header]
        assert (await http.get("/customers?limit=1")).status_code == 401
    assert plane.asked == []


@pytest.mark.parametrize(("outcome", "code", "approval"), [("deny", "denied", None), ("escalate", "needs_approval", APPROVAL)])
async def test_a_denial_hands_nothing_out_and_says_why(
    plane: FakePlane, server: Opened, outcome: str, code: str, approval: str | None
) -> None:
    plane.lease("payments.read", "crm/payment-methods")
    plane.outcome = outcome
    async with server("crm") as http:
        refused = await http.get("/payment-methods?limit=3")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (403, code)
    assert problem["facts"]["policies"] == ["restricted-read"]
    assert problem["facts"]["approval_id"] == approval
    assert plane.told == []


async def test_what_cannot_be_reported_is_not_handed_out(plane: FakePlane, server: Opened, tmp_path: Path) -> None:
    plane.records = False
    plane.lease("customers.read", "crm/customers")
    async with server("crm") as http:
        assert (await http.get("/customers?limit=1")).json()["code"] == "unrecorded"
    plane.lease("mail.send", "outbox/partner")
    async with server("outbox") as http:
        sent = await http.post("/mail/partner", json={"to": "a@b.example", "subject": "s", "text": "t"})
    assert sent.status_code == 503
    assert list((tmp_path / "outbox").iterdir()) == []


async def test_account_numbers_are_masked_where_the_decision_obliges(plane: FakePlane, server: Opened) -> None:
    plane.lease("payments.read", "crm/payment-methods")
    plane.obligations = ["mask_account_numbers"]
    async with server("crm") as http:
        rows = (await http.get("/payment-methods?limit=2")).json()["rows"]
    assert [len(row["account"]) for row in rows] == [5, 5]


async def test_orders_change_for_real_and_only_those_named(plane: FakePlane, server: Opened, tmp_path: Path) -> None:
    plane.lease("orders.update", "crm/orders")
    async with server("crm") as http:
        assert (await http.post("/orders/status", json={"ids": [30, 31], "status": "refunded"})).json()["count"] == 2
        for body in ({"ids": [], "status": "paid"}, {"ids": ["30"], "status": "paid"}, {"ids": [30], "status": "free"}):
            assert (await http.post("/orders/status", json=body)).status_code == 422
    assert plane.asked[0]["action"]["properties"] == {"rows": 2}
    database = sqlite3.connect(tmp_path / "crm.db")
    changed = database.execute("SELECT id FROM orders WHERE status = 'refunded' ORDER BY id").fetchall()
    database.close()
    assert changed == [(30,), (31,)]


async def test_a_label_makes_a_document_more_sensitive_than_its_folder(plane: FakePlane, server: Opened) -> None:
    plane.lease("documents.read", "docs/handbook/*")
    async with server("docs") as http:
        assert (await http.get("/documents/handbook/margins-01.md")).status_code == 200
        assert (await http.get("/documents/handbook/figures.md")).status_code == 200
    assert [told["data_class"] for told in plane.told] == ["confidential", None]


@pytest.mark.parametrize("name", ["handbook/..%2Fboard/minutes-01.md", "etc/passwd", "handbook/%2e%2e/x.md", "board/x.txt"])
async def test_no_name_leads_out_of_the_folder(plane: FakePlane, server: Opened, name: str) -> None:
    plane.lease("documents.read", "docs/*")
    async with server("docs") as http:
        assert (await http.get(f"/documents/{name}")).status_code == 422


async def test_a_document_that_is_not_there_is_told_only_to_those_who_may_read(plane: FakePlane, server: Opened) -> None:
    plane.lease("documents.read", "docs/handbook/*")
    async with server("docs") as http:
        assert (await http.get("/documents/handbook/none.md")).status_code == 404
        plane.outcome = "deny"
        assert (await http.get("/documents/handbook/none.md")).status_code == 403


async def test_a_document_is_written_and_a_message_leaves(plane: FakePlane, server: Opened, tmp_path: Path) -> None:
    plane.lease("documents.write", "docs/handbook/*")
    async with server("docs") as http:
        assert (await http.put("/documents/handbook/new.md", json={"text": "# New"})).status_code == 201
    assert (tmp_path / "documents/handbook/new.md").read_text() == "# New"
    plane.lease("mail.send", "outbox/partner")
    async with server("outbox") as http:
        message = {"to": "a@b.example", "subject": "s", "text": "t"}
        assert (await http.post("/mail/partner", json=message)).status_code == 201
        assert (await http.post("/mail/nowhere", json=message)).status_code == 404
    assert len(list((tmp_path / "outbox").iterdir())) == 1
    assert plane.told[-1]["direction"] == "sent"


async def test_a_reply_reaches_the_customer_of_the_task_and_nobody_else(plane: FakePlane, server: Opened) -> None:
    plane.lease("mail.send", "outbox/customer")
    async with server("outbox") as http:
        for to, status in (("customer-0042@mail.example", 201), ("ops@quiet-harbour.example", 403)):
            answer = await http.post("/mail/customer", json={"to": to, "subject": "s", "text": "t"})
            assert answer.status_code == status
    assert len(plane.told) == 1


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"x" * 70_000])
async def test_a_body_that_is_no_object_is_refused(plane: FakePlane, server: Opened, body: bytes) -> None:
    plane.lease("notes.write", "crm/notes")
    async with server("crm") as http:
        assert (await http.post("/notes", content=body)).status_code in (400, 413)
    assert plane.asked == []
