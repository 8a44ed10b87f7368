"""A consistent reading of the store for a console that starts: one reading transaction on a connection of its own."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from console.model.events import MIRRORED
from console.server.store import codec, schema
from console.server.store.ended import still_shown

_ROWS_AT_ONCE: Final = 500


Query = tuple[str, tuple[int, ...]]
"""What follows SELECT, and its values."""


def snapshot_queries(collections: Iterable[str], now: datetime) -> dict[str, Query]:
    """What a snapshot of these collections asks for. Raises ValueError for one that is not mirrored."""
    names = sorted(set(collections))
    for name in names:
        if name not in MIRRORED:
            raise ValueError(f"{name} is not mirrored")
    return {name: _query(name, now) for name in names}


class Snapshot:
    """The rows of some collections at one cursor, without those that ended long ago (`ended.still_shown`)."""

    def __init__(self, database: Path, queries: Mapping[str, Query], columns: Mapping[str, Sequence[str]]) -> None:
        self._queries = queries
        self._columns = columns
        self._connection = schema.connect(database, writes=False)
        self._connection.execute("BEGIN")
        self.cursor: int = self._connection.execute("SELECT cursor FROM head").fetchone()[0]
        self.counts: dict[str, int] = {
            name: self._connection.execute(f"SELECT count(*) {query}", values).fetchone()[0]
            for name, (query, values) in queries.items()
        }

    def rows(self) -> Iterator[tuple[str, str]]:
        """Collection and body of each row, or the values of its columns.

        The connection is given up at the end, or when the iterator is let go.
        """
        try:
            for name, (query, values) in self._queries.items():
                # A body is parsed once for all paths, where it lies: a tenth of what it takes to send the whole of it.
                paths = tuple(f"$.{path}" for path in self._columns.get(name, ()))
                wanted = f"json_extract(body{', ?' * len(paths)})" if paths else "body"
                cursor = self._connection.execute(f"SELECT {wanted} {query} ORDER BY id", (*paths, *values))
                while found := cursor.fetchmany(_ROWS_AT_ONCE):
                    for (body,) in found:
                        yield name, body
        finally:
            self._connection.close()

    def __del__(self) -> None:
        if hasattr(self, "_connection"):
            self._connection.close()


def _query(collection: str, now: datetime) -> Query:
    condition, values = still_shown(collection, now)
    bound = tuple(codec.micros(value) if isinstance(value, datetime) else value for value in values)
    return f"FROM {collection} WHERE {condition}", bound
