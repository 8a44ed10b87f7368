"""Routes of notices: how webhooks stand, a test of one, and their metrics."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from console.server.api.app import Api
from console.server.api.settings import ApiSettings
from console.server.notices.notices import Notices
from console.server.notices.sending import Webhook
from tests.server.api.plane import URL, Plane, open_plane
from tests.server.notices.receiver import SECRET, Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def plane(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Plane]:
    async with open_plane(tmp_path) as made:
        webhook = Webhook(name="on-call", url=f"{receiver.url}/T0/HIDDEN", secret=SECRET)
        store, clock = made.world.store, made.world.clock
        services = replace(made.services, notices=Notices(store, clock, [webhook], plane="unit", environment="test"))
        api = Api(services, ApiSettings(authorization_url=URL, broker_url=URL, environment="test", plane="unit"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url=URL) as http:
            yield replace(made, api=api, services=services, http=http)
        api.close_streams()


async def test_webhooks_are_listed_without_their_secrets(plane: Plane) -> None:
    answer = await plane.call("vera", "GET", "/authorization/v1/webhooks")
    (webhook,) = answer.json()["items"]
    assert (webhook["name"], webhook["shape"], webhook["host"]) == ("on-call", "plain", "127.0.0.1")
    assert (webhook["delivered"], webhook["given_up"], webhook["failing_since"]) == (0, 0, None)
    assert "HIDDEN" not in answer.text
    assert SECRET not in answer.text


async def test_an_admin_sends_a_test(plane: Plane, receiver: Receiver) -> None:
    answer = await plane.call("ida", "POST", "/authorization/v1/webhooks/on-call/test", {})
    assert (answer.status_code, answer.json()["delivered"]) == (200, True)
    assert receiver.arrived[0].json["type"] == "test"
    unknown = await plane.call("ida", "POST", "/authorization/v1/webhooks/%3Cb%3E/test", {})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert "<b>" not in unknown.text
    assert (await plane.call("maya", "POST", "/authorization/v1/webhooks/on-call/test", {})).status_code == 403


async def test_metrics_tell_of_each_webhook(plane: Plane) -> None:
    text = (await plane.call("vera", "GET", "/metrics")).text
    assert 'leasehold_notices_delivered_total{webhook="on-call"} 0' in text
    assert 'leasehold_notices_given_up_total{webhook="on-call"} 0' in text
