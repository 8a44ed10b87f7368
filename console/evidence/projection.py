"""The projection: audit records in, evidence figures out. It owns the ledger and how far back it reaches.

It folds each record once, in the order of `seq`, when it arrives, and never scans the log. Folding the same records always
gives an equal ledger. What it keeps is bounded: whatever ended more than `HORIZON_SECONDS` before the newest record is
dropped, and beyond `MAX_ROWS` of a kind the oldest that ended; what still stands is kept as long as it stands.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeVar

from console.evidence.fold_access import fold_approval, fold_grant, fold_lease, fold_lock
from console.evidence.fold_work import (
    Body,
    fold_agent,
    fold_audit,
    fold_bundle,
    fold_decision,
    fold_framework,
    fold_identity,
    fold_operator,
    fold_task,
    section,
)
from console.evidence.ledger import Ledger
from console.evidence.rows import SECOND, ContainmentRow, instant, micros
from console.model.actors import ActorKind
from console.model.audit import AuditRecord

MAX_WINDOW_SECONDS = 7 * 86_400
"""The longest window that a figure can be asked for."""

HORIZON_SECONDS = MAX_WINDOW_SECONDS + 86_400
MAX_ROWS = 20_000
"""Rows kept of each kind of object, as far as they have ended."""
MAX_TRACK = 200_000
"""Instants kept on each track."""
PRUNE_EVERY = 4096
"""Pruning follows each seq that this divides, so that it falls at the same record in every rebuilding."""

Row = TypeVar("Row")
Fold = Callable[[Ledger, AuditRecord, int, Body], None]

_FOLDS: dict[str, Fold] = {
    "agent": fold_agent,
    "operator": fold_operator,
    "task": fold_task,
    "decision": fold_decision,
    "bundle": fold_bundle,
    "identity": fold_identity,
    "audit": fold_audit,
    "framework": fold_framework,
    "lease": fold_lease,
    "approval": fold_approval,
    "grant": fold_grant,
    "lock": fold_lock,
}


class Projection:
    """The evidence ledger, fed with audit records. Not for several threads at once."""

    def __init__(self, *, max_rows: int = MAX_ROWS, max_track: int = MAX_TRACK) -> None:
        self.ledger = Ledger()
        self._max_rows = max_rows
        self._max_track = max_track

    @classmethod
    def of(cls, records: Iterable[AuditRecord]) -> "Projection":
        """The projection of a log, or of a part of it."""
        projection = cls()
        for record in records:
            projection.apply(record)
        return projection

    @property
    def last_seq(self) -> int:
        """The seq of the newest record that was folded; -1 before the first."""
        return self.ledger.last_seq

    @property
    def complete_since(self) -> datetime | None:
        """Where figures begin when rows were dropped for want of room; None while nothing was."""
        at = self.ledger.complete_since
        return None if at is None else instant(at)

    def apply(self, record: AuditRecord) -> bool:
        """Fold one record. Returns False for one at or before the newest, which changes nothing.

        A record whose body cannot be read is counted in `ledger.unreadable` and is in no figure; it raises nothing.
        """
        ledger = self.ledger
        if record.seq <= ledger.last_seq:
            return False
        at = max(micros(record.at), ledger.last_at)
        if ledger.first_seq is None or ledger.first_at is None:
            ledger.first_seq, ledger.first_at = record.seq, at
        ledger.last_seq, ledger.last_at = record.seq, at
        ledger.records += 1
        if record.actor.kind is ActorKind.AGENT:
            actor = ledger.agents.get(record.actor.id)
            if actor is not None:
                actor.seen_at = at
        fold = _FOLDS.get(record.kind.partition(".")[0])
        if fold is not None:
            try:
                fold(ledger, record, at, section(record.body, "entity"))
            except (KeyError, ValueError):
                ledger.unreadable += 1
        if record.seq % PRUNE_EVERY == 0:
            self._prune()
        return True

    def _prune(self) -> None:
        ledger = self.ledger
        before = ledger.last_at - HORIZON_SECONDS * SECOND
        lost = [track.forget(before, self._max_track) for track in ledger.tracks()]
        lost += [
            _trim(ledger.tasks, lambda row: row.ended_at, before, self._max_rows),
            _trim(
                ledger.leases,
                lambda row: None if row.id in ledger.unsettled else max(row.changed_at, row.end_at),
                before,
                self._max_rows,
            ),
            _trim(ledger.approvals, lambda row: None if row.state == "pending" else row.changed_at, before, self._max_rows),
            _trim(ledger.grants, lambda row: row.ended_at, before, self._max_rows),
            _trim(
                ledger.containments,
                lambda row: row.changed_at if row.effective_at and row.released_at else None,
                before,
                self._max_rows,
            ),
            _trim(ledger.permits, lambda row: row.at, before, self._max_track),
        ]
        newest = max((at for at in lost if at is not None), default=None)
        if newest is not None:
            ledger.complete_since = max(newest + 1, ledger.complete_since or 0)


def _containment_end(row: ContainmentRow) -> int | None:
    """When a containment was over: effective and released."""
    return None if row.effective_at is None or row.released_at is None else row.changed_at


def _trim(rows: dict[str, Row], ended_at: Callable[[Row], int | None], before: int, keep: int) -> int | None:
    """Drop rows that ended before an instant and, beyond `keep`, those that ended first. Returns as `Track.forget` does."""
    ended = sorted((at, key) for key, row in rows.items() if (at := ended_at(row)) is not None)
    surplus = len(ended) - keep
    lost = None
    for number, (at, key) in enumerate(ended):
        if at >= before and number >= surplus:
            break
        if at >= before:
            lost = at
        del rows[key]
    return lost
