"""What a review or a grant would come to, by commands; the card in words; and an approval taken back."""

import json

import pytest

from .program import Estate
from .test_walk import AGENT, opened

pytestmark = pytest.mark.xdist_group("cli")


def asked(estate: Estate) -> str:
    """A request that waits for a person: more rows than the budget of an ordinary task."""
    more = ("--action", "customers.read", "--resource", "crm/customers", "--rows", "400")
    refused = estate.agent(AGENT, "leases", "issue", "--task", opened(estate), *more, "--json")
    return str(json.loads(refused.stderr)["facts"]["approval_id"])


def test_the_card_tells_access_history_and_own_load_in_words(estate: Estate) -> None:
    first = asked(estate)
    estate.ask("maya", "approvals", "reject", first, "--reason", "not today")
    shown = estate.command("maya", "approvals", "show", asked(estate))
    assert shown.returncode == 0, shown.stderr
    facts = dict(line.split("  ", 1) for line in shown.stdout.splitlines() if "  " in line)
    facts = {name: text.strip() for name, text in facts.items()}
    assert "rejected by maya" in facts["before"]
    assert facts["leases now"].endswith("with this 1")
    assert "this hour" in facts["your load"]


def test_a_narrowing_is_previewed_and_nothing_changes(estate: Estate) -> None:
    request = asked(estate)
    told = estate.ask("vera", "approvals", "preview", request, "--rows", "350")
    assert (told["outcome"], told["ask"]["rows"], told["shown_revision"]) == ("escalate", 350, 1)
    words = estate.command("vera", "approvals", "preview", request, "--rows", "10")
    assert words.returncode == 0, words.stderr
    assert words.stdout.startswith("outcome")
    wider = estate.command("vera", "approvals", "preview", request, "--rows", "4000", "--json")
    assert (wider.returncode, json.loads(wider.stderr)["code"]) == (2, "invalid")
    assert estate.ask("maya", "approvals", "show", request)["approval"]["revision"] == 1


def test_an_approval_is_taken_back(estate: Estate) -> None:
    request = asked(estate)
    estate.ask("maya", "approvals", "approve", request, "--reason", "seen", "--yes")
    assert estate.ask("maya", "approvals", "withdraw", request, "--reason", "wrong one")["reviews"] == []
    again = estate.command("maya", "approvals", "withdraw", request, "--reason", "wrong one", "--json")
    assert json.loads(again.stderr)["code"] == "not_found"


def test_a_grant_is_previewed_and_not_given(estate: Estate) -> None:
    scope = "customers.read@crm/customers@confidential"
    terms = ("--agent", AGENT, "--covers", "confidential-rows-budget", "--scope", scope, "--seconds", "120")
    before = estate.ask("maya", "grants", "list")
    told = estate.ask("maya", "grants", "preview", *terms)
    assert told["given_at_once"] is False
    assert {part["group"] for part in told["quorum"]} >= {"security"}
    loud = estate.command("maya", "grants", "preview", *terms, "--break-glass")
    assert loud.returncode == 0, loud.stderr
    assert "given at once" in loud.stdout
    assert "review it by" in loud.stdout
    assert len(estate.ask("maya", "grants", "list")["items"]) == len(before["items"])
