"""What commands say in words: events, filters over them, the tally, the pulse. Nothing in a sign, nothing hidden."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from console.cli.containing import told, what_goes
from console.cli.doctor import of_webhooks
from console.cli.failures import Failure
from console.cli.happenings import KINDS, sentence
from console.cli.pulse import Estate, as_facts, pulse
from console.cli.watching import line_of, tree_for, wanted
from console.model.events import Event
from console.model.leases import LeaseState
from console.model.locks import ContainmentPreview, ContainmentTally, Receipt
from console.model.notices import WebhookStatus
from console.model.scales import RiskLevel
from tests.server.notices.receiver import a_lease, a_lock, an_approval, an_id
from tests.server.world import START

from .program import ROOT

NOW = START + timedelta(seconds=60)


def event(kind: str, entity: Any, actor: str = "ravi") -> Event:
    body = entity.model_dump(mode="json")
    return Event(cursor=1, at=START, kind=kind, collection=entity.collection, id=entity.id, actor=actor, body=body)


def test_every_kind_of_event_that_the_plane_tells_has_its_words() -> None:
    told_kinds = set()
    for path in (ROOT / "console" / "server").rglob("*.py"):
        objects = "agent|task|decision|lease|approval|grant|lock|bundle|operator"
        told_kinds |= set(re.findall(rf'"((?:{objects})\.[a-z_]+)"', Path(path).read_text()))
    assert told_kinds
    assert told_kinds - KINDS == {"agent.state"}, "which is the name of a fact"


@pytest.mark.parametrize(
    ("kind", "entity", "says"),
    [
        (
            "approval.requested",
            an_approval(),
            "Critical risk 85: executor-2 asks for customers.export on crm/customers (confidential), until 2026-11-23 04:00",
        ),
        ("lease.irrevocable", a_lease(), "is STUCK: the issuer did not confirm its revocation, by ravi: no answer"),
        ("lease.active", a_lease(state=LeaseState.ACTIVE), "is active until 2026-11-23 03:05:00Z, by ravi"),
        ("lock.placed", a_lock(), "The agent executor-2 is locked, by ravi: it reads too much"),
        ("something.new", a_lock(), f"something.new: locks {an_id('lk')}, by ravi"),
    ],
)
def test_an_event_is_one_line_in_words(kind: str, entity: Any, says: str) -> None:
    line = line_of(event(kind, entity))
    assert line.startswith("03:00:00 ")
    assert says in line


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_body_of_any_shape_is_told_without_failing(kind: str) -> None:
    for body in ({}, {"ask": 7, "risk": "x", "reviews": [None]}, {"agent_name": ["a"], "expires_at": "soon", "name": True}):
        assert sentence(kind, body, "", object="x", object_id="y")


@pytest.mark.parametrize(
    ("filter", "collection", "is_told"),
    [
        ("", None, True),
        ("kind:lease.*", None, True),
        ("agent:executor-2 state:irrevocable", None, True),
        ("agent:planner*", None, False),
        ("level:>=high", None, True),
        ("not kind:lease.irrevocable", None, False),
        ("of:leases issuer:tokens", None, True),
        ("executor", None, True),
        ("state:irrevocable", "leases", True),
        ("state:active", "leases", False),
        ("state:pending", "approvals", False),
    ],
)
def test_the_filter_language_is_that_of_the_console(filter: str, collection: str | None, is_told: bool) -> None:
    one = event("lease.irrevocable", a_lease())
    assert wanted(one, tree_for(filter, collection), collection, NOW) == is_told


def test_a_filter_with_an_error_points_at_its_character() -> None:
    with pytest.raises(Failure, match="wrong at character 5") as caught:
        tree_for("kind:", None)
    assert caught.value.errors[0].position == 5
    with pytest.raises(Failure) as caught:
        tree_for("agent:x agnt:y", None)
    assert caught.value.errors[0].text.startswith("agent:x  >>> agnt:y")


def test_a_preview_says_what_goes_by_issuer_and_revocability() -> None:
    preview = ContainmentPreview(
        agent_id=an_id("ag"),
        agent_name="executor-2",
        critical=True,
        tasks=2,
        delegated_tasks=1,
        delegates=("summariser",),
        leases=3,
        leases_by_issuer={"tokens": 3},
        leases_by_revocability={"instant": 2, "at-expiry-only": 1},
        approvals=1,
        grants=0,
        people_waiting=("a-customer",),
        residual_exposure_at=NOW,
    )
    said = what_goes(preview)
    assert "Containing executor-2, a critical agent, takes with it: 2 tasks, 1 delegated tasks (summariser), 3 leases" in said
    assert "Leases by issuer: tokens 3." in said
    assert "Leases by revocability: at-expiry-only 1, instant 2." in said
    assert "The last credential dies at 2026-11-23 03:01:00Z at the latest." in said


def test_a_tally_is_done_only_when_nothing_is_open() -> None:
    lock = a_lock(receipts=(Receipt(step="lock", at=START, count=1, text="1 lock placed"),))
    open_leases = [a_lease(1, LeaseState.REVOKING), a_lease(2)]
    tally = ContainmentTally(
        lock=lock, leases=3, confirmed=1, expired=0, revoking=1, irrevocable=1, last_exposure_at=START + timedelta(seconds=330)
    )
    said = told(tally, open_leases, NOW)
    assert "Done." not in said
    assert "Leases 3: 1 confirmed, 0 expired, 1 revoking, 1 irrevocable. Not done yet:" in said
    assert "Not confirmed by issuer: tokens 2." in said
    assert f"{an_id('ls')} at tokens: revoking, not confirmed yet, dies at 2026-11-23 03:05:30Z, in 4m 30s" in said
    assert "stuck, the issuer did not confirm" in said
    assert "What to do by hand:" in said
    done = tally.model_copy(update={"confirmed": 3, "revoking": 0, "irrevocable": 0})
    assert "Done." in told(done, [], NOW)


def test_the_pulse_is_words_and_each_figure_has_its_command() -> None:
    estate = Estate(
        NOW,
        leases=[a_lease(1), a_lease(2, LeaseState.ACTIVE), a_lease(3, LeaseState.REVOKING)],
        approvals=[an_approval(), an_approval(2, RiskLevel.LOW)],
    )
    said = {figure.name: figure.text for figure in pulse(estate)}
    assert said["approvals waiting"].startswith("2, 1 of them critical; the oldest waits for 1m 00s; the first runs out at")
    assert said["stuck revocations"] == "1; 1 more being revoked and not confirmed yet"
    assert said["live leases"] == "1; the next ends at 2026-11-23 03:05:00Z"
    assert said["by class"] == "confidential 1"
    assert said["policy"] == "no bundle is in force: everything is denied"
    assert all(figure.command.startswith("leasehold ") for figure in pulse(estate))
    assert as_facts(pulse(Estate(NOW)))["approvals_waiting"]["text"] == "none"


@pytest.mark.parametrize(
    ("found", "state", "says"),
    [
        ((), "not checked", "no webhook is configured"),
        (({"delivered": 7},), "ok", "1 webhooks, 7 delivered"),
        (
            ({"failing_since": START, "attempts": 3, "last_error": "answered 500"},),
            "error",
            "on-call (tried 3 times: answered 500)",
        ),
        (({"given_up": 2, "last_error": "answered 500"},), "warning", "given up: on-call 2"),
        (({"given_up": 2, "delivered": 9},), "ok", "9 delivered"),
    ],
)
def test_the_doctor_says_whether_word_goes_out(found: tuple[dict[str, Any], ...], state: str, says: str) -> None:
    known = {"name": "on-call", "shape": "plain", "host": "a.test", "events": (), "cursor": 1, "behind": 0}
    finding = of_webhooks([WebhookStatus(**(known | {"delivered": 0, "given_up": 0} | one)) for one in found])
    assert finding.state == state
    assert says in finding.text
    assert bool(finding.fix) == (state != "ok")
