"""The shapes: what each receiver expects, and nothing in them that it would take for markup."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from console.model.notices import NoticeKind
from console.model.scales import RiskLevel
from console.server.notices.notice import Notice, of_event
from console.server.notices.shapes import MOST_BYTES, ShapeName, body_of, slack_escaped
from tests.server.world import START

from .receiver import a_lock, an_approval

SHAPES: tuple[ShapeName, ...] = ("plain", "slack", "teams", "pagerduty")
HOSTILE = (
    "<!channel>",
    "<!everyone> <@U012>",
    "<https://evil.test|approve here>",
    "[approve](https://evil.test)",
    "*bold* _it_ ~no~ `code`",
    "<at>everyone</at>",
    "![x](https://evil.test/x.png)",
    "\u202e\u200b\x1b]8;;https://evil.test\x07",
    '","text":"x"}',
    "x" * 100_000,
)


def made(kind: str = "approval.requested", **more: Any) -> Notice:
    entity = an_approval(**more) if kind.startswith("approval") else a_lock(**more)
    notice = of_event(kind, entity, at=START, told={}, stuck=lambda _lease: 0)
    assert notice is not None
    return notice


def body(shape: ShapeName, notice: Notice, secret: str = "") -> Any:
    return json.loads(body_of(shape, notice, plane="eu1", environment="production", secret=secret))


def texts(value: Any) -> Iterator[str]:
    """Every text of a body, keys apart."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


def test_plain_is_the_payload_of_the_standard() -> None:
    told = body("plain", made())
    assert (told["type"], told["timestamp"]) == ("approval.critical", "2026-11-23T03:00:00Z")
    assert told["data"]["facts"]["risk"] == "critical 85"
    assert told["data"]["command"].startswith("leasehold approvals show ap_")
    assert (told["data"]["plane"], told["data"]["environment"]) == ("eu1", "production")


def test_slack_is_blocks_of_plain_text() -> None:
    told = body("slack", made())
    assert told["text"] == "production: A critical request waits for approval"
    assert told["mrkdwn"] is False
    assert [block["type"] for block in told["blocks"]] == ["header", "section", "section", "context"]
    objects = [told["blocks"][0]["text"], *told["blocks"][1]["fields"], *told["blocks"][-1]["elements"]]
    assert {one["type"] for one in objects} == {"plain_text"}
    assert len(told["blocks"][1]["fields"]) <= 10
    assert any("executor-2" in one["text"] for one in objects)


def test_teams_is_an_adaptive_card_of_text_without_markdown() -> None:
    told = body("teams", made())
    assert told["type"] == "message"
    (attachment,) = told["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for block in card["body"] for run in block["inlines"]} == {"TextRun"}
    assert "msteams" not in card


def test_pagerduty_begins_and_resolves_one_incident() -> None:
    placed = body("pagerduty", made("lock.placed"), secret="ROUTING")
    released = body("pagerduty", made("lock.released", active=False), secret="ROUTING")
    assert (placed["event_action"], released["event_action"]) == ("trigger", "resolve")
    assert placed["dedup_key"] == released["dedup_key"]
    assert placed["routing_key"] == released["routing_key"] == "ROUTING"
    assert placed["payload"]["severity"] == "critical"
    assert placed["payload"]["summary"] == "production: An agent was contained (executor-2)"
    assert placed["payload"]["source"] == "eu1"
    assert "payload" not in released


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_inert_and_bounded_in_every_shape(shape: ShapeName, text: str) -> None:
    approval = an_approval()
    ask = approval.ask
    assert ask is not None
    # The types refuse such names; what is sent must not rest on that.
    hostile = approval.model_copy(
        update={"agent_name": text, "requested_by": text, "ask": ask.model_copy(update={"action": text, "environment": text})}
    )
    notice = of_event("approval.requested", hostile, at=START, told={}, stuck=lambda _lease: 0)
    assert notice is not None
    data = body_of(shape, notice, plane="eu1", environment="production", secret="k")
    assert len(data) <= MOST_BYTES
    assert data.isascii()
    for one in texts(json.loads(data)):
        assert "<" not in one
        assert "](" not in one
        assert "`" not in one
        assert "*" not in one
        assert one.replace("\n", "").isprintable()


@pytest.mark.parametrize("shape", SHAPES)
def test_only_pagerduty_is_sent_the_secret(shape: ShapeName) -> None:
    assert (b"TOP-SECRET" in body_of(shape, made(), plane="p", environment="e", secret="TOP-SECRET")) == (shape == "pagerduty")


def test_slack_control_characters_become_entities() -> None:
    assert slack_escaped("<!channel> & <url|x>") == "&lt;!channel&gt; &amp; &lt;url|x&gt;"


def test_a_body_beyond_its_bound_is_refused() -> None:
    facts = {f"{n}" * 100: "\u00e9" * 200 for n in range(16)}
    notice = Notice("n", NoticeKind.LEASE_STUCK, "s", START, "t", RiskLevel.LOW, facts)
    with pytest.raises(ValueError, match="bound"):
        body_of("plain", notice, plane="p" * 10_000, environment="e")
