"""The data folder: its modes, its lock, its reserve; and the schema in it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from console.model.events import ENTITIES
from console.model.leases import Lease
from console.model.problems import ProblemError
from console.server.store import schema
from console.server.store.folder import DATABASE, FolderLock, Reserve, prepare
from console.server.store.sqlite import SqliteStore
from tests.server.store import sample
from tests.server.store.sample import PLANE, HandClock

HOLDER = """
import sys
from pathlib import Path
from console.server.store.folder import FolderLock, prepare
prepare(Path(sys.argv[1]))
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


async def test_the_folder_and_its_files_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    store = SqliteStore.open(folder, HandClock())
    await store.write(lambda transaction: transaction.put(sample.task(), "task.opened", PLANE))
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert {"plane.db", "plane.db-wal", "plane.lock", "reserve"} <= set(modes)
    assert set(modes.values()) == {0o600}
    await store.close()


def test_a_folder_that_another_process_holds_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ProblemError, match=f"locked by process {holder.pid}") as caught:
            SqliteStore.open(folder, HandClock())
        assert caught.value.code == "store_unavailable"
    finally:
        holder.kill()
        holder.communicate()
    FolderLock(folder).release()


async def test_a_second_opening_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, HandClock())
    with pytest.raises(ProblemError, match="locked by process"):
        SqliteStore.open(tmp_path, HandClock())
    await store.close()
    again = SqliteStore.open(tmp_path, HandClock())
    await again.close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProblemError) as caught:
        SqliteStore.open(tmp_path / "file" / "data", HandClock())
    assert caught.value.code == "store_unavailable"


def test_a_damaged_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / DATABASE).write_bytes(b"not a database at all" * 400)
    with pytest.raises(ProblemError, match="cannot be opened") as caught:
        SqliteStore.open(tmp_path, HandClock())
    assert caught.value.code == "store_unavailable"
    FolderLock(tmp_path).release()
    assert (tmp_path / DATABASE).read_bytes().startswith(b"not a database")


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, HandClock())
    await store.close()
    with sqlite3.connect(tmp_path / DATABASE) as connection:
        connection.execute("INSERT INTO migrations VALUES (9999, 'from the future')")
    connection.close()
    with pytest.raises(ProblemError, match="schema 9999"):
        SqliteStore.open(tmp_path, HandClock())


def test_migrations_are_numbered_recorded_and_run_once(tmp_path: Path) -> None:
    known = schema.migrations()
    assert [number for number, _, _ in known] == list(range(1, len(known) + 1))
    connection = schema.connect(tmp_path / "a.db", writes=True)
    schema.migrate(connection)
    before = connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
    schema.migrate(connection)
    assert connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall() == before
    assert connection.execute("SELECT number, name FROM migrations").fetchall() == [row[:2] for row in known]
    assert {kind.collection for kind in ENTITIES} <= {name for name, _ in before}
    connection.close()


async def test_a_column_that_a_model_gains_is_filled_from_the_bodies(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path, HandClock())
    lease = await store.write(lambda transaction: transaction.put(sample.lease(), "lease.active", PLANE))
    await store.close()
    connection = sqlite3.connect(tmp_path / DATABASE)
    connection.execute("DROP INDEX leases_by_issuer")
    connection.execute("ALTER TABLE leases DROP COLUMN issuer")
    connection.close()
    store = SqliteStore.open(tmp_path, HandClock())
    assert store.find(Lease, issuer="tokens") == [lease]
    await store.close()


def stands_in(folder: Path, words: str) -> bool:
    return any(words.encode() in file.read_bytes() for file in folder.iterdir())


async def test_erased_text_is_nowhere_in_the_files(tmp_path: Path) -> None:
    words = "the agent wrote these very words"
    store = SqliteStore.open(tmp_path, HandClock())
    digest = await store.write(lambda transaction: transaction.keep_text(words))
    assert stands_in(tmp_path, words)
    assert await store.write(lambda transaction: transaction.erase_text(digest))
    await store.close()
    assert not stands_in(tmp_path, words)


def test_the_reserve_is_held_given_up_and_built_again(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path, 1 << 20)
    assert not reserve.stands()
    assert not reserve.give_up()
    assert reserve.build()
    assert reserve.build()
    assert (tmp_path / "reserve").stat().st_size == 1 << 20
    assert reserve.give_up()
    assert not reserve.stands()
    assert not Reserve(tmp_path, 1 << 60).build()
    assert not (tmp_path / "reserve").exists()
