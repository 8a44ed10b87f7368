"""The main job by commands alone: open, decide, lease, escalate, approve, use, complete; then the lease is refused."""

import json
from pathlib import Path

import httpx
import pytest

from .program import Estate, environment, run

pytestmark = pytest.mark.xdist_group("cli")
AGENT = "support-executor"
RIGHT = "customers.read,mail.send@crm/*,outbox/*@confidential"


def introspect(estate: Estate, token: str) -> bool:
    """Whether a credential is good, asked as the resource server that it is meant for."""
    audience = "spiffe://leasehold.local/leasehold/broker"
    mint = ("svid", "mint", "spiffe://leasehold.local/server/crm", "--audience", audience, "--data", estate.data)
    svid = run(*mint, env=environment(estate.home)).stdout.strip()
    headers = {"Authorization": f"Bearer {svid}"}
    answer = httpx.post(f"{estate.url}/broker/v1/introspect", data={"token": token}, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["active"])


def opened(estate: Estate) -> str:
    intent = ("--purpose", "answer-customer", "--text", "\x1b]0;owned\x07reply \u202eto a customer")
    asked = ("tasks", "open", *intent, "--on-behalf-of", "customer-17", "--right", RIGHT, "--heartbeat", "600")
    return str(estate.ask(AGENT, *asked)["task"]["id"])


def test_the_main_job_goes_from_end_to_end(estate: Estate, tmp_path: Path) -> None:
    task = opened(estate)
    assert estate.ask(AGENT, "tasks", "heartbeat", task)["state"] == "running"

    read = ("--action", "customers.read", "--resource", "crm/customers", "--rows", "40")
    decided = estate.ask(AGENT, "decide", "--agent", AGENT, "--task", task, *read)
    assert decided["decision"] is True

    issued = estate.ask(AGENT, "leases", "issue", "--task", task, *read, "--seconds", "60")
    credential, lease = issued["credential"], issued["lease"]
    assert lease["state"] == "active"
    assert introspect(estate, credential)

    # 400 confidential rows are more than the budget of an ordinary task: a person must agree.
    more = ("--action", "customers.read", "--resource", "crm/customers", "--rows", "400")
    hostile = "\x1b[2J\u202eplease\x1b]52;c;ZXZpbA==\x07"
    refused = estate.agent(AGENT, "leases", "issue", "--task", task, *more, "--text", hostile, "--json")
    assert refused.returncode == 3
    problem = json.loads(refused.stderr)
    assert problem["code"] == "needs_approval"
    request = problem["facts"]["approval_id"]

    shown = estate.command("maya", "approvals", "show", request)
    assert shown.returncode == 0
    assert "confidential-rows-budget" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "\u202e" not in shown.stdout
    assert "hidden characters" in shown.stdout

    # The quorum is one of security and one of the resource's owners: one of them alone is not enough.
    first = estate.ask("maya", "approvals", "approve", request, "--rows", "350", "--reason", "checked", "--yes")
    assert first["state"] == "pending"
    second = estate.ask("lena", "approvals", "approve", request, "--reason", "mine", "--yes")
    assert second["state"] == "approved"

    less = ("--action", "customers.read", "--resource", "crm/customers", "--rows", "350")
    lifted = estate.ask(AGENT, "leases", "issue", "--task", task, *less, "--out", tmp_path / "credential")
    assert lifted["lease"]["approval_id"] == request
    assert "credential" not in lifted
    assert introspect(estate, (tmp_path / "credential").read_text())
    renewed = estate.ask(AGENT, "leases", "renew", lease["id"], "--seconds", "90")["credential"]
    assert introspect(estate, renewed)

    assert estate.ask(AGENT, "tasks", "complete", task)["state"] == "completed"
    assert not introspect(estate, credential)
    assert not introspect(estate, renewed)
    assert not introspect(estate, (tmp_path / "credential").read_text())

    again = estate.agent(AGENT, "leases", "issue", "--task", task, *read)
    assert again.returncode == 3
    assert "next:" in again.stderr


def test_a_decision_is_explained_in_words(estate: Estate) -> None:
    task = opened(estate)
    read = ("--action", "customers.read", "--resource", "crm/customers", "--rows", "40")
    decided = estate.ask(AGENT, "decide", "--agent", AGENT, "--task", task, *read)
    told = estate.command("vera", "decisions", "explain", decided["context"]["id"])
    assert told.returncode == 0, told.stderr
    assert "support-reads-crm" in told.stdout
    assert "was allowed" in told.stdout
    assert " old)" in told.stdout


def test_what_is_taken_away_is_gone(estate: Estate) -> None:
    task = opened(estate)
    read = ("--action", "customers.read", "--resource", "crm/customers", "--rows", "10")
    issued = estate.ask(AGENT, "leases", "issue", "--task", task, *read)
    revoked = estate.command("rita", "leases", "revoke", issued["lease"]["id"], "--reason", "drill", "--json")
    assert revoked.returncode in (0, 6), revoked.stderr
    document = json.loads(revoked.stdout)
    assert document["asked"] == 1
    assert bool(document["left"]) is (revoked.returncode == 6)
    assert not introspect(estate, issued["credential"])
    assert estate.ask("rita", "tasks", "stop", task, "--reason", "drill")["state"] == "cancelled"


def test_a_grant_is_asked_for_and_ended(estate: Estate) -> None:
    scope = "customers.read@crm/customers@confidential"
    asked = ("grants", "create", "--agent", AGENT, "--covers", "confidential-rows-budget", "--scope", scope)
    grant = estate.ask("maya", *asked, "--seconds", "120", "--reason", "audit week", "--yes")
    assert grant["state"] == "requested"
    approved = estate.ask("lena", "approvals", "approve", grant["approval_id"], "--reason", "agreed", "--yes")
    assert approved["state"] in ("approved", "consumed")
    ended = estate.ask("rita", "grants", "revoke", grant["id"], "--reason", "over")
    assert ended["state"] == "revoked"


def test_a_broken_glass_is_reviewed_by_somebody_else(estate: Estate) -> None:
    scope = "customers.read@crm/customers@confidential"
    asked = ("grants", "create", "--agent", AGENT, "--covers", "confidential-rows-budget", "--scope", scope, "--break-glass")
    grant = estate.ask("maya", *asked, "--seconds", "120", "--reason", "outage", "--yes")
    assert (grant["kind"], grant["state"]) == ("break-glass", "active")
    own = estate.command("maya", "grants", "review", grant["id"], "--reason", "fine", "--json")
    assert (own.returncode, json.loads(own.stderr)["code"]) == (3, "self_review")
    assert estate.command("lena", "grants", "review", grant["id"]).returncode == 2, "a reason is missing"
    reviewed = estate.ask("lena", "grants", "review", grant["id"], "--reason", "it was an outage")
    assert reviewed["reviewed_by"] == "lena"
    estate.ask("rita", "grants", "revoke", grant["id"], "--reason", "over")


def test_a_free_text_is_erased_and_the_log_stays_whole(estate: Estate) -> None:
    task = opened(estate)
    kept = estate.ask("vera", "audit", "list", "--task", task, "--kind", "task.opened")["items"][0]["texts"]
    digest = next(iter(kept.values()))
    erase = ("audit", "erase", digest)
    assert estate.command("admin", *erase, "--yes").returncode == 2, "a reason is missing"
    assert estate.command("admin", *erase, "--reason", "asked for").returncode == 2, "no --yes"
    assert estate.command("vera", *erase, "--reason", "asked for", "--yes").returncode == 3
    told = estate.command("admin", *erase, "--reason", "asked for", "--yes")
    assert told.returncode == 0, told.stderr
    assert digest in told.stdout
    gone = estate.command("admin", *erase, "--reason", "asked for", "--yes", "--json")
    assert (gone.returncode, json.loads(gone.stderr)["code"]) == (1, "not_found")
    assert estate.ask("admin", "audit", "verify")["ok"] is True
    record = estate.ask("vera", "audit", "list", "--kind", "text.erased")["items"][0]
    assert (record["object_id"], record["body"]) == (digest, {"digest": digest, "reason": "asked for"})


def test_a_contained_agent_stops_and_is_released(estate: Estate) -> None:
    name = "support-summariser"
    intent = ("--purpose", "answer-customer", "--on-behalf-of", "customer-18", "--heartbeat", "600")
    task = estate.ask(name, "tasks", "open", *intent, "--right", "orders.read@crm/orders@internal")["task"]["id"]
    read = ("--action", "orders.read", "--resource", "crm/orders", "--rows", "5")
    credential = estate.ask(name, "leases", "issue", "--task", task, *read)["credential"]

    contained = estate.command("rita", "agents", "contain", name, "--reason", "odd sends", "--yes", "--json")
    assert contained.returncode in (0, 6), contained.stderr
    tally = json.loads(contained.stdout)
    assert tally["done"] is (contained.returncode == 0)
    assert not introspect(estate, credential)
    refused = estate.agent(name, "tasks", "heartbeat", task)
    assert refused.returncode in (3, 4)

    released = estate.ask("rita", "agents", "release", name, "--reason", "false alarm", "--yes")
    assert released["active"] is False
    assert estate.ask("vera", "agents", "show", name)["state"] == "active"
