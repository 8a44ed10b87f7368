"""What a policy author does: edit a draft, look at what it changes, discard it, ask for its publication, roll back.

A draft is only on this machine; asking for publication and rolling back are acts, which the dispatcher sends.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from console.model.codes import ProblemError
from console.tui.present.differences import difference_lines
from console.tui.present.inert import inert
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.views.drafting import DraftFacts, Stage, draft_words, refusal, request_lines, rollback_lines
from console.tui.present.views.policies import PolicyItem
from console.tui.present.words import BLANK, muted, said, strong, text
from console.tui.state.acts import ACTS, publication_confirmation
from console.tui.state.drafts import Draft, changes_of
from console.tui.state.intents import Intent, Outcome, Result, Target
from console.tui.ui.desk import Desk, Pin, allowed
from console.tui.ui.editor import editor_command, hand_over
from console.tui.ui.policies_pane import PoliciesPane
from console.tui.ui.widgets.sheet import Answer, Question

if TYPE_CHECKING:
    from console.model.bundles import Bundle
    from console.tui.ui.app import Console

_NOT_HERE = "This works in the policies; 5 leads there."


def edit(desk: Desk) -> None:
    """Edit the file under the cursor in a draft, with the operator's own editor."""
    pane = _pane(desk)
    item: PolicyItem | None = pane.item(pane.cursor) if pane is not None else None
    if pane is None or pane.shown is None:
        return
    path = item.file if item is not None else ""
    if item is not None and item.kind == "draft":
        path = next((one.path for one in item.thing.changes if one.change != "removed"), "")
    if pane.text_of(path) is None:
        desk.refuse("E edits a file of the bundle; go to one.")
        return
    edit_at(desk, pane, path, item.line if item is not None else 1)


def edit_at(desk: Desk, pane: PoliciesPane, path: str, line: int, then: Callable[[], None] | None = None) -> None:
    """Edit a file of the bundle at a line; `then` is called once the plane has said what it thinks of it."""
    if not _author(desk) or pane.bundle is None:
        return
    bundle, drafting = pane.bundle.bundle, pane.drafting
    try:
        draft = drafting.begin(bundle)
        file = draft.path_of(path)
    except (ProblemError, OSError) as error:
        desk.refuse(f"No draft could be made: {_sentence(error)}")
        return
    command, wrong = editor_command(desk.world.options.editor, file, line), ""
    if not command:
        desk.refuse(f"No editor is set: set VISUAL or EDITOR. The draft's file is {file}; edit it there, then u.")
    else:
        wrong = hand_over(cast("Console", desk), command)
        if wrong:
            desk.refuse(f"{wrong[:1].upper()}{wrong[1:]}. The draft's file is {file}.")
        elif not _discarded_empty(draft):
            desk.say(muted("The plane is checking the draft…"))

    async def looked() -> None:
        await pane.read_draft()
        facts = pane.draft
        if command and not wrong:
            _tell(desk, facts)
        cast("Console", desk).repaint()
        if then is not None:
            then()

    desk.work(looked())


def _discarded_empty(draft: Draft) -> bool:
    """Discard a draft in which nothing differs from what is published: there is nothing in it to lose."""
    try:
        if draft.changes(draft.read()):
            return False
        draft.discard()
    except (ProblemError, OSError):
        return False
    return True


def _tell(desk: Desk, facts: DraftFacts | None) -> None:
    if facts is None:
        desk.say(muted("Nothing was changed; no draft is kept."))
        return
    why = refusal(facts)
    tail = muted(f"   {why}") if why else muted("   B asks for its publication")
    desk.say(Span("▲ " if why else "✓ ", Tone.WARN if why else Tone.OK), text(f"draft: {draft_words(facts)}"), tail, stay=True)


def differences(desk: Desk) -> None:
    """Show what the draft under the cursor changes, file by file; else what the draft of the published bundle does."""
    pane = _pane(desk)
    facts = _meant(pane) if pane is not None else None
    if pane is not None and facts is None:
        desk.refuse("There is no draft: E edits the file under the cursor.")
    elif facts is not None:
        lines = difference_lines(facts.changes) or (Line((muted("The draft changes nothing."),)),)
        desk.reading(f"draft of r{facts.revision}: {draft_words(facts)}", lines)


def discard(desk: Desk) -> None:
    """Discard the draft under the cursor, or that of the published bundle."""
    pane = _pane(desk)
    if pane is None:
        return
    facts = _meant(pane)
    held = [(pane.drafting.draft, pane.draft), *pane.drafting.older]
    draft = next((one for one, its in held if facts is not None and its == facts), None)
    if facts is None or draft is None:
        desk.refuse(facts.problem if facts is not None else "There is no draft.")
        return
    lines = (
        Line((text("Discard the draft of "), strong(f"r{facts.revision}"), muted(f"   {draft_words(facts)}"))),
        Line((muted("It is removed from this machine for good. Nothing that is published changes."),)),
        BLANK,
        said("KEPT IN", muted(facts.folder)),
        BLANK,
        *difference_lines(facts.changes),
    )

    def done(answer: Answer) -> None:
        if not answer.confirmed:
            return
        try:
            draft.discard()
        except OSError as error:
            desk.refuse(f"It could not be removed: {_sentence(error)}")
        else:
            desk.say(text(f"The draft of r{facts.revision} is discarded."))
        _read_again(desk, pane)

    desk.ask(Question((Span(f"discard the draft of r{facts.revision}"),), lines, "discard", takes=True), None, done)


def publish(desk: Desk) -> None:
    """Ask for the publication of the draft: its differences, what the plane says of it, the reason."""
    pane = _pane(desk)
    if pane is None or not allowed(desk, "bundle.request"):
        return
    if pane.bundle is None or pane.draft is None:
        desk.refuse("There is no draft: E edits the file under the cursor.")
        return
    bundle = pane.bundle.bundle
    confirmation = publication_confirmation(
        ACTS["bundle.request"].confirm, bundle.name, production=desk.world.options.production
    )
    facts, files = pane.draft, dict(pane.drafting.files)

    def question() -> Question:
        return Question(
            (Span(f"ask for publication of the draft of r{bundle.revision}"),),
            request_lines(facts),
            "ask for publication",
            loud=bool(confirmation.typed),
            reason="why it should be published, for the record",
            typed=confirmation.typed,
            typed_prompt=f"type the bundle's name: {confirmation.typed}" if confirmation.typed else "",
            refusal=refusal(facts),
        )

    def moved() -> str:
        newest = max((row.revision for row in desk.world.source.bundles.rows.values() if row.state == "published"), default=0)
        return f"r{newest} was published" if newest > bundle.revision else ""

    def done(answer: Answer) -> None:
        if not answer.confirmed:
            return
        from console.model.bundles import BundleFile, PublicationInput  # noqa: PLC0415 (with the first request)

        every = tuple(BundleFile(path=path, text=words) for path, words in files.items())
        asked = PublicationInput(files=every, base_digest=bundle.digest, reason=answer.reason)
        target = Target("bundles", bundle.digest, f"the draft of r{bundle.revision}", bundle.revision, bundle.digest)
        desk.send([Intent("bundle.request", target, asked)], lambda result: _sent(desk, pane, result))

    sheet = desk.ask(question(), Pin(moved), done)

    async def complete() -> None:
        # What stands on the sheet is what is sent: it is read once more, and again asked about where it has changed.
        nonlocal facts, files
        await pane.read_draft()
        now = pane.draft
        if sheet.is_running:
            facts = now if now is not None else replace(facts, stage=Stage.UNREADABLE, problem="the draft is gone")
            files = dict(pane.drafting.files)
            sheet.ask(question())

    desk.work(complete())


def roll_back(desk: Desk) -> None:
    """Put the earlier revision under the cursor in force again."""
    pane = _pane(desk)
    if pane is None or not allowed(desk, "bundle.rollback"):
        return
    item: PolicyItem | None = pane.item(pane.cursor)
    if item is None or item.kind != "revision" or pane.bundle is None:
        desk.refuse("Roll back works on an earlier revision: they stand at the end of the tree (G).")
        return
    old: Bundle = item.thing
    now = pane.bundle.bundle
    if old.state != "superseded":
        desk.refuse(f"r{old.revision} is {old.state}: only a revision that was in force before can be put in force again.")
        return
    confirmation = publication_confirmation(
        ACTS["bundle.rollback"].confirm, f"r{old.revision}", production=desk.world.options.production
    )
    lines = rollback_lines(old, now, None, "")

    def question(lines: tuple[Line, ...]) -> Question:
        return Question(
            (Span(f"roll back to r{old.revision}"),),
            lines,
            "roll back",
            loud=True,
            reason="the reason, for the record",
            typed=confirmation.typed,
            typed_prompt=f"type the revision: {confirmation.typed}" if confirmation.typed else "",
        )

    def moved() -> str:
        newest = max((row.revision for row in desk.world.source.bundles.rows.values() if row.state == "published"), default=0)
        return f"r{newest} was published" if newest > now.revision else ""

    def done(answer: Answer) -> None:
        if answer.confirmed:
            target = Target("bundles", old.id, f"r{old.revision}", old.revision, old.digest)
            desk.send([Intent("bundle.rollback", target, answer.reason)], lambda result: _sent(desk, pane, result))

    sheet = desk.ask(question(lines), Pin(moved), done)

    async def complete() -> None:
        plane = desk.world.plane
        try:
            if plane is None:
                return
            whole = await plane.revision(old.id)
        except (ProblemError, OSError, TimeoutError) as error:
            told = rollback_lines(old, now, None, f"what differs could not be read: {_sentence(error)}")
        else:
            texts = ({file.path: file.text for file in one.files} for one in (now, whole))
            told = rollback_lines(old, now, changes_of(*texts), "")
        if sheet.is_running:
            sheet.ask(question(told))

    desk.work(complete())


def _sent(desk: Desk, pane: PoliciesPane, result: Result) -> None:
    if result.outcome in (Outcome.DONE, Outcome.CONFLICT):
        _read_again(desk, pane)


def _read_again(desk: Desk, pane: PoliciesPane) -> None:
    cast("Console", desk).load(pane)


def _meant(pane: PoliciesPane) -> DraftFacts | None:
    """The draft under the cursor, else that of the published bundle, else one of a bundle before it."""
    item: PolicyItem | None = pane.item(pane.cursor)
    if item is not None and item.kind == "draft":
        under: DraftFacts = item.thing
        return under
    return pane.draft or next((facts for _, facts in pane.drafting.older), None)


def _pane(desk: Desk) -> PoliciesPane | None:
    if isinstance(desk.pane, PoliciesPane):
        return desk.pane
    desk.refuse(_NOT_HERE)
    return None


def _author(desk: Desk) -> bool:
    session = desk.world.session
    if "policy-author" in session.roles:
        return True
    roles = ", ".join(sorted(session.roles)) or "without a role"
    desk.refuse(f"To draft a policy takes the role policy-author; you are {roles}.")
    return False


def _sentence(error: Exception) -> str:
    return inert(str(error) or "no answer in time").text
