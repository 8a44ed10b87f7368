"""The shapes of a notice: plain JSON, Slack, Teams, PagerDuty. Pure; owns the bytes of each body and their bound.

No field that a receiver reads as markup ever holds anything but our own words and ids:

- Slack: Block Kit with `plain_text` objects, in which neither `<!channel>` nor `<url|text>` nor `*bold*` means anything; the
  fallback `text` is our own title with its control characters escaped, and `mrkdwn` is off.
  https://docs.slack.dev/messaging/formatting-message-text
- Teams (Workflows, "when a webhook request is received"): an Adaptive Card of `RichTextBlock`s, whose `TextRun`s are the text
  element without markdown; no `msteams.entities`, so that nobody is mentioned.
  https://adaptivecards.io/explorer/TextRun.html
- PagerDuty: Events API v2, whose summary and details are plain text. `dedup_key` is the subject.
  https://developer.pagerduty.com/docs/send-alert-event
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

from console.model.scales import RiskLevel
from console.server.notices.notice import Notice

ShapeName: TypeAlias = Literal["plain", "slack", "teams", "pagerduty"]
MOST_BYTES: Final = 16_384
MOST_FACTS: Final = 16
_LINE: Final = 160
_SEVERITIES: Final = {
    RiskLevel.LOW: "info",
    RiskLevel.MEDIUM: "warning",
    RiskLevel.HIGH: "error",
    RiskLevel.CRITICAL: "critical",
}


def body_of(shape: ShapeName, notice: Notice, *, plane: str, environment: str, secret: str = "") -> bytes:
    """The body of a notice. `secret` is PagerDuty's routing key, and goes into no other shape.

    Raises ValueError when it would be larger than 16 KiB.
    """
    made = _SHAPES[shape](notice, plane, environment, secret)
    data = json.dumps(made, separators=(",", ":"), ensure_ascii=True).encode()
    if len(data) > MOST_BYTES:
        raise ValueError("the notice is larger than its bound")
    return data


def facts_of(notice: Notice) -> list[tuple[str, str]]:
    """The facts as bounded lines."""
    return [(name[:_LINE], text[:_LINE]) for name, text in list(notice.facts.items())[:MOST_FACTS]]


def _type(notice: Notice) -> str:
    return notice.kind.value if notice.kind is not None else "test"


def _heading(notice: Notice, environment: str) -> str:
    return f"{environment}: {notice.title}"


def _plain(notice: Notice, plane: str, environment: str, _secret: str) -> Mapping[str, Any]:
    """`type`, `timestamp` and `data`, as the Standard Webhooks specification recommends for a payload."""
    return {
        "type": _type(notice),
        "timestamp": notice.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": {
            "id": notice.id,
            "subject": notice.subject,
            "title": notice.title,
            "severity": notice.severity.value,
            "plane": plane,
            "environment": environment,
            "facts": dict(facts_of(notice)),
            "command": notice.command,
        },
    }


def slack_escaped(text: str) -> str:
    """Text in which Slack finds no mention, link or channel: its three control characters as entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack(notice: Notice, plane: str, environment: str, _secret: str) -> Mapping[str, Any]:
    facts = facts_of(notice)
    blocks: list[Mapping[str, Any]] = [{"type": "header", "text": _slack_plain(_heading(notice, environment)[:150])}]
    # A section takes ten fields at most.
    blocks += [
        {"type": "section", "fields": [_slack_plain(f"{name}\n{text}") for name, text in facts[start : start + 10]]}
        for start in range(0, len(facts), 10)
    ]
    context = [_slack_plain(text) for text in (notice.command, f"plane {plane}") if text]
    blocks.append({"type": "context", "elements": context})
    return {"text": slack_escaped(_heading(notice, environment)), "mrkdwn": False, "blocks": blocks}


def _slack_plain(text: str) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": slack_escaped(text), "emoji": False}


def _teams(notice: Notice, plane: str, environment: str, _secret: str) -> Mapping[str, Any]:
    lines = [_run(_heading(notice, environment), weight="Bolder", size="Medium")]
    lines += [_run(f"{name}: {text}") for name, text in facts_of(notice)]
    lines += [_run(notice.command, font="Monospace")] if notice.command else []
    lines.append(_run(f"plane {plane}", subtle=True))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": "Leasehold has a notice; see leasehold notices list.",
        "body": lines,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _run(
    text: str, *, weight: str = "Default", size: str = "Default", font: str = "Default", subtle: bool = False
) -> Mapping[str, Any]:
    run = {"type": "TextRun", "text": text, "weight": weight, "size": size, "fontType": font, "isSubtle": subtle}
    return {"type": "RichTextBlock", "inlines": [run]}


def _pagerduty(notice: Notice, plane: str, environment: str, secret: str) -> Mapping[str, Any]:
    event: dict[str, Any] = {
        "routing_key": secret,
        "event_action": "resolve" if notice.ends else "trigger",
        "dedup_key": notice.subject[:255],
    }
    if not notice.ends:
        agent = notice.facts.get("agent", "")
        event["payload"] = {
            "summary": f"{_heading(notice, environment)}{f' ({agent})' if agent else ''}"[:1024],
            "source": plane,
            "severity": _SEVERITIES[notice.severity],
            "timestamp": notice.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "class": _type(notice),
            "custom_details": dict(facts_of(notice)) | {"command": notice.command},
        }
    return event


_SHAPES: Final[Mapping[ShapeName, Callable[[Notice, str, str, str], Mapping[str, Any]]]] = {
    "plain": _plain,
    "slack": _slack,
    "teams": _teams,
    "pagerduty": _pagerduty,
}
