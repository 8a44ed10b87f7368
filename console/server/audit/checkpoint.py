"""Checkpoints: signed statements of the log's size and root, made now and then, so that a later rebuilding shows.

The key is not known here: a signer is handed in, and so is what checks a signature.
"""

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from console.model import merkle
from console.model.actors import PLANE
from console.model.audit import Checkpoint
from console.model.canonical import canonical
from console.model.problems import ProblemError
from console.server.ports import Store, StoredEvent, Transaction, Tree

KIND: Final = "audit.checkpoint"
EVERY_RECORDS: Final = 1_000
EVERY_SECONDS: Final = 60.0

VerifyToken = Callable[[str, str], bytes | None]
"""Takes a key id and a compact JWS; returns its payload where the signature holds, else None."""

_log = logging.getLogger(__name__)


class Signer(Protocol):
    """Signs with the plane's audit key."""

    def sign(self, payload: bytes) -> tuple[str, str]:
        """The key's id and a compact JWS (RFC 7515) over the payload."""
        ...


def payload(checkpoint: Checkpoint) -> bytes:
    """What is signed: the RFC 8785 form of a checkpoint without key and signature."""
    return canonical(checkpoint.model_dump(mode="json", exclude={"key_id", "signature"}))


def make(tree: Tree, at: datetime, signer: Signer) -> Checkpoint:
    """A signed checkpoint of a tree."""
    unsigned = Checkpoint(
        size=tree.size,
        root=merkle.root(tree.peaks).hex(),
        peaks=tuple(peak.hex() for peak in tree.peaks),
        at=at,
        log=tree.log,
    )
    key_id, signature = signer.sign(payload(unsigned))
    return unsigned.model_copy(update={"key_id": key_id, "signature": signature})


def is_signed(checkpoint: Checkpoint, verify_token: VerifyToken) -> bool:
    """Whether a checkpoint's signature holds over exactly what it says."""
    if not checkpoint.key_id or not checkpoint.signature:
        return False
    signed = verify_token(checkpoint.key_id, checkpoint.signature)
    return signed is not None and hmac.compare_digest(signed, payload(checkpoint))


async def take(store: Store, signer: Signer) -> Checkpoint:
    """Sign the log as it stands, keep the checkpoint, and record that it was made."""

    def verb(transaction: Transaction) -> Checkpoint:
        checkpoint = make(transaction.tree(), transaction.now, signer)
        transaction.save_checkpoint(checkpoint)
        transaction.record(
            KIND, PLANE, object="audit", object_id=checkpoint.log, body={"checkpoint": checkpoint.model_dump(mode="json")}
        )
        return checkpoint

    return await store.write(verb)


class PeriodicCheckpoints:
    """Takes a checkpoint after so many records or seconds, whichever is first, as long as `run` runs."""

    def __init__(
        self, store: Store, signer: Signer, *, every_records: int = EVERY_RECORDS, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._store = store
        self._signer = signer
        self._every_records = every_records
        self._every_seconds = every_seconds
        self._grown = asyncio.Event()

    async def run(self) -> None:
        """Go on until cancelled. A commit that fails is tried again after the next span."""
        stop = self._store.subscribe(self._look)
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._grown.wait(), self._every_seconds)
                self._grown.clear()
                if self.new_records():
                    try:
                        await take(self._store, self._signer)
                    except ProblemError as problem:
                        _log.warning("no checkpoint was made: %s", problem.detail)
        finally:
            stop()

    def _look(self, _events: list[StoredEvent]) -> None:
        if self.new_records() >= self._every_records:
            self._grown.set()

    def new_records(self) -> int:
        """Records since the last checkpoint, without the one that tells of it."""
        newest = self._store.checkpoints(1)
        return self._store.audit_size() - (newest[0].size + 1 if newest else 0)
