"""The plane verifies its own log and says so in it, also when the log is not whole."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from console.model.audit import AuditVerification
from console.model.problems import ProblemError
from console.server.audit.checkpoint import is_signed, take
from console.server.audit.selfcheck import PeriodicChecks, check
from console.server.audit.verify import LoggedRecord, verify
from console.server.store.folder import DATABASE
from console.server.store.offline import OfflineLog
from console.server.store.sqlite import SqliteStore
from tests.server.audit.signing import TestSigner
from tests.server.store import sample
from tests.server.store.sample import PLANE, HandClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path, HandClock())
    for _ in range(3):
        await opened.write(lambda transaction: transaction.put(sample.task(), "task.opened", PLANE))
    yield opened
    await opened.close()


def reading(folder: Path, signer: TestSigner) -> Callable[[], AuditVerification]:
    def read() -> AuditVerification:
        with OfflineLog(folder) as log:
            records = (LoggedRecord(*record) for record in log.records())
            return verify(records, log.checkpoints(), check_signature=lambda one: is_signed(one, signer.verify), tree=log.tree)

    return read


async def test_a_whole_log_says_that_it_was_verified_and_stays_whole(tmp_path: Path, store: SqliteStore) -> None:
    signer = TestSigner()
    await take(store, signer)
    first = await check(store, reading(tmp_path, signer))
    (record,) = store.audit(kind="audit.verified")
    assert first.ok
    assert record.body["verification"] == first.model_dump(mode="json")
    assert (await check(store, reading(tmp_path, signer))).size == first.size + 1


async def test_a_log_that_was_altered_says_so_itself(tmp_path: Path, store: SqliteStore) -> None:
    connection = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    connection.execute("UPDATE audit SET body = replace(body, 'task.opened', 'task.failed') WHERE seq = 1")
    connection.close()
    assert not (await check(store, reading(tmp_path, TestSigner()))).ok
    (record,) = store.audit(kind="audit.verified")
    verification = AuditVerification.model_validate(record.body["verification"])
    assert (verification.ok, verification.faults[0].code, verification.faults[0].seq) == (False, "altered", 1)


async def test_it_goes_on_after_a_reading_that_failed(tmp_path: Path, store: SqliteStore) -> None:
    whole = reading(tmp_path, TestSigner())
    failures = [ProblemError("store_unavailable")]

    def read() -> AuditVerification:
        if failures:
            raise failures.pop()
        return whole()

    checks = asyncio.create_task(PeriodicChecks(store, read, first_seconds=0, every_seconds=0.01).run())
    async with asyncio.timeout(10):
        while not store.audit(kind="audit.verified"):  # noqa: ASYNC110 (nothing tells of a record without an event)
            await asyncio.sleep(0.001)
    checks.cancel()
    assert not failures
