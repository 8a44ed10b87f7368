"""A policy from the editor to its publication, through the whole console: draft, findings, tests, request, second person."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from console.model.bundles import BundleView, PolicyView, PublicationInput
from console.model.problems import ProblemError
from console.tui.ui.policies_pane import DRAFT, PoliciesPane
from console.tui.ui.screens.reading import Reading
from console.tui.ui.screens.source import Source
from tests.tui.state.plane_in_memory import an_id
from tests.tui.ui.driver import Driver, Estate, console, populated
from tests.tui.ui.publishing_plane import publication, published

SIZES = pytest.mark.parametrize("size", [(80, 24), (200, 50)])
AUTHOR = ("viewer", "policy-author")
POLICY = "file policies/one.cedar"


def estate(**options: Any) -> Estate:
    made = populated(**{"roles": AUTHOR} | options)
    policy = PolicyView(policy_id="one", effect="permit", file="policies/one.cedar", text="permit;")
    made.bundle = BundleView(bundle=published(2), policies=(policy,))
    made.earlier = [published(1)]
    made.put(published(2).model_copy(update={"files": ()}))
    return made


def appending(folder: Path, *lines: str) -> str:
    """An editor that appends these lines to the file that it is handed."""
    script = folder / "editor.py"
    script.write_text(f"import sys\nwith open(sys.argv[1], 'a') as file:\n    file.write({''.join(lines)!r})\n")
    return f"{sys.executable} {script}"


@asynccontextmanager
async def policies(made: Estate, folder: Path, *lines: str, **options: Any) -> AsyncIterator[Driver]:
    editor = appending(folder, *lines) if lines else ""
    async with console(made, **{"state_folder": folder / "state", "editor": editor} | options) as driver:
        await driver.view("5", "policies")
        await driver.until(lambda: driver.app.pane.keys)
        yield driver


def pane_of(driver: Driver) -> PoliciesPane:
    assert isinstance(driver.app.pane, PoliciesPane)
    return driver.app.pane


def kept(folder: Path) -> list[str]:
    """The policy's text in each draft that is kept."""
    return [one.read_text() for one in folder.rglob("one.cedar")]


async def go(driver: Driver, key: str) -> None:
    table = driver.app.pane.table
    assert table is not None
    await driver.until(lambda: table.move_to(key), f"there is no row {key}")


async def edited(driver: Driver, key: str = POLICY) -> None:
    await go(driver, key)
    await driver.press("E")
    await driver.until(lambda: "draft: " in driver.said)


@SIZES
async def test_from_the_editor_to_a_request_that_waits_for_a_second_person(tmp_path: Path, size: tuple[int, int]) -> None:
    made = estate()
    async with policies(made, tmp_path, "// more\n", size=size) as driver:
        await edited(driver)
        assert "1 file changed, 0 findings, 3 of 3 tests" in driver.said
        await driver.shown("draft of r2: 1 file changed")
        await driver.shown("✓ 3 of 3 tests")
        await driver.shown("◆ changed")
        await driver.press("B")
        sheet = await driver.open_sheet()
        assert "another policy author must approve it" in driver.screen_text()
        await driver.shown("+ // more")
        await driver.press("enter")
        assert sheet.said.endswith("a reason is needed")
        await driver.type("more is better")
        await driver.press("enter")
        await driver.until(lambda: made.sent)
        [(verb, _, asked)] = made.sent
        assert isinstance(asked, PublicationInput)
        assert (verb, asked.reason, asked.base_digest) == ("request_publication", "more is better", published(2).digest)
        assert asked.by_path()["policies/one.cedar"].endswith("// r2\n// more\n")
        await driver.until(lambda: pane_of(driver).draft is not None and pane_of(driver).draft.asked)  # type: ignore[union-attr]
        await driver.shown("asked for")
        await driver.press("B")
        await driver.until(lambda: driver.sheet is not None and driver.sheet.question.refusal)
        assert "asked for already" in driver.screen_text()
        await driver.press("escape")
        assert len(made.sent) == 1


@SIZES
async def test_an_error_stands_in_the_tree_and_in_the_gutter_and_keeps_it_from_being_asked_for(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    made = estate()
    async with policies(made, tmp_path, "// wrong\n", size=size) as driver:
        await edited(driver)
        assert "1 error to correct first" in driver.said
        await driver.until(lambda: f"finding {POLICY.removeprefix('file ')} 0" in driver.app.pane.keys)
        await driver.press("f", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, Source))
        await driver.shown("✗ error: Line 4 is it.")
        await driver.press("escape")
        await driver.press("B")
        await driver.until(lambda: driver.sheet is not None and driver.sheet.question.refusal)
        await driver.shown("1 error to correct first")
        await driver.type("please")
        await driver.press("enter")
        assert made.sent == []


async def test_a_failing_test_keeps_it_from_being_asked_for(tmp_path: Path) -> None:
    made = estate()
    async with policies(made, tmp_path, "// breaks\n") as driver:
        await edited(driver)
        assert "2 of 3 tests" in driver.said
        assert "1 of 3 tests fail" in driver.said
        await driver.shown("✗ 2 of 3 tests")
        await driver.press("B")
        await driver.until(lambda: driver.sheet is not None and "fail" in driver.sheet.question.refusal)
        assert made.sent == []


async def test_the_reader_edits_where_one_reads_and_shows_what_was_found(tmp_path: Path) -> None:
    async with policies(estate(), tmp_path, "// odd\n") as driver:
        await go(driver, POLICY)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Source) and driver.app.screen.is_mounted)
        await driver.shown("E edit")
        await driver.press("E")
        await driver.shown("▲ warning: Line 4 is it.")
        await driver.shown("1 of 1 findings in this file")


async def test_a_draft_outlives_the_console_and_a_new_publication_and_is_never_written_over(tmp_path: Path) -> None:
    async with policies(estate(), tmp_path, "// more\n") as driver:
        await edited(driver)
    made = estate()
    async with policies(made, tmp_path) as driver:
        await driver.until(lambda: pane_of(driver).draft is not None)
        await driver.shown("draft of r2: 1 file changed")
        assert made.bundle is not None
        made.bundle = made.bundle.model_copy(update={"bundle": published(3, digest="sha256:" + "3" * 64)})
        await driver.press("u")
        await driver.shown("base moved")
        older = next(key for key in driver.app.pane.keys if key.startswith(f"{DRAFT} "))
        await go(driver, older)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, Reading))
        await driver.shown("+ // more")
        await driver.press("escape", "B")
        assert "There is no draft" in driver.said
    assert kept(tmp_path)[0].endswith("// more\n")


async def test_what_was_published_needs_no_draft_any_more(tmp_path: Path) -> None:
    made = estate()
    async with policies(made, tmp_path, "// more\n") as driver:
        await edited(driver)
        files = pane_of(driver).drafting.files
        after = published(
            3, files=tuple({"path": path, "text": text} for path, text in files.items()), digest="sha256:" + "3" * 64
        )
        made.bundle = BundleView(bundle=after)
        await driver.press("u")
        await driver.until(lambda: DRAFT not in driver.app.pane.keys)
        assert not kept(tmp_path)


async def test_a_draft_is_discarded_when_it_is_meant(tmp_path: Path) -> None:
    async with policies(estate(), tmp_path, "// more\n") as driver:
        await edited(driver)
        await driver.press("D")
        await driver.open_sheet()
        await driver.press("escape")
        assert kept(tmp_path)
        await driver.press("D")
        await driver.open_sheet()
        await driver.press("y")
        await driver.until(lambda: DRAFT not in driver.app.pane.keys)
        assert not kept(tmp_path)


async def test_an_editor_that_changes_nothing_leaves_no_draft(tmp_path: Path) -> None:
    async with policies(estate(), tmp_path, "") as driver:
        await go(driver, POLICY)
        await driver.press("E")
        await driver.until(lambda: "Nothing was changed" in driver.said)
        assert not kept(tmp_path)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ProblemError("not_allowed"), "refused"),
        (ProblemError("unreachable", "nobody answered"), "not checked"),
    ],
)
async def test_a_plane_that_does_not_check_is_named_and_the_draft_stays(tmp_path: Path, error: ProblemError, said: str) -> None:
    made = estate()
    made.fail_checks = error
    async with policies(made, tmp_path, "// more\n") as driver:
        await edited(driver)
        assert "has not checked the draft" in driver.said
        await driver.shown(said)
        made.fail_checks = None
        await driver.press("u")
        await driver.shown("3 of 3 tests")


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("", "No editor is set"),
        ("/nowhere/editor", "could not be started"),
        ("false", "ended with status 1"),
        ("sh -c 'kill -2 $$'", "ended by signal 2"),
    ],
)
async def test_without_an_editor_that_works_it_says_where_the_file_is(tmp_path: Path, editor: str, said: str) -> None:
    async with policies(estate(), tmp_path, editor=editor) as driver:
        await go(driver, POLICY)
        await driver.press("E")
        await driver.until(lambda: said in driver.said)
        assert str(tmp_path) in driver.said


async def test_what_may_not_be_done_is_refused_with_its_reason(tmp_path: Path) -> None:
    for options, key, said in (
        ({"roles": ("viewer",)}, "E", "takes the role policy-author"),
        ({"roles": ("approver",)}, "B", "takes the role policy-author"),
        ({"start": "safe"}, "B", "Press ! to arm"),
        ({"start": "safe"}, "Z", "Press ! to arm"),
        ({"read_only": True}, "B", "READ-ONLY"),
        ({}, "B", "There is no draft"),
        ({}, "D", "There is no draft"),
        ({}, "Z", "earlier revision"),
        ({"state_folder": None}, "E", "may write nothing"),
    ):
        roles = options.pop("roles", AUTHOR)
        made = estate(roles=roles)
        async with policies(made, tmp_path, **options) as driver:
            await go(driver, POLICY)
            await driver.press(key)
            await driver.until(lambda: said in driver.said, said)  # noqa: B023 - waited for within the turn
            assert driver.sheet is None
            assert made.sent == []


async def test_in_production_the_name_of_the_bundle_is_typed(tmp_path: Path) -> None:
    made = estate()
    async with policies(made, tmp_path, "// more\n", colour="red") as driver:
        await edited(driver)
        await driver.press("B")
        sheet = await driver.open_sheet()
        await driver.type("why not")
        await driver.press("enter", "enter")
        assert "is not estate" in sheet.said
        assert made.sent == []
        await driver.type("estate")
        await driver.press("enter")
        await driver.until(lambda: made.sent)


async def test_a_publication_under_the_sheet_disarms_it(tmp_path: Path) -> None:
    made = estate()
    async with policies(made, tmp_path, "// more\n") as driver:
        await edited(driver)
        await driver.press("B")
        await driver.open_sheet()
        made.put(published(3, files=()))
        await driver.until(lambda: driver.sheet is not None and not driver.sheet.armed)
        assert "r3 was published" in driver.screen_text()


@SIZES
async def test_an_earlier_revision_is_put_in_force_again(tmp_path: Path, size: tuple[int, int]) -> None:
    made = estate()
    async with policies(made, tmp_path, size=size) as driver:
        await go(driver, f"revision {an_id('pb', 2)}")
        await driver.press("Z")
        assert "only a revision that was in force before" in driver.said
        await go(driver, f"revision {an_id('pb', 1)}")
        await driver.press("Z")
        await driver.shown("- // r2")
        await driver.open_sheet()
        await driver.type("r2 broke it")
        await driver.press("enter")
        await driver.until(lambda: made.sent == [("roll_back", an_id("pb", 1), "r2 broke it")])
        await driver.shown("r3 by maya, r1 again")


def requested(**options: Any) -> Estate:
    """An estate in which petra has asked for the publication of two files, one of them new."""
    made = estate(**options)
    texts = {one.path: one.text for one in published(2).files}
    texts["policies/one.cedar"] += "-- dashes\n// more, odd\n"
    texts["policies/two.cedar"] = '@id("two")\nforbid(principal, action, resource);\n'
    files = tuple({"path": path, "text": text} for path, text in texts.items())
    request = publication(bundle_id=an_id("pb", 50))
    asked = {"id": an_id("pb", 50), "revision": 0, "state": "requested", "files": files, "approval_id": request.id}
    base = {"base_digest": published(2).digest, "base_revision": 2, "reason": "tighter than before"}
    made.earlier.insert(0, published(2, **asked | base | {"digest": "sha256:" + "5" * 64}))
    made.put(made.earlier[0].model_copy(update={"files": ()}))
    made.put(request)
    return made


async def to_request(driver: Driver) -> None:
    await go(driver, an_id("ap", 50))
    driver.app.fetch(an_id("ap", 50))
    await driver.until(lambda: driver.app.world.detail_of(an_id("ap", 50)) is not None)


@SIZES
async def test_a_second_person_sees_author_base_differences_and_tests_and_approves(size: tuple[int, int]) -> None:
    made = requested()
    async with console(made, size) as driver:
        await to_request(driver)
        await driver.press("enter")
        for part in ("petra", "tighter than before", "1 file changed, 1 added", "3 of 3 pass", "Line 5 is it."):
            await driver.shown(part)
        for _ in range(3):
            await driver.press("pagedown")
        for part in ("◆ changed  policies/one.cedar", "+ -- dashes", "+ forbid(principal, action, resource);"):
            await driver.shown(part)
        await driver.press("escape", "a")
        await driver.open_sheet()
        await driver.shown("AUTHOR")
        await driver.press("y")
        await driver.until(lambda: made.sent)
        assert made.sent[0][0] == "review"
        assert made.sent[0][2].verdict == "approve"
        await driver.until(lambda: "done Approve" in driver.said)
        assert driver.app.world.undo_left() == 0.0


async def test_a_base_that_has_moved_is_said() -> None:
    made = requested()
    made.bundle = BundleView(bundle=published(3, digest="sha256:" + "3" * 64))
    async with console(made, (120, 40)) as driver:
        await to_request(driver)
        await driver.press("enter")
        await driver.shown("another bundle was published")


async def test_in_production_the_approval_of_a_publication_is_typed() -> None:
    made = requested()
    async with console(made, colour="red") as driver:
        await to_request(driver)
        await driver.press("a")
        await driver.open_sheet()
        await driver.type("estate")
        await driver.press("enter")
        await driver.until(lambda: made.sent)


@pytest.mark.parametrize("key", ["a", "r"])
async def test_who_may_not_review_a_publication_is_told_why(key: str) -> None:
    made = requested(roles=("approver", "policy-author"))
    made.excluded = {"maya": "Who asks does not review."}
    async with console(made) as driver:
        await to_request(driver)
        await driver.press(key)
        assert "another policy author decides this: who asks does not review" in driver.said.lower()
    made = requested(roles=("approver",))
    async with console(made) as driver:
        await to_request(driver)
        await driver.press(key)
        assert "takes the role policy-author" in driver.said
    made = requested()
    async with console(made) as driver:
        await go(driver, an_id("ap", 1))
        await driver.press(key)
        assert "takes the role approver" in driver.said
    assert made.sent == []
