"""One attempt to deliver a notice: a POST to the address that was configured, and to no other.

Redirects are not followed, the environment's proxies and credentials are not used, and of the answer only its status and
one header are read: its body is never taken in. No error quotes an address or an answer: either may hold a secret.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from console.model.notices import NoticeKind
from console.server.notices.notice import Notice
from console.server.notices.shapes import ShapeName, body_of
from console.server.notices.signing import key_of, signed_headers, unsigned_headers

if TYPE_CHECKING:
    import httpx

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
AGENT = "Leasehold-Notices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver as the roof hands it down. Spans are seconds. `url` and `secret` are never told."""

    name: str
    url: str = field(repr=False)
    shape: ShapeName = "plain"
    secret: str = field(default="", repr=False)
    events: frozenset[NoticeKind] = frozenset(NoticeKind)
    timeout_seconds: float = 10.0
    tries: int = 8
    deadline_seconds: int = 300

    @property
    def host(self) -> str:
        """The host of its address: all of it that may be shown."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an attempt: delivered, or why not. `wait_seconds` is what the receiver asked for (Retry-After)."""

    delivered: bool
    status: int | None = None
    error: str = ""
    wait_seconds: float = 0.0
    final: bool = False
    """The receiver said that it is gone for good."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait between attempts, in seconds: exponential backoff with full jitter, up to a bound."""

    first_seconds: float = 1.0
    longest_seconds: float = 120.0

    def wait(self, attempts: int, random: Random, asked: float = 0.0) -> float:
        """How long to wait after so many attempts; never less than the receiver asked for, within the bound."""
        ceiling = min(self.longest_seconds, self.first_seconds * 2 ** min(attempts - 1, 32))
        return max(random.uniform(0, ceiling), min(asked, self.longest_seconds))


class Sender:
    """Sends notices to one webhook. `now` gives the plane's time."""

    def __init__(
        self,
        webhook: Webhook,
        now: Callable[[], datetime],
        *,
        plane: str,
        environment: str,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        # A plane without webhooks never loads it, nor what it brings.
        import httpx  # noqa: PLC0415

        # It would log every address that is asked, and with Slack and Teams the address is the secret.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._failures = (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError, UnicodeError)
        self._webhook = webhook
        self._now = now
        self._plane = plane
        self._environment = environment
        self._key = key_of(webhook.secret) if webhook.secret and webhook.shape != "pagerduty" else None
        self._http = httpx.AsyncClient(
            transport=transport,
            timeout=webhook.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=2, max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def send(self, notice: Notice) -> Answer:
        """Try once. Never raises for what the receiver or the network does."""
        webhook = self._webhook
        secret = webhook.secret if webhook.shape == "pagerduty" else ""
        try:
            body = body_of(webhook.shape, notice, plane=self._plane, environment=self._environment, secret=secret)
        except ValueError:
            return Answer(delivered=False, error="it would be larger than its bound", final=True)
        seconds = int(self._now().timestamp())
        headers = {"Content-Type": "application/json", "User-Agent": AGENT, "Accept-Encoding": "identity"}
        if self._key is not None:
            headers |= signed_headers(self._key, notice.id, seconds, body)
        else:
            headers |= unsigned_headers(notice.id, seconds)
        try:
            async with (
                asyncio.timeout(webhook.timeout_seconds),
                self._http.stream("POST", webhook.url, content=body, headers=headers) as response,
            ):
                return _judge(response.status_code, response.headers.get_list("retry-after"))
        except TimeoutError:
            return Answer(delivered=False, error=f"no answer within {webhook.timeout_seconds:g} s")
        except self._failures as error:
            return Answer(delivered=False, error=f"not reached ({type(error).__name__})")


def _judge(status: int, retry_after: Sequence[str]) -> Answer:
    """Only a 2xx is a delivery (Standard Webhooks, "Deliverability and reliability"); 410 says that nobody is there."""
    if 200 <= status < 300:
        return Answer(delivered=True, status=status)
    if status == 410:
        return Answer(delivered=False, status=status, error="answered 410: it is gone", final=True)
    # RFC 9110, section 10.2.3: seconds, or a date, which is not taken here.
    asked = retry_after[0].strip() if retry_after else ""
    wait = float(asked) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 0.0
    return Answer(delivered=False, status=status, error=f"answered {status}", wait_seconds=wait)
