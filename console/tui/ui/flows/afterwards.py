"""Afterwards: another person looks at a broken glass and says what they found."""

from console.tui.present.spans import Span
from console.tui.present.views import grants
from console.tui.present.words import muted
from console.tui.state.intents import Intent, Target
from console.tui.ui.desk import Desk, Pin, allowed, first
from console.tui.ui.widgets.sheet import Answer, Question


def review_glass(desk: Desk) -> None:
    """Ask what was found, of the break-glass grant under the cursor."""
    subject = first(desk, "grants")
    if subject is None or not allowed(desk, "grant.review"):
        return
    world = desk.world
    row = world.source.grants.get(subject.id)
    if row is None or row.kind != "break-glass" or row.state in ("requested", "rejected"):
        desk.refuse("Only a break-glass grant that was given is reviewed afterwards.")
        return
    if row.reviewed_by:
        desk.refuse(f"{row.reviewed_by} has reviewed it already.")
        return
    if row.requested_by == world.session.operator:
        desk.refuse("You broke the glass yourself; another person looks at it.")
        return

    def done(answer: Answer) -> None:
        if answer.confirmed:
            desk.send([Intent("grant.review", Target("grants", row.id, subject.label), answer.reason)])
        else:
            desk.say(muted("It still waits for its review."))

    def moved() -> str:
        now = world.source.grants.get(row.id)
        if now is None:
            return "the grant has left"
        return f"{now.reviewed_by} has reviewed it" if now.reviewed_by else ""

    title = (Span(f"review the broken glass of {row.requested_by}"),)
    question = Question(
        title, grants.detail(world.source, row, world.now()), "reviewed", reason="what you found when you looked"
    )
    desk.ask(question, Pin(moved), done)
