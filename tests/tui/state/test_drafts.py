"""Drafts on this machine: begun whole, kept, never written over, nothing outside the bundle."""

import os
from pathlib import Path

import pytest

from console.model.problems import ProblemError
from console.tui.state.drafts import MOST_FILE_BYTES, Base, Draft, Drafts, changes_of, difference

FIRST, SECOND = "sha256:" + "11" * 32, "sha256:" + "22" * 32
FILES = {"manifest.toml": 'name = "a"\n', "policies/one.cedar": "permit;\n", "data/tools.toml": "\n"}


def base(digest: str = FIRST, revision: int = 1, files: dict[str, str] | None = None) -> Base:
    return Base(digest, revision, "estate", FILES if files is None else files)


def begun(folder: Path) -> Draft:
    return Drafts(folder, "here").begin(base())


def test_a_draft_is_the_bundle_until_it_is_edited_and_only_its_owners(tmp_path: Path) -> None:
    draft = begun(tmp_path)
    assert draft.read() == FILES
    assert draft.changes(draft.read()) == ()
    for held in (tmp_path / "drafts").rglob("*"):
        assert held.stat().st_mode & 0o077 == 0, held


def test_a_draft_is_kept_and_never_written_over(tmp_path: Path) -> None:
    begun(tmp_path).path_of("policies/one.cedar").write_text("permit;\nforbid;\n")
    again = begun(tmp_path)
    assert again.read()["policies/one.cedar"] == "permit;\nforbid;\n"
    moved = Drafts(tmp_path, "here").begin(base(SECOND, 2, {"manifest.toml": "x"}))
    assert moved.read() == {"manifest.toml": "x"}
    [other] = Drafts(tmp_path, "here").others(SECOND)
    assert other.base.revision == 1
    assert [(one.path, one.change) for one in other.changes(other.read())] == [("policies/one.cedar", "changed")]
    assert Drafts(tmp_path, "elsewhere").of(FIRST) is None
    assert not [one for one in (tmp_path / "drafts" / "here").iterdir() if one.name.startswith(".")]


def test_files_come_and_go_and_what_an_editor_leaves_is_no_part(tmp_path: Path) -> None:
    draft = begun(tmp_path)
    draft.path_of("policies/two.cedar").write_text("permit;")
    draft.path_of("data/tools.toml").unlink()
    for name in (".one.cedar.swp", "one.cedar~", "#one.cedar#", "4913"):
        (draft.folder / "files" / "policies" / name).write_text("left")
    assert [(one.path, one.change) for one in draft.changes(draft.read())] == [
        ("data/tools.toml", "removed"),
        ("policies/two.cedar", "added"),
    ]


def test_a_discarded_draft_is_gone(tmp_path: Path) -> None:
    draft = begun(tmp_path)
    draft.discard()
    assert Drafts(tmp_path, "here").of(FIRST) is None
    assert list((tmp_path / "drafts" / "here").iterdir()) == []


@pytest.mark.parametrize(
    "path",
    ["../x.toml", "/etc/x.toml", "policies/../../x.cedar", ".hidden.toml", "a//b.toml", "a\\b.toml", "a/b/c/d/e.toml", ""],
)
def test_no_path_leads_out_of_the_bundle(tmp_path: Path, path: str) -> None:
    with pytest.raises(ProblemError):
        begun(tmp_path).path_of(path)
    with pytest.raises(ProblemError):
        Drafts(tmp_path, "other").begin(base(files={path: "x"}))
    assert Drafts(tmp_path, "other").of(FIRST) is None


def test_links_and_what_is_too_large_or_no_text_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.toml"
    secret.write_text("hidden")
    draft = begun(tmp_path)
    link = draft.path_of("data/more.toml")
    link.symlink_to(secret)
    with pytest.raises(ProblemError, match="link"):
        draft.read()
    link.unlink()
    (draft.folder / "files" / "linked").symlink_to(tmp_path)
    with pytest.raises(ProblemError, match="link"):
        draft.read()
    (draft.folder / "files" / "linked").unlink()
    os.mkfifo(link)
    with pytest.raises(ProblemError, match="no file"):
        draft.read()
    link.unlink()
    link.write_bytes(b"\xff")
    with pytest.raises(ProblemError, match="UTF-8"):
        draft.read()
    link.write_bytes(b"x" * (MOST_FILE_BYTES + 1))
    with pytest.raises(ProblemError, match="bytes"):
        draft.read()


def test_a_damaged_base_is_named_and_no_reason_to_begin_anew(tmp_path: Path) -> None:
    draft = begun(tmp_path)
    (draft.folder / "base.json").write_text("{")
    drafts = Drafts(tmp_path, "here")
    with pytest.raises(ProblemError, match="damaged"):
        drafts.begin(base())
    assert drafts.others(SECOND) == []
    with pytest.raises(ProblemError):
        drafts.of("latest")


def test_a_difference_is_unified_and_bounded() -> None:
    told = difference("p.cedar", "one\ntwo\n", "one\nthree\n").split("\n")
    assert told[2:] == ["@@ -1,2 +1,2 @@", " one", "-two", "+three"]
    assert difference("p.cedar", "one\n", "one").split("\n")[3:] == ["-one", "+one (and no end of line)"]
    assert "too many" in difference("p", "a\n" * 30_000, "")
    long = difference("p", "", "a\n" * 5_000).split("\n")
    assert len(long) == 2_001
    assert "more lines" in long[-1]
    assert [one.change for one in changes_of({"a": "1", "b": "1"}, {"b": "2", "c": "3"})] == ["removed", "changed", "added"]
