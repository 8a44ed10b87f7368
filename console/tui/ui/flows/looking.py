"""What an auditor does: mark a row reviewed, prove a record, read the joined story of its task, read a policy's file.

Only the first changes anything, and it goes through the dispatcher like every act.
"""

from typing import TYPE_CHECKING, cast

from console.model.problems import ProblemError
from console.tui.present.cells import figure, short_id
from console.tui.present.inert import inert
from console.tui.present.look import Sign
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.frameworks import CONTROL, review_lines
from console.tui.present.words import BLANK, muted, said, sign_of, strong, text
from console.tui.state.intents import Intent, Outcome, Result, Target
from console.tui.ui.audit_pane import AuditPane
from console.tui.ui.desk import Desk, Pin, allowed
from console.tui.ui.framework_panes import ControlsPane
from console.tui.ui.policies_pane import PoliciesPane
from console.tui.ui.widgets.sheet import Answer, Question

if TYPE_CHECKING:
    from console.model.audit import AuditRecord
    from console.model.bundles import BundleView
    from console.model.frameworks import ControlRow
    from console.tui.ui.app import Console


def mark_reviewed(desk: Desk) -> None:
    """Ask for a note and mark the row reviewed, bound to what the row says at the key press."""
    pane = desk.pane
    row: ControlRow | None = pane.item(pane.cursor) if isinstance(pane, ControlsPane) else None
    if not isinstance(pane, ControlsPane) or row is None:
        desk.refuse("This works on a control of a framework; 6 and enter lead there.")
        return
    if not allowed(desk, "framework.review"):
        return
    if not row.standing:
        desk.refuse("This plane tells no digest of the row, so a review could not be bound to it.")
        return
    framework, control, standing = pane.framework, row.control, row.standing
    sign: Sign = sign_of(CONTROL, str(row.state))
    lines = (
        Line((strong(control), text(f"  {row.title}"))),
        BLANK,
        said("STATE", sign.span(), muted(f"   {row.text}")),
        said("EVIDENCE", text(f"{row.measured} of {row.of} figures have data")),
        *review_lines(row),
        said("DIGEST", muted(row.digest)),
        BLANK,
        Line((muted("The record keeps your name, your note, and the digest of what the row says at that moment."),)),
    )

    def moved() -> str:
        now: ControlRow | None = pane.item(control) if pane.framework == framework else row
        return f"it is {now.state} now" if now is not None and now.standing != standing else ""

    def told(result: Result) -> None:
        if result.outcome in (Outcome.DONE, Outcome.CONFLICT):
            cast("Console", desk).load(pane)

    def done(answer: Answer) -> None:
        if answer.confirmed:
            target = Target("controls", f"{framework}:{control}", control, digest=standing)
            desk.send([Intent("framework.review", target, answer.reason)], told)

    question = Question((Span(f"mark {control} reviewed"),), lines, "mark reviewed", reason="your note, for the record")
    desk.ask(question, Pin(moved), done)


def _record(desk: Desk) -> "tuple[AuditPane, AuditRecord] | None":
    pane = desk.pane
    record: AuditRecord | None = pane.item(pane.cursor) if isinstance(pane, AuditPane) else None
    if not isinstance(pane, AuditPane):
        desk.refuse("This works on a record of the audit log; 7 leads there.")
        return None
    if record is None:
        desk.refuse("No record is under the cursor.")
        return None
    return pane, record


def prove(desk: Desk) -> None:
    """Prove the record under the cursor; what came of it stands in its detail, and in a line."""
    found = _record(desk)
    if found is None:
        return
    pane, record = found

    async def proving() -> None:
        await pane.prove(record)
        head = pane.proofs[record.seq][0]
        desk.say(muted(f"record {figure(record.seq)}   "), *head.spans)
        cast("Console", desk).repaint()

    desk.work(proving())


def tell_story(desk: Desk) -> None:
    """Open the joined story of the task of the record under the cursor: its whole chain as one timeline."""
    found = _record(desk)
    if found is None:
        return
    task = found[1].task_id
    if not task:
        desk.refuse("This record belongs to no task.")
        return
    console = cast("Console", desk)

    async def telling() -> None:
        from console.tui.present.views.story import story  # noqa: PLC0415 (with the first story)

        try:
            await console.gathered.fetch_story(task)
        except (ProblemError, OSError, TimeoutError) as error:
            desk.refuse(f"The story could not be read: {inert(str(error) or 'no answer in time').text}.")
            return
        held = console.gathered.story_of(task)
        if held is None or not held.records:
            desk.refuse("The story could not be read: the plane did not answer.")
            return
        desk.reading(f"story of {short_id(task)}", story(list(held.records.values()), desk.world.source, earlier=held.earlier))

    desk.work(telling())


def read_source(desk: Desk) -> None:
    """Open the file under the cursor at the line of the row."""
    pane = desk.pane
    item = pane.item(pane.cursor) if isinstance(pane, PoliciesPane) else None
    if not isinstance(pane, PoliciesPane) or pane.shown is None or item is None or pane.text_of(item.file) is None:
        desk.refuse("This works on a file of the bundle; 5 leads there.")
        return
    from console.tui.ui.screens.source import Source  # noqa: PLC0415 (with the first file that is read)

    def edit(source: Source) -> None:
        from console.tui.ui.flows.publishing import edit_at  # noqa: PLC0415 (with the first draft)

        def renew() -> None:
            if pane.shown is not None:
                source.renew(texts_of(pane.shown), pane.shown.bundle.findings)

        edit_at(desk, pane, source.path, source.here, renew)

    shown = pane.shown
    cast("Console", desk).push_screen(Source(texts_of(shown), shown.bundle.findings, item.file, item.line, edit))


def texts_of(view: "BundleView") -> dict[str, str]:
    """The texts of a bundle by their paths."""
    return {one.path: one.text for one in view.bundle.files}


def next_finding(desk: Desk) -> None:
    """Go to the next finding of the tree, or to the first one again."""
    _to_finding(desk, 1)


def finding_before(desk: Desk) -> None:
    """Go to the finding before, or to the last one."""
    _to_finding(desk, -1)


def _to_finding(desk: Desk, by: int) -> None:
    pane = desk.pane
    if not isinstance(pane, PoliciesPane) or pane.table is None:
        desk.refuse("Findings are in the tree of the bundle; 5 leads there.")
        return
    keys = list(pane.keys)
    findings = [at for at, key in enumerate(keys) if (item := pane.item(key)) is not None and item.kind == "finding"]
    if not findings:
        desk.say(Span("✓ ", Tone.OK), text("The bundle has no finding."))
        return
    here = keys.index(pane.cursor) if pane.cursor in keys else -1
    ordered = findings if by > 0 else findings[::-1]
    at = next((one for one in ordered if (one - here) * by > 0), ordered[0])
    pane.table.move_to(keys[at])
