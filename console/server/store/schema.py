"""The database's layout: connections, numbered migrations, and one table for each collection of entities.

The columns of an entity's table beside `id`, `version` and `body` are projections of its body; a column that a model
gains is added here and filled from the bodies, so only the other tables need migrations.
"""

import sqlite3
from importlib import resources
from pathlib import Path
from typing import Final

from console.model.base import Entity
from console.model.events import ENTITIES
from console.model.problems import ProblemError

_STATEMENTS: Final = 512
"""Prepared statements that a connection keeps."""


def connect(path: Path, *, writes: bool) -> sqlite3.Connection:
    """A connection in autocommit mode, durable at each commit; one that does not write is held to that."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 33554432")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute(f"PRAGMA cache_size = {-65_536 if writes else -16_384}")
    if not writes:
        connection.execute("PRAGMA query_only = ON")
    return connection


def migrations() -> list[tuple[int, str, str]]:
    """The numbered migrations in order: number, name and SQL."""
    folder = resources.files(__package__).joinpath("migrations")
    found = [(int(file.name[:4]), file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(found)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date, all of it or none.

    Raises ProblemError `store_unavailable` when the schema is newer than this program.
    """
    known = migrations()
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        done = {row[0] for row in connection.execute("SELECT number FROM migrations")}
        _refuse_newer(max(done, default=0), max(number for number, _, _ in known))
        for number, name, text in known:
            if number not in done:
                for statement in _statements(text):
                    connection.execute(statement)
                connection.execute("INSERT INTO migrations VALUES (?, ?)", (number, name))
        for kind in ENTITIES:
            _lay_out(connection, kind)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _refuse_newer(present: int, known: int) -> None:
    if present > known:
        raise ProblemError(
            "store_unavailable",
            f"The store has schema {present} and this program knows only {known}.",
            next_step="Use the version of Leasehold that wrote this store, or a newer one.",
        )


def _statements(text: str) -> list[str]:
    """The statements of a migration. `executescript` would commit the transaction that holds them together."""
    found, pending = [], ""
    for line in text.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            found.append(pending)
            pending = ""
    return found


def _lay_out(connection: sqlite3.Connection, kind: type[Entity]) -> None:
    """Make or widen the table of one kind of entity. Names come from the models, never from a caller."""
    table = kind.collection
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, version INTEGER NOT NULL,"
        " due_at INTEGER, ended_at INTEGER, body TEXT NOT NULL)"
    )
    connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_due ON {table} (due_at, id) WHERE due_at IS NOT NULL")
    connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_ended ON {table} (ended_at) WHERE ended_at IS NOT NULL")
    present = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    for column in kind.indexes:
        if column not in present:
            connection.execute(f'ALTER TABLE {table} ADD COLUMN "{column}"')
            connection.execute(f"UPDATE {table} SET \"{column}\" = json_extract(body, '$.{column}')")  # noqa: S608
        connection.execute(f'CREATE INDEX IF NOT EXISTS {table}_by_{column} ON {table} ("{column}", id)')
