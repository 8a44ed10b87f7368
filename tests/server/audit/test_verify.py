"""Verification fails and names the record, whatever was done to the database behind the plane's back."""

import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from console.model import merkle
from console.model.audit import AuditVerification, Checkpoint
from console.server.audit.checkpoint import is_signed, take
from console.server.audit.verify import MOST_FAULTS, LoggedRecord, verify
from console.server.store.folder import DATABASE
from console.server.store.offline import OfflineLog
from console.server.store.sqlite import SqliteStore
from tests.server.audit.signing import TestSigner
from tests.server.store import sample
from tests.server.store.sample import PLANE, HandClock

TASKS = 20
SIZE = TASKS + 3
"""Twenty tasks with a checkpoint after the 5th, the 10th and the 15th, each with a record of its own."""


class Log:
    """A data folder with a log in it, and who may spoil it."""

    def __init__(self, folder: Path, signer: TestSigner, checkpoints: list[Checkpoint]) -> None:
        self.folder = folder
        self.signer = signer
        self.checkpoints = checkpoints

    def run(self, *statements: str) -> None:
        connection = sqlite3.connect(self.folder / DATABASE, isolation_level=None)
        for statement in statements:
            connection.execute(statement)
        connection.close()

    def rows(self) -> dict[int, str]:
        connection = sqlite3.connect(self.folder / DATABASE)
        found = dict(connection.execute("SELECT seq, body FROM audit ORDER BY seq").fetchall())
        connection.close()
        return found

    def rewrite(self, seq: int, old: str, new: str) -> None:
        """Change a record's text and recompute its leaf hash."""
        text = self.rows()[seq].replace(old, new)
        connection = sqlite3.connect(self.folder / DATABASE, isolation_level=None)
        connection.execute("UPDATE audit SET body = ?, leaf = ? WHERE seq = ?", (text, merkle.leaf_hash(text.encode()), seq))
        connection.close()

    def rebuild_head(self) -> None:
        """Make the store's own head agree with the leaves that are there."""
        connection = sqlite3.connect(self.folder / DATABASE, isolation_level=None)
        leaves = [leaf for (leaf,) in connection.execute("SELECT leaf FROM audit ORDER BY seq")]
        connection.execute("UPDATE head SET size = ?, peaks = ?", (len(leaves), b"".join(merkle.peaks_of(leaves))))
        connection.close()

    def verify(self, earlier: Checkpoint | None = None) -> AuditVerification:
        with OfflineLog(self.folder) as log:
            return verify(
                (LoggedRecord(*row) for row in log.records()),
                log.checkpoints(),
                tree=log.tree,
                earlier=earlier,
                check_signature=partial(is_signed, verify_token=self.signer.verify),
            )

    def faults(self, earlier: Checkpoint | None = None) -> list[tuple[str, int | None, int | None]]:
        result = self.verify(earlier)
        assert result.ok == (not result.faults)
        return [(fault.code, fault.seq, fault.last_seq) for fault in result.faults]


@pytest.fixture
async def log(tmp_path: Path) -> Log:
    signer = TestSigner()
    store = SqliteStore.open(tmp_path, HandClock())
    checkpoints = []
    for number in range(1, TASKS + 1):
        await store.write(lambda transaction: transaction.put(sample.task(), "task.opened", PLANE))
        if number in (5, 10, 15):
            checkpoints.append(await take(store, signer))
    await store.close()
    return Log(tmp_path, signer, checkpoints)


def test_a_whole_log_verifies(log: Log) -> None:
    result = log.verify(earlier=log.checkpoints[0])
    assert (result.ok, result.size, result.checkpoints, result.faults) == (True, SIZE, 3, ())
    with OfflineLog(log.folder) as kept:
        assert result.root == merkle.root(kept.tree.peaks).hex()


def test_an_empty_log_verifies() -> None:
    result = verify([], [], check_signature=lambda _: False)
    assert (result.ok, result.size, result.root) == (True, 0, merkle.EMPTY_ROOT.hex())


def test_an_altered_record_is_named(log: Log) -> None:
    log.run("UPDATE audit SET body = replace(body, 'support-case', 'other-case') WHERE seq = 7")
    assert log.faults() == [("altered", 7, 7)]


def test_an_altered_leaf_hash_is_named(log: Log) -> None:
    log.run("UPDATE audit SET leaf = zeroblob(32) WHERE seq = 7")
    assert log.faults()[0] == ("altered", 7, 7)


@pytest.mark.parametrize(
    ("seq", "first", "last"),
    # Checkpoints of 5, 11 and 17: the peaks of 11 are 8, 2 and 1 records wide, the head's (23) are 16, 4, 2 and 1.
    [(0, 0, 3), (4, 4, 4), (7, 5, 7), (8, 8, 9), (10, 10, 10), (14, 11, 15), (18, 17, 19), (22, 22, 22)],
)
def test_a_record_altered_with_its_leaf_hash_is_named_as_narrowly_as_checkpoints_allow(
    log: Log, seq: int, first: int, last: int
) -> None:
    log.rewrite(seq, '"plane"', '"plain"') if seq in (5, 11, 17) else log.rewrite(seq, "09:00", "08:00")
    assert log.faults() == [("rebuilt", first, last)]


def test_a_deleted_record_is_named(log: Log) -> None:
    log.run("DELETE FROM audit WHERE seq IN (3, 7, 8)")
    assert log.faults() == [("deleted", 3, 3), ("deleted", 7, 8)]


def test_a_deleted_beginning_is_named(log: Log) -> None:
    log.run("DELETE FROM audit WHERE seq < 2")
    assert log.faults() == [("deleted", 0, 1)]


def test_a_deletion_that_is_closed_up_is_named(log: Log) -> None:
    log.run("DELETE FROM audit WHERE seq = 19", "UPDATE audit SET seq = seq - 1 WHERE seq > 19")
    assert {("reordered", seq, seq) for seq in (19, 20, 21)} < set(log.faults())


def test_reordered_records_are_named(log: Log) -> None:
    log.run(
        "UPDATE audit SET seq = -1 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = -1",
    )
    assert [fault for fault in log.faults() if fault[0] == "reordered"] == [("reordered", 2, 2), ("reordered", 3, 3)]


def test_a_truncated_log_is_named(log: Log) -> None:
    log.run("DELETE FROM audit WHERE seq >= 16")
    assert log.faults() == [("truncated", 16, 16)]


def test_records_cut_off_behind_the_last_checkpoint_are_named(log: Log) -> None:
    log.run("DELETE FROM audit WHERE seq >= 20")
    assert log.faults() == [("truncated", 20, SIZE - 1)]


def test_a_record_that_is_filed_under_another_agent_is_named(log: Log) -> None:
    log.run("UPDATE audit SET agent_id = 'ag_other' WHERE seq = 6")
    assert log.faults() == [("misfiled", 6, 6)]


def test_a_record_that_is_none_is_named(log: Log) -> None:
    connection = sqlite3.connect(log.folder / DATABASE, isolation_level=None)
    connection.execute("UPDATE audit SET body = '[]', leaf = ? WHERE seq = 22", (merkle.leaf_hash(b"[]"),))
    connection.close()
    assert log.faults() == [("malformed", 22, 22), ("rebuilt", 22, 22)]


def test_a_wholly_rebuilt_log_agrees_with_itself_and_not_with_an_earlier_checkpoint(log: Log) -> None:
    """Whoever holds the plane's key and its disk can rebuild everything, but not what somebody else kept."""
    for seq in range(SIZE):
        log.rewrite(seq, "09:00", "08:00")
    log.run("DELETE FROM checkpoints")
    log.rebuild_head()
    assert log.faults() == []
    assert log.faults(earlier=log.checkpoints[1]) == [("rebuilt", 0, 7)]


def test_a_log_that_was_rebuilt_shorter_is_named_by_an_earlier_checkpoint(log: Log) -> None:
    log.run("DELETE FROM audit WHERE seq >= 8", "DELETE FROM checkpoints")
    log.rebuild_head()
    assert log.faults() == []
    assert log.faults(earlier=log.checkpoints[2]) == [("truncated", 8, log.checkpoints[2].size - 1)]


def test_a_checkpoint_that_was_not_signed_by_the_plane_is_named(log: Log) -> None:
    stranger = TestSigner()
    with OfflineLog(log.folder) as kept:
        result = verify(
            (LoggedRecord(*row) for row in kept.records()),
            kept.checkpoints(),
            check_signature=partial(is_signed, verify_token=stranger.verify),
        )
    assert [fault.code for fault in result.faults] == ["signature"] * 3
    unsigned = log.checkpoints[0].model_copy(update={"signature": ""})
    assert log.faults(earlier=unsigned) == [("signature", None, None)]


def test_a_checkpoint_says_what_was_signed(log: Log) -> None:
    checkpoint = log.checkpoints[2]
    later = checkpoint.model_copy(update={"at": checkpoint.at.replace(year=2030)})
    assert is_signed(checkpoint, log.signer.verify)
    assert not is_signed(later, log.signer.verify)
    contradicts = checkpoint.model_copy(update={"size": checkpoint.size + 2})
    assert log.faults(earlier=contradicts) == [("checkpoint", None, None)]
    garbled = checkpoint.model_copy(update={"peaks": ("zz", *checkpoint.peaks[1:])})
    assert log.faults(earlier=garbled) == [("checkpoint", None, None)]
    foreign = checkpoint.model_copy(update={"log": "another"})
    assert log.faults(earlier=foreign) == [("checkpoint", None, None)]


def test_faults_are_bounded_and_memory_is_not_spent_on_them() -> None:
    def spoiled() -> Iterator[LoggedRecord]:
        for seq in range(MOST_FAULTS + 50):
            yield LoggedRecord(seq, "x", b"")

    result = verify(spoiled(), [], check_signature=lambda _: True)
    assert not result.ok
    assert len(result.faults) == MOST_FAULTS
