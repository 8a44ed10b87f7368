"""The pane over the audit log: its newest records, followed; one object's records; or the log from one record back.

Owns the records that were fetched, what each changed, and the proofs that were asked for.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.model.filter_fields import fields_for
from console.model.problems import ProblemError
from console.tui.present.cells import Cell, figure, short_id
from console.tui.present.inert import inert
from console.tui.present.spans import Line, Span, Spans, Tone
from console.tui.present.views import audit as show
from console.tui.present.words import muted
from console.tui.ui.fetched import FetchedPane
from console.tui.ui.panes import Pane, Subject
from console.tui.ui.world import World

if TYPE_CHECKING:
    from console.model.audit import AuditRecord, Checkpoints

MOST_RECORDS = 5_000
_VERSIONS_KEPT = 100
_VERSIONS_PAGE = 200
_HEADS_EVERY = 15.0


@dataclass
class AuditPane(FetchedPane):
    """The log, newest first; older records are fetched when the end comes near, newer ones as they are committed."""

    records: "dict[int, AuditRecord]" = field(default_factory=dict)
    beginning_reached: bool = False
    full: bool = False
    """As many are held as this console holds; those before are read with a filter."""
    of: str = ""
    """Only the records of this object."""
    begin: int | None = None
    """Only from this record back."""
    older: bool = False
    checkpoints: "Checkpoints | None" = None
    versions: "OrderedDict[str, list[AuditRecord]]" = field(default_factory=OrderedDict)
    proofs: dict[int, tuple[Line, ...]] = field(default_factory=dict)
    _heads_at: float = float("-inf")
    _asking: set[str] = field(default_factory=set)

    def tell_of(self, object_id: str) -> None:
        """Show the records of one object."""
        self.forget()
        self.of = object_id

    def begin_at(self, seq: int) -> None:
        """Show the log from one record back."""
        self.forget()
        self.begin, self.wanted = seq, str(seq)

    def go_up(self) -> str:
        if self.of or self.begin is not None:
            self.forget()
            return self.name
        return ""

    def forget(self) -> None:
        super().forget()
        self.records.clear()
        self.beginning_reached, self.full, self.of, self.begin = False, False, "", None

    @property
    def following(self) -> bool:
        """Whether new records are taken in as they are committed."""
        return not self.of and self.begin is None

    async def fetch(self) -> None:
        plane = self.world.plane
        if plane is None:
            return
        asked = (self.of, self.begin, self.filter_text)
        if self.of:
            found = await plane.records_of(self.of)
        elif self.begin is not None:
            found = await plane.audit(max(self.records, default=self.begin) + 1, self.filter_text)
        else:
            found = await plane.audit(None, self.filter_text)
        if asked == (self.of, self.begin, self.filter_text):
            self._take(found)
            self.beginning_reached = self.beginning_reached or bool(self.of)
        if self.world.times.monotonic() - self._heads_at >= _HEADS_EVERY:
            self._heads_at = self.world.times.monotonic()
            self.checkpoints = await plane.checkpoints()

    async def load_older(self) -> None:
        if self.reading or self.beginning_reached or self.full or not self.records or self.world.plane is None:
            return
        self.older = True
        try:
            await self._carefully(self._fetch_older)
        finally:
            self.older = False

    async def _fetch_older(self) -> None:
        assert self.world.plane is not None
        asked = (self.of, self.begin, self.filter_text)
        found = await self.world.plane.audit(min(self.records), self.filter_text)
        if asked == (self.of, self.begin, self.filter_text):
            self.beginning_reached = not found
            self._take(found)
            self.full = len(self.records) >= MOST_RECORDS

    def _take(self, records: "Sequence[AuditRecord]") -> None:
        fresh = [one for one in records if one.seq not in self.records]
        self.records.update((one.seq, one) for one in fresh)
        if fresh or self.held is None:
            self.held = show.audit_rows(list(self.records.values()))

    def nothing(self) -> tuple[str, str]:
        return ("No record is of this.", "esc goes up.") if self.of else ("The log is empty.", "")

    # The detail

    def look_up(self, key: str) -> Awaitable[None] | None:
        record = self.item(key)
        if record is None or not show.entity_of(record) or record.object_id in self._asking or self.world.plane is None:
            return None
        held = self.versions.get(record.object_id)
        if held and held[0].seq >= record.seq:
            return None
        self._asking.add(record.object_id)
        return self._fetch_versions(record.object_id)

    async def _fetch_versions(self, object_id: str) -> None:
        assert self.world.plane is not None
        try:
            self.versions[object_id] = await self.world.plane.records_of(object_id)
            while len(self.versions) > _VERSIONS_KEPT:
                self.versions.popitem(last=False)
        except (ProblemError, OSError, TimeoutError):
            # What it changed is then not said; the record itself is shown all the same.
            return
        finally:
            self._asking.discard(object_id)

    def before(self, record: "AuditRecord") -> "AuditRecord | str | None":
        """The record of the version before; None where this is the first; a word on why it is not known; or nothing yet."""
        held = self.versions.get(record.object_id)
        if not held or held[0].seq < record.seq:
            return ""
        earlier = next((one for one in held if one.seq < record.seq and show.entity_of(one)), None)
        if earlier is None and len(held) >= _VERSIONS_PAGE:
            return "the version before lies further back than is held here"
        return earlier

    def lines(self, key: str | None) -> tuple[Line, ...]:
        state = show.log_state(self.checkpoints, len(self.records), beginning=self.beginning_reached)
        record = self.item(key)
        if record is None:
            return state
        from console.tui.present.proof import leaf_of  # noqa: PLC0415 (with the first record that is looked at)

        proof, before = self.proofs.get(record.seq, ()), self.before(record)
        stamp = (record.seq, before if isinstance(before, str | None) else before.seq, proof, state)
        return self.once(stamp, lambda: show.audit_detail(record, leaf_of(record), before, proof, state))

    def heading(self, key: str | None) -> Spans:
        if self.older:
            return (Span("reading older records…"),)
        where = (
            f"  of {short_id(self.of)}" if self.of else f"  from {figure(self.begin)} back" if self.begin is not None else ""
        )
        return (Span(f"record {key}{where}"),) if key else ()

    def subject(self, key: str | None) -> Subject | None:
        record: AuditRecord | None = self.item(key)
        if record is None:
            return None
        agent = self.world.source.agents.get(record.agent_id) if record.agent_id else None
        name = agent.name if agent is not None else ""
        label = f"record {record.seq} {short_id(record.object_id)}"
        return Subject("audit", record.object_id, label, record.agent_id or "", name, record.task_id or "")

    # What is asked for with a key

    async def prove(self, record: "AuditRecord") -> None:
        """Fetch the proof of a record against the last checkpoint and verify it here; what came of it is in the detail."""
        from console.tui.present.proof import Proven, covering, judge, proof_lines  # noqa: PLC0415 (with the first proof)

        plane = self.world.plane
        if plane is None:
            return
        self.proofs[record.seq] = (Line((muted("proving…"),), label="PROOF"),)
        try:
            self.checkpoints = await plane.checkpoints()
            last = covering(record, self.checkpoints)
            if not isinstance(last, Proven):
                last = judge(record, last, await plane.prove(record.seq, last.size))
            self.proofs[record.seq] = proof_lines(last)
        except (ProblemError, OSError, TimeoutError) as error:
            words = f"▲ not proven: {inert(str(error) or 'no answer in time').text}"
            self.proofs[record.seq] = (Line((Span(words, Tone.WARN),), label="PROOF"),)

    def report(self, suffix: str) -> tuple[str, str] | None:
        """The records that are held, and of what they are a part: its bounds, its filter, and the signed head of the log."""
        if suffix not in ("json", "csv", ""):
            return None
        from console.tui.ui.writing import as_csv, as_json  # noqa: PLC0415 (with the first report)

        signed = self.checkpoints.items[0] if self.checkpoints is not None and self.checkpoints.items else None
        state: dict[str, object] = {
            "filter": self.filter_text,
            "object": self.of,
            "records": len(self.records),
            "most": MOST_RECORDS,
            "from": max(self.records, default=None),
            "back_to": min(self.records, default=None),
            "beginning_reached": self.beginning_reached,
            "stale": self.problem,
            "log_size": self.checkpoints.size if self.checkpoints is not None else None,
        }
        if suffix == "json":
            state["checkpoint"] = signed.model_dump(mode="json") if signed is not None else None
            return "json", as_json([{"state": state}, *(self.record(key) for key in self.keys)])
        state["checkpoint"] = f"{signed.size} {signed.root}" if signed is not None else None
        rows = self.rows()
        cells = [rows.cells(key) for key in list(self.keys)]
        cells += [(Cell(f"state {name}"), Cell("" if value is None else str(value))) for name, value in state.items()]
        return "csv", as_csv([column.title for column in self.columns], cells)


def audit_pane(world: World) -> Pane:
    """The pane over the audit log."""
    return AuditPane(
        world, "audit", "Audit", show.AUDIT_COLUMNS, fields=fields_for("audit"), digit="7", by_plane=True, followed=True
    )
