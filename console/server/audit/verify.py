"""Verifying the whole log: a pure fold over its records that names what is wrong. It owns the fault codes.

    altered     a record does not match its leaf hash
    malformed   a record is not an audit record
    misfiled    a record is found under fields that are not its own
    reordered   a record stands in another's place
    deleted     records are missing between two others
    truncated   the log ends before a size that is known
    rebuilt     records were changed together with their leaf hashes; named as narrowly as the checkpoints allow
    checkpoint  a checkpoint contradicts itself, or is of another log
    signature   a checkpoint's signature does not hold

Memory stays constant: the peaks of the tree, and the checkpoints handed in.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from console.model import merkle
from console.model.audit import AuditFault, AuditRecord, AuditVerification, Checkpoint
from console.server.ports import Tree

MOST_FAULTS: Final = 100
"""Faults beyond these are not listed; one is enough to fail."""

CheckSignature = Callable[[Checkpoint], bool]


@dataclass(frozen=True, slots=True)
class LoggedRecord:
    """A record as the store keeps it: its place, its exact text, its leaf hash, and the fields that it is found by."""

    seq: int
    text: str
    leaf: bytes
    columns: tuple[tuple[str, str | None], ...] = ()


def verify(
    records: Iterable[LoggedRecord],
    checkpoints: Iterable[Checkpoint],
    *,
    check_signature: CheckSignature,
    earlier: Checkpoint | None = None,
    tree: Tree | None = None,
) -> AuditVerification:
    """Verify a log against its checkpoints, against one that was kept elsewhere, and against the head that it claims.

    `check_signature` says whether a checkpoint's signature holds. `records` come by seq and are read once.
    """
    check = _Check(checkpoints, earlier, tree, check_signature)
    for record in records:
        check.take(record)
    return check.finish()


class _Check:
    """The state of one verification."""

    def __init__(
        self, checkpoints: Iterable[Checkpoint], earlier: Checkpoint | None, tree: Tree | None, check_signature: CheckSignature
    ) -> None:
        self._faults: list[AuditFault] = []
        self._failed = False
        self._size = 0
        self._peaks: merkle.Peaks = ()
        self._broken = False
        self._good = 0
        log = None if tree is None else tree.log
        stored = sorted(checkpoints, key=lambda checkpoint: checkpoint.size)
        self._checkpoints = len(stored)
        given = [*stored, *([] if earlier is None else [earlier])]
        log = log or (given[0].log if given else None)
        sound = [checkpoint for checkpoint in given if self._is_sound(checkpoint, log, check_signature)]
        known = {(item.size, item.peaks): item for item in sound}
        if tree is not None:
            peaks = tuple(peak.hex() for peak in tree.peaks)
            known.setdefault((tree.size, peaks), _claim(tree))
        self._waiting = sorted(known.values(), key=lambda checkpoint: checkpoint.size)
        self._passed = 0

    def _is_sound(self, checkpoint: Checkpoint, log: str | None, check_signature: CheckSignature) -> bool:
        """Whether a checkpoint may be compared with; a fault where it may not."""
        try:
            peaks = tuple(bytes.fromhex(peak) for peak in checkpoint.peaks)
        except ValueError:
            peaks = ()
        whole = len(peaks) == checkpoint.size.bit_count() and merkle.root(peaks).hex() == checkpoint.root
        if checkpoint.size < 0 or not whole:
            self._fault("checkpoint", None, None, f"The checkpoint of size {checkpoint.size} contradicts itself.")
            return False
        if checkpoint.log != log:
            self._fault("checkpoint", None, None, f"The checkpoint of size {checkpoint.size} is of another log.")
            return False
        if not check_signature(checkpoint):
            self._fault("signature", None, None, f"The signature of the checkpoint of size {checkpoint.size} does not hold.")
            return False
        return True

    def take(self, record: LoggedRecord) -> None:
        """The next record."""
        self._compare()
        if record.seq != self._size:
            last = record.seq - 1
            span = f"record {last} is" if last == self._size else f"records {self._size} to {last} are"
            self._fault("deleted", self._size, last, f"Audit {span} missing.")
            self._broken = True
        leaf = merkle.leaf_hash(record.text.encode())
        if leaf != record.leaf:
            self._fault("altered", record.seq, record.seq, f"Audit record {record.seq} does not match its leaf hash.")
        self._read(record)
        if not self._broken:
            self._peaks = merkle.append(self._size, self._peaks, record.leaf)
        self._size = record.seq + 1

    def finish(self) -> AuditVerification:
        """The result, after the last record."""
        self._compare()
        for checkpoint in self._waiting[self._passed :]:
            if checkpoint.size > self._size:
                self._fault(
                    "truncated",
                    self._size,
                    checkpoint.size - 1,
                    f"The log ends after {self._size} records; it had {checkpoint.size}.",
                )
                break
        return AuditVerification(
            ok=not self._failed,
            size=self._size,
            root="" if self._broken else merkle.root(self._peaks).hex(),
            checkpoints=self._checkpoints,
            faults=tuple(self._faults),
        )

    def _compare(self) -> None:
        """Compare the tree with every checkpoint of exactly this size."""
        while self._passed < len(self._waiting) and self._waiting[self._passed].size <= self._size:
            checkpoint = self._waiting[self._passed]
            self._passed += 1
            if self._broken or checkpoint.size != self._size:
                continue
            first, last = self._difference(checkpoint.peaks)
            if first is None:
                self._good = self._size
                continue
            span = f"record {first}" if first == last else f"records {first} to {last}"
            self._fault("rebuilt", first, last, f"Audit {span} differ from what the checkpoint of {checkpoint.size} says.")
            self._broken = True

    def _difference(self, peaks: Sequence[str]) -> tuple[int | None, int | None]:
        """The narrowest span of records in which this tree differs from a checkpoint's peaks."""
        for (start, end), ours, theirs in zip(merkle.spans(self._size), self._peaks, peaks, strict=True):
            if ours.hex() != theirs:
                return max(start, self._good), end - 1
        return None, None

    def _read(self, record: LoggedRecord) -> None:
        """Whether the record says what it is kept as."""
        try:
            read = AuditRecord.model_validate(json.loads(record.text))
        except (ValidationError, ValueError):
            self._fault("malformed", record.seq, record.seq, f"Audit record {record.seq} is not an audit record.")
            return
        if read.seq != record.seq:
            self._fault(
                "reordered", record.seq, record.seq, f"Audit record {read.seq} stands in the place of record {record.seq}."
            )
        for name, value in record.columns:
            if getattr(read, name) != value:
                self._fault("misfiled", record.seq, record.seq, f"Audit record {record.seq} is kept under another {name}.")

    def _fault(self, code: str, seq: int | None, last_seq: int | None, text: str) -> None:
        self._failed = True
        if len(self._faults) < MOST_FAULTS:
            self._faults.append(AuditFault(code=code, seq=seq, last_seq=last_seq, text=text))


def _claim(tree: Tree) -> Checkpoint:
    """What the store's own head says, in the form of a checkpoint that nobody signed."""
    return Checkpoint(
        size=tree.size,
        root=merkle.root(tree.peaks).hex(),
        peaks=tuple(peak.hex() for peak in tree.peaks),
        at=datetime.fromtimestamp(0, UTC),
        log=tree.log,
    )
