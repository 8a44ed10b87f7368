"""Token exchange: the standard's request, the standard's errors, one lease."""

import json

import pytest

from console.model.leases import Lease, LeaseState
from console.model.oauth import ACCESS_TOKEN, EXCHANGE_GRANT, JWT, ExchangeInput, OAuthError
from console.model.tasks import TaskEnding
from console.server.authorization.tasks import actor_of
from tests.server.broker.estate import RESPONDER, Estate

RIGHT = {"type": "leasehold_access", "actions": ["customers.read"], "resources": ["crm/customers"], "max_class": "confidential"}


def request(token: str, **more: object) -> ExchangeInput:
    fields = {
        "grant_type": EXCHANGE_GRANT,
        "subject_token": token,
        "subject_token_type": JWT,
        "authorization_details": json.dumps([RIGHT]),
    }
    return ExchangeInput.model_validate(fields | more)


async def test_a_task_token_is_exchanged_for_a_lease(estate: Estate) -> None:
    agent, task = await estate.pair()
    token = estate.tokens.make(task, agent.spiffe_id)
    answer = await estate.exchange.exchange(agent, request(token, requested_seconds=60, audience="crm"), actor_of(agent))
    assert (answer.issued_token_type, answer.token_type, answer.expires_in) == (ACCESS_TOKEN, "Bearer", 60)
    lease = estate.world.store.get(Lease, answer.lease_id)
    assert lease is not None
    assert lease.state is LeaseState.ACTIVE
    assert (await estate.introspection.introspect(answer.access_token, lease.audience)).active
    assert answer.access_token not in repr(answer)
    assert token not in repr(request(token))


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"subject_token": "nonsense"}, "invalid_grant"),
        ({"task_id": "tk_01m835h6w0e008000000000099"}, "invalid_request"),
        ({"audience": "docs"}, "invalid_target"),
        ({"authorization_details": ""}, "invalid_authorization_details"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": json.dumps([RIGHT, RIGHT])}, "invalid_authorization_details"),
        ({"authorization_details": json.dumps([RIGHT | {"resources": ["crm/*"]}])}, "invalid_authorization_details"),
        ({"authorization_details": json.dumps([RIGHT | {"surprise": 1}])}, "invalid_authorization_details"),
        ({"authorization_details": json.dumps([RIGHT | {"actions": ["Customers"]}])}, "invalid_authorization_details"),
        (
            {
                "authorization_details": json.dumps(
                    [RIGHT | {"actions": ["payments.read"], "resources": ["crm/payment-methods"]}]
                )
            },
            "access_denied",
        ),
    ],
)
async def test_what_cannot_be_exchanged_says_why(estate: Estate, more: dict[str, object], error: str) -> None:
    agent, task = await estate.pair()
    token = estate.tokens.make(task, agent.spiffe_id)
    with pytest.raises(OAuthError) as caught:
        await estate.exchange.exchange(agent, request(token, **more), actor_of(agent))
    fault = caught.value.fault().model_dump()
    assert fault["error"] == error
    assert token not in json.dumps(fault)
    assert estate.world.store.count(Lease) == 0


async def test_the_token_of_another_agent_or_of_an_ended_task_is_no_grant(estate: Estate) -> None:
    agent, task = await estate.pair()
    other, theirs = await estate.pair("other")
    with pytest.raises(OAuthError) as caught:
        await estate.exchange.exchange(agent, request(estate.tokens.make(theirs, other.spiffe_id)), actor_of(agent))
    assert caught.value.error == "invalid_grant"
    token = estate.tokens.make(task, agent.spiffe_id)
    await estate.world.tasks.complete(agent, task.id, TaskEnding())
    with pytest.raises(OAuthError) as caught:
        await estate.exchange.exchange(agent, request(token), actor_of(agent))
    assert caught.value.error in ("invalid_grant", "access_denied")


async def test_a_contained_agent_is_denied(estate: Estate) -> None:
    agent, task = await estate.pair()
    token = estate.tokens.make(task, agent.spiffe_id)
    await estate.containment.contain(agent.id, "hijacked", RESPONDER)
    with pytest.raises(OAuthError) as caught:
        await estate.exchange.exchange(agent, request(token), actor_of(agent))
    assert caught.value.error == "access_denied"
