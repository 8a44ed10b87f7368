"""Publishing a bundle from a folder, its review by another author, the history, and rolling back: by commands."""

import json
import shutil
from pathlib import Path

import pytest

from .program import ROOT, Estate

pytestmark = pytest.mark.xdist_group("cli")
BUNDLE = ROOT / "sample_config" / "bundle"
AUTHORS = ("paul", "pia")


@pytest.fixture
def folder(estate: Estate, tmp_path: Path) -> Path:
    """A draft that adds a file, in a plane with two policy authors."""
    for name in AUTHORS:
        if name not in estate.tokens:
            estate.tokens[name] = estate.home / f"{name}.token"
            role = ("--role", "policy-author", "--out", estate.tokens[name])
            estate.ask("admin", "operators", "add", name, *role)
    shutil.copytree(BUNDLE, tmp_path / "draft")
    (tmp_path / "draft" / "policies" / "note.cedar").write_text("// what the night shift left\n")
    return tmp_path / "draft"


def in_force(estate: Estate) -> dict[str, object]:
    bundle: dict[str, object] = estate.ask("vera", "policy", "show")["bundle"]
    return bundle


def test_a_draft_is_published_by_another_author_and_rolled_back(estate: Estate, folder: Path) -> None:
    first = in_force(estate)
    different = estate.ask("vera", "policy", "diff", folder)
    assert list(different["files"]) == ["policies/note.cedar"]
    told = estate.command("paul", "policy", "publish", folder, "--reason", "a note", "--yes")
    assert told.returncode == 0, told.stderr
    assert "1 of policy-author (pia)" in told.stdout
    request = told.stdout.split()[0]
    assert estate.ask("paul", "policy", "publish", folder, "--reason", "a note", "--yes")["approval"]["id"] == request
    card = estate.command("pia", "approvals", "show", request)
    assert card.returncode == 0, card.stderr
    assert "policies/note.cedar" in card.stdout
    assert "  | +// what the night shift left" in card.stdout
    own = estate.command("paul", "approvals", "approve", request, "--reason", "mine", "--yes", "--json")
    assert json.loads(own.stderr)["code"] == "self_review"
    assert in_force(estate) == first

    agreed = estate.command("pia", "approvals", "approve", request, "--reason", "read it", "--yes")
    second = in_force(estate)
    assert agreed.stdout.splitlines() == [f"{request} is consumed.", f"{second['id']} is in force."]
    assert (second["digest"], second["author"], second["reason"]) == (different["after"], "paul", "a note")
    back = estate.ask("pia", "policy", "rollback", "--to", str(first["revision"]), "--reason", "not now", "--yes")
    assert (back["restores"], back["digest"]) == (first["revision"], first["digest"])
    again = estate.command("pia", "policy", "rollback", str(second["id"]), "--reason", "now", "--yes")
    assert again.returncode == 0, again.stderr
    assert f"the files of revision {second['revision']}" in again.stdout
    assert estate.ask("pia", "policy", "rollback", str(first["id"]), "--reason", "clean up", "--yes")["restores"] == 1
    listed = estate.command("vera", "policy", "history")
    rows = [line.split()[:3] for line in listed.stdout.splitlines()[1:5]]
    assert [row[1] for row in rows] == ["published", "superseded", "superseded", "superseded"]
    assert "back to revision 1: clean up" in listed.stdout


def test_what_cannot_be_published_says_why(estate: Estate, folder: Path) -> None:
    def refused(*args: str | Path, who: str = "paul") -> tuple[int, str]:
        done = estate.command(who, "policy", *args, "--json")
        return done.returncode, json.loads(done.stderr.splitlines()[-1])["code"]

    assert refused("publish", folder, "--yes") == (2, "usage")
    assert refused("publish", folder, "--reason", "x") == (2, "usage")
    assert refused("publish", folder, "--reason", "x", "--yes", who="maya") == (3, "not_allowed")
    assert refused("publish", BUNDLE, "--reason", "x", "--yes") == (4, "nothing_changed")
    moved = ("--base", "sha256:" + "0" * 64)
    assert refused("publish", folder, "--reason", "x", "--yes", *moved) == (4, "conflict")
    (folder / "policies" / "note.cedar").write_text("forbid (")
    assert refused("publish", folder, "--reason", "x", "--yes") == (1, "bundle_refused")
    assert refused("rollback", "--reason", "x", "--yes") == (2, "usage")
    assert refused("rollback", "--to", "999", "--reason", "x", "--yes") == (1, "not_found")
    assert refused("rollback", str(in_force(estate)["id"]), "--reason", "x", "--yes") == (4, "not_an_edge")


def test_its_author_takes_it_back_by_command(estate: Estate, folder: Path) -> None:
    (folder / "policies" / "note.cedar").write_text("// taken back\n")
    request = estate.ask("paul", "policy", "publish", folder, "--reason", "a note", "--yes")["approval"]["id"]
    assert estate.ask("paul", "approvals", "withdraw", request, "--reason", "not yet")["state"] == "cancelled"
