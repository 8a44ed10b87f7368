"""Reviewing a framework by commands: show, review with a note, and what is written out afterwards."""

import csv
import io
import json

import pytest

from .program import Estate

pytestmark = pytest.mark.xdist_group("cli")
FRAMEWORK, CONTROL = "owasp_nhi_2025", "NHI7:2025"


def test_a_row_is_reviewed_and_the_report_carries_its_digests(estate: Estate) -> None:
    assert estate.command("maya", "frameworks", "review", FRAMEWORK, CONTROL).returncode == 2, "a note is missing"
    assert estate.command("vera", "frameworks", "review", FRAMEWORK, CONTROL, "--note", "x").returncode == 3
    unknown = estate.command("maya", "frameworks", "review", FRAMEWORK, "no\x1b[31msuch", "--note", "x")
    assert unknown.returncode == 1
    assert "\x1b" not in unknown.stderr
    told = estate.command("maya", "frameworks", "review", FRAMEWORK, CONTROL, "--note", "read the leases")
    assert told.returncode == 0, told.stderr
    assert "marked reviewed by maya" in told.stdout
    assert "sha256:" in told.stderr
    assert "maya" in estate.command("vera", "frameworks", "show", FRAMEWORK).stdout
    record = estate.ask("vera", "audit", "list", "--kind", "framework.reviewed")["items"][0]
    assert record["object_id"] == f"{FRAMEWORK}:{CONTROL}"
    assert record["body"]["entity"]["note"] == "read the leases"

    document = estate.ask("vera", "frameworks", "report", FRAMEWORK)
    row = next(one for one in document["view"]["rows"] if one["control"] == CONTROL)
    assert row["review"]["reviewer"] == "maya"
    assert row["digest"].startswith("sha256:")
    assert document["catalogue_digest"] == document["view"]["catalogue_digest"] != ""
    lines = list(csv.reader(io.StringIO(estate.command("vera", "frameworks", "report", FRAMEWORK, "--format", "csv").stdout)))
    column = lines[0].index("reviewed by")
    assert {line[column] for line in lines if line[:2] == [FRAMEWORK, CONTROL]} == {"maya"}
    page = estate.command("vera", "frameworks", "report", FRAMEWORK).stdout
    assert "Digest of the catalogue" in page
    assert json.dumps(document).isascii()
