"""One attempt, against a real receiver: signed, to the address that was configured, and bounded whatever comes back."""

import asyncio
import base64
import hashlib
import hmac
import logging
import random

import pytest

from console.server.notices.notice import Notice, of_event
from console.server.notices.sending import Answer, Patience, Sender, Webhook
from console.server.notices.signing import key_of
from tests.server.world import START, TestClock

from .receiver import SECRET, a_lock, receiving

LIMIT = 3.0


def notice() -> Notice:
    made = of_event("lock.placed", a_lock(version=1), at=START, told={}, stuck=lambda _lease: 0)
    assert made is not None
    return made


async def sent(url: str, secret: str = SECRET, seconds: float = LIMIT) -> Answer:
    webhook = Webhook(name="on-call", url=url, secret=secret, timeout_seconds=seconds)
    async with Sender(webhook, TestClock().now, plane="eu1", environment="test") as sender:
        return await sender.send(notice())


def signature(message_id: str, stamp: str, body: bytes) -> str:
    """The signature as a receiver reckons it."""
    digest = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), f"{message_id}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest.digest()).decode()}"


async def test_a_receiver_can_verify_what_arrives() -> None:
    async with receiving() as receiver:
        assert (await sent(receiver.url)).delivered
    (message,) = receiver.arrived
    stamp = message.headers["webhook-timestamp"]
    assert message.headers["webhook-signature"] == signature(message.id, stamp, message.body)
    assert int(stamp) == int(START.timestamp())
    assert message.headers["content-type"] == "application/json"
    assert message.id == notice().id
    assert "authorization" not in message.headers
    assert "cookie" not in message.headers


async def test_without_a_secret_it_is_not_signed() -> None:
    async with receiving() as receiver:
        await sent(receiver.url, secret="")
    assert "webhook-signature" not in receiver.arrived[0].headers


@pytest.mark.parametrize(
    ("status", "delivered", "final"),
    [(200, True, False), (204, True, False), (400, False, False), (404, False, False), (410, False, True), (500, False, False)],
)
async def test_only_a_success_is_a_delivery(status: int, delivered: bool, final: bool) -> None:
    async with receiving(status) as receiver:
        answer = await sent(receiver.url)
    assert (answer.delivered, answer.final, answer.status) == (delivered, final, status)
    assert bool(answer.error) != delivered


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as other:
        there = f"HTTP/1.1 307 Go\r\nLocation: {other.url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        async with receiving(there) as receiver:
            answer = await sent(receiver.url)
    assert (answer.delivered, answer.status) == (False, 307)
    assert not other.arrived


async def test_an_endless_answer_is_not_taken_in() -> None:
    async with receiving(b"endless") as receiver:
        answer = await sent(receiver.url)
    assert answer.delivered, "its status said so"
    assert receiver.read_after < 16 * 1024 * 1024


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["silence", "half a header"])
async def test_a_receiver_that_hangs_has_its_time_and_no_more(answer: bytes | None) -> None:
    async with receiving(answer) as receiver, asyncio.timeout(LIMIT):
        got = await sent(receiver.url, seconds=0.2)
    assert not got.delivered
    assert got.error


@pytest.mark.parametrize("answer", [b"not http at all\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n"])
async def test_nonsense_is_an_error_and_no_more(answer: bytes) -> None:
    async with receiving(answer) as receiver:
        got = await sent(receiver.url)
    assert not got.delivered
    assert "not http" not in got.error


async def test_nobody_there_is_an_error_that_does_not_tell_the_address() -> None:
    async with receiving() as receiver:
        url = f"{receiver.url}/T0/B0/secret-part"
    got = await sent(url)
    assert not got.delivered
    assert "secret-part" not in got.error


async def test_a_host_that_is_no_name_is_an_error_and_no_more() -> None:
    answer = await sent("https://xn--/SECRET")
    assert not answer.delivered
    assert answer.error.startswith("not reached")
    assert "SECRET" not in answer.error


async def test_the_address_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with receiving(204, 500) as receiver:
            await sent(f"{receiver.url}/T0/B0/secret-part")
            await sent(f"{receiver.url}/T0/B0/secret-part")
    assert "secret-part" not in caplog.text
    assert len(receiver.arrived) == 2


async def test_retry_after_is_read_where_it_is_seconds() -> None:
    for given, seconds in (("7", 7.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("99999999999", 0.0), ("-1", 0.0)):
        head = f"HTTP/1.1 429 Slow\r\nRetry-After: {given}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        async with receiving(head) as receiver:
            assert (await sent(receiver.url)).wait_seconds == seconds


def test_nothing_of_a_webhook_shows_its_secrets() -> None:
    webhook = Webhook(name="x", url="https://hooks.test/T0/SECRET", secret="whsec_SECRET")
    assert "SECRET" not in repr(webhook)
    assert webhook.host == "hooks.test"
    assert isinstance(key_of(SECRET), bytes)


def test_waits_grow_with_jitter_up_to_a_bound() -> None:
    patience, chance = Patience(first_seconds=1, longest_seconds=60), random.Random(7)
    for attempts in range(1, 100):
        waits = [patience.wait(attempts, chance) for _ in range(50)]
        assert min(waits) >= 0
        assert max(waits) <= min(60, 2 ** min(attempts - 1, 32))
    assert len({patience.wait(3, chance) for _ in range(20)}) == 20
    assert patience.wait(1, chance, asked=30) == 30
    assert patience.wait(1, chance, asked=9999) == 60
