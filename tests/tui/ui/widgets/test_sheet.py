"""The sheet: one answer at most, never too soon, never after a change, and always one call back."""

from collections.abc import Callable

from textual import events

from console.tui.present.spans import Line, Span
from console.tui.ui.widgets.sheet import SETTLE_SECONDS, Answer, Question, Sheet
from tests.tui.ui.stage import Stage

PLAIN = Question((Span("approve ap_1"),), (Line((Span("read logs"),), "WANTS"),), "approve")
GRAVE = Question(
    (Span("approve ap_2"),),
    (Line((Span("assume role deploy"),), "WANTS"),),
    "approve",
    reason="a reason, for the record",
    typed="deploy",
)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = 50.0

    def __call__(self) -> float:
        """Seconds."""
        return self.time


def _sheet(question: Question, other: Callable[[Sheet, str], None] | None = None) -> tuple[Sheet, Clock, list[Answer]]:
    clock, answers = Clock(), list[Answer]()
    return Sheet(question, answers.append, other=other, now=clock), clock, answers


async def test_the_confirming_key_is_dead_until_the_sheet_was_seen() -> None:
    sheet, clock, answers = _sheet(PLAIN)
    app = Stage()
    async with app.run_test(notifications=True) as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        await pilot.press("y")
        assert answers == []
        assert "too soon" in sheet.said
        clock.time += SETTLE_SECONDS - 0.01
        await pilot.press("y")
        assert answers == []
        clock.time += 0.02
        assert sheet.armed
        await pilot.press("y")
        await pilot.pause()
        assert answers == [Answer(confirmed=True)]
        assert app.screen is not sheet


async def test_a_key_that_was_typed_ahead_confirms_nothing() -> None:
    sheet, _, answers = _sheet(PLAIN)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.press("y", "y", "y")
        assert answers == []


async def test_a_key_that_was_pressed_before_the_sheet_was_seen_confirms_nothing_however_late_it_arrives() -> None:
    sheet, clock, answers = _sheet(PLAIN)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        clock.time += 1.0
        assert sheet.armed
        late = events.Key("y", "y")
        late.time -= 1.0
        sheet.post_message(late)
        await pilot.pause()
        assert answers == []
        assert "too soon" in sheet.said
        await pilot.press("y")
        await pilot.pause()
        assert answers == [Answer(confirmed=True)]


async def test_leaving_is_an_answer_that_confirms_nothing() -> None:
    sheet, _, answers = _sheet(PLAIN)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert answers == [Answer(confirmed=False)]


async def test_a_sheet_that_somebody_else_closes_still_calls_back_once() -> None:
    sheet, _, answers = _sheet(PLAIN)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        app.pop_screen()
        await pilot.pause()
        assert answers == [Answer(confirmed=False)]


async def test_a_changed_object_disarms_for_good_and_says_what_changed() -> None:
    sheet, clock, answers = _sheet(PLAIN)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        clock.time += 1
        sheet.disarm("rev 4: for 60m instead of 30m")
        await pilot.press("y")
        assert answers == []
        assert not sheet.armed
        assert "for 60m instead of 30m" in sheet.said
        sheet.ask(PLAIN)
        await pilot.pause()
        clock.time += 1
        await pilot.press("y")
        assert answers == []


async def test_a_grave_question_wants_a_reason_and_the_typed_scope() -> None:
    sheet, clock, answers = _sheet(GRAVE)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        clock.time += 1
        await pilot.press("enter", "enter")
        assert "a reason is needed" in sheet.said
        assert answers == []
        sheet.query_one("#sheet-reason").focus()
        await pilot.press(*"yes", "space", *"now", "enter", *"deplo", "enter")
        assert "is not deploy" in sheet.said
        assert answers == []
        await pilot.press("y", "enter")
        await pilot.pause()
        assert answers == [Answer(confirmed=True, reason="yes now")]


async def test_what_cannot_be_confirmed_says_why() -> None:
    question = Question(PLAIN.title, PLAIN.lines, "approve", refusal="you asked for this yourself")
    sheet, clock, answers = _sheet(question)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        clock.time += 1
        assert sheet.said == "✗ you asked for this yourself"
        await pilot.press("y")
        assert "you asked for this yourself" in sheet.said
        assert answers == []


async def test_further_keys_go_to_the_caller_and_a_changed_question_settles_again() -> None:
    pressed: list[str] = []

    def other(sheet: Sheet, key: str) -> None:
        pressed.append(key)
        sheet.ask(Question(PLAIN.title, (Line((Span("for 15m"),)),), "approve", keys=question.keys))

    question = Question(PLAIN.title, PLAIN.lines, "approve", keys=(("left", "shorter"), ("right", "longer")))
    sheet, clock, answers = _sheet(question, other)
    app = Stage()
    async with app.run_test() as pilot:
        app.push_screen(sheet)
        await pilot.pause()
        clock.time += 1
        assert sheet.armed
        await pilot.press("left", "x")
        await pilot.pause()
        assert pressed == ["left"]
        assert not sheet.armed
        clock.time += 1
        await pilot.press("y")
        await pilot.pause()
        assert answers == [Answer(confirmed=True)]
