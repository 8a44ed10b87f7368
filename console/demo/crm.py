"""The resource server `crm`: an HTTP service over the database of customers, orders, payment methods and notes."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.demo.guard import Guard, Turned, guarded, json_object, whole_number

MAX_ROWS: Final = 5000
_STATUSES: Final = frozenset({"paid", "shipped", "delivered", "settled", "refunded"})
_TABLES: Final = {
    "/customers": ("customers.read", "crm/customers", "SELECT id, reference, name, mail, street, city FROM customers", "id"),
    "/orders": ("orders.read", "crm/orders", "SELECT id, customer, item, cents, status, remark FROM orders", "customer"),
    "/payment-methods": (
        "payments.read",
        "crm/payment-methods",
        "SELECT id, customer, kind, account, expires FROM payment_methods",
        "customer",
    ),
    "/notes": ("notes.read", "crm/notes", "SELECT id, customer, text, written_by FROM notes", "customer"),
}


def crm(guard: Guard, database: Path) -> Starlette:
    """The application over a database that exists. Raises sqlite3.Error when it cannot be opened."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    routes = [Route(path, guarded(_reading(guard, connection, path)), methods=["GET"]) for path in _TABLES]
    routes.append(Route("/orders/status", guarded(_changing(guard, connection)), methods=["POST"]))
    routes.append(Route("/notes", guarded(_noting(guard, connection)), methods=["POST"]))
    return Starlette(routes=routes)


def _reading(guard: Guard, connection: sqlite3.Connection, path: str) -> Callable[[Request], Any]:
    action, resource, select, owner = _TABLES[path]

    async def read(request: Request) -> Response:
        limit = whole_number(request, "limit", least=1, most=MAX_ROWS, default=20)
        start = whole_number(request, "start", least=0, most=10**8, default=0)
        who = whole_number(request, "customer", least=0, most=10**8, default=0)
        passage = await guard.admit(request, action, resource, limit)
        where, value = (f"{owner} = ?", who) if who else ("id >= ?", start)
        found = connection.execute(f"{select} WHERE {where} ORDER BY id LIMIT ?", (value, limit)).fetchall()
        rows = [dict(row) for row in found]
        if "mask_account_numbers" in passage.obligations:
            rows = [row | {"account": f"…{row['account'][-4:]}"} for row in rows]
        await guard.report(passage, "read", rows=len(rows), size_bytes=len(json.dumps(rows)))
        return JSONResponse({"rows": rows, "count": len(rows)})

    return read


def _changing(guard: Guard, connection: sqlite3.Connection) -> Callable[[Request], Any]:
    async def change(request: Request) -> Response:
        body = await json_object(request)
        ids, status = body.get("ids"), body.get("status")
        if not isinstance(ids, list) or not 1 <= len(ids) <= MAX_ROWS or not all(type(one) is int for one in ids):
            raise Turned(422, "invalid", "ids is a list of whole numbers.")
        if status not in _STATUSES:
            raise Turned(422, "invalid", f"status is one of {', '.join(sorted(_STATUSES))}.")
        await guard.admit(request, "orders.update", "crm/orders", len(ids))
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("UPDATE orders SET status = ? WHERE id = ?", [(status, one) for one in ids])
        connection.execute("COMMIT")
        return JSONResponse({"count": len(ids)})

    return change


def _noting(guard: Guard, connection: sqlite3.Connection) -> Callable[[Request], Any]:
    async def note(request: Request) -> Response:
        body = await json_object(request)
        who, text = body.get("customer"), body.get("text")
        if not isinstance(who, str) or not who.isascii() or not who.isdigit() or len(who) > 9:
            raise Turned(422, "invalid", "customer is a customer's number.")
        if not isinstance(text, str) or not 1 <= len(text) <= 4000:
            raise Turned(422, "invalid", "text is 1 to 4000 characters.")
        await guard.admit(request, "notes.write", "crm/notes", 1)
        connection.execute("INSERT INTO notes (customer, text, written_by) VALUES (?, ?, 'agent')", (int(who), text))
        return JSONResponse({"count": 1}, status_code=201)

    return note
