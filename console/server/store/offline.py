"""Reading a store without opening it as a plane: for verifying the log of a data folder, whether or not a plane runs on it.

It takes no lock, writes nothing, and sees one state of the database.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from console.model.audit import Checkpoint
from console.model.problems import ProblemError
from console.server.ports import Tree
from console.server.store import head, reading
from console.server.store.folder import DATABASE


class OfflineLog:
    """The log of a data folder at the instant of opening. A context manager."""

    def __init__(self, folder: Path) -> None:
        """Raises ProblemError `not_found` when there is no store in the folder, `store_unavailable` when it cannot be read."""
        database = folder / DATABASE
        if not database.is_file():
            raise ProblemError("not_found", f"There is no store in {folder}.")
        try:
            self._connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            self._connection.execute("BEGIN")
            self._head = head.read(self._connection)
        except sqlite3.Error as error:
            raise ProblemError("store_unavailable", f"The store in {folder} cannot be read: {error}.") from error

    def __enter__(self) -> "OfflineLog":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def tree(self) -> Tree:
        """The tree as the store's head claims it."""
        return Tree(self._head.log, self._head.size, self._head.peaks)

    def records(self) -> Iterator[tuple[int, str, bytes, tuple[tuple[str, str | None], ...]]]:
        """Each record's seq, exact text, leaf hash and the fields that it is found by, in order of seq."""
        names = ("kind", "object", "object_id", "agent_id", "task_id")
        for seq, text, leaf, *values in self._connection.execute(
            "SELECT seq, body, leaf, kind, object, object_id, agent_id, task_id FROM audit ORDER BY seq"
        ):
            yield seq, text, leaf, tuple(zip(names, values, strict=True))

    def checkpoints(self) -> list[Checkpoint]:
        """Every stored checkpoint, newest first."""
        return reading.checkpoints(self._connection, reading.MOST)

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()
