"""Callers: who presents which credential, and what is recorded of those who are refused."""

from typing import Any

import pytest

from console.model.actors import Actor, ActorKind, Role
from console.model.agents import Agent, AgentState
from console.model.exposure import Audience
from console.model.operators import OperatorInput
from console.model.problems import ProblemError
from console.model.rights import Right
from console.server.identity.callers import Authenticator, RejectionLog
from console.server.identity.keys import KeyRing
from console.server.identity.operators import Operators
from console.server.identity.svid import DevelopmentTrustDomain, TrustDomains

ADMIN = Actor(kind=ActorKind.OPERATOR, id="ada", name="ada")
API = "spiffe://dev.test/leasehold/authorization"
CRM = Audience(name="crm", spiffe_id="spiffe://dev.test/server/crm")
GATEWAY = "spiffe://dev.test/gateway/tools"


class House:
    """An authenticator with everything that it asks."""

    def __init__(self, store: Any, clock: Any, operators: Operators) -> None:
        self.store, self.clock, self.operators = store, clock, operators
        self.domain = DevelopmentTrustDomain("dev.test", KeyRing.create(clock.now()))
        self.authenticator = Authenticator(
            store,
            operators,
            TrustDomains({"dev.test": self.domain}),
            resource_servers=[CRM],
            enforcement_points=[GATEWAY],
            rejections=RejectionLog(each=3, total=5),
        )

    async def agent(self, name: str, state: AgentState = AgentState.ACTIVE) -> Agent:
        agent = Agent(
            id=self.clock.new_id("ag"),
            name=name,
            spiffe_id=f"spiffe://dev.test/agent/{name}",
            owner="ada",
            team="sales",
            role="planner",
            environment="test",
            entitlement=(Right(actions=("*",), resources=("*",)),),
            state=state,
            registered_at=self.clock.now(),
        )
        kept: Agent = await self.store.write(lambda tx: tx.put(agent, "agent.registered", ADMIN))
        return kept

    def bearer(self, spiffe_id: str, audience: str = API, seconds: int = 300) -> str:
        return f"Bearer {self.domain.mint(spiffe_id, [audience], seconds, self.clock.now())}"

    async def refused(self, header: str | None, source: str = "127.0.0.1") -> ProblemError:
        with pytest.raises(ProblemError) as caught:
            await self.authenticator.authenticate(header, API, self.clock.now(), source=source)
        return caught.value

    def rejections(self) -> list[Any]:
        return [record for record in self.store.audit() if record.kind == "identity.rejected"]


@pytest.fixture
def house(store: Any, clock: Any, operators: Operators) -> House:
    return House(store, clock, operators)


async def test_an_operator_is_told_by_its_token(house: House) -> None:
    token = (await house.operators.enrol(OperatorInput(name="maya", roles=(Role.VIEWER,)), ADMIN)).token
    for header in (f"Bearer {token}", f"bearer  {token} "):
        caller = await house.authenticator.authenticate(header, API, house.clock.now())
        assert (caller.kind, caller.actor.id) == (ActorKind.OPERATOR, "maya")
        assert caller.operator is not None
        assert caller.expires_at == caller.operator.token_expires_at
    assert house.rejections() == []


async def test_an_agent_is_told_by_its_workload_identity(house: House) -> None:
    agent = await house.agent("planner")
    caller = await house.authenticator.authenticate(house.bearer(agent.spiffe_id), API, house.clock.now())
    assert (caller.kind, caller.agent, caller.actor.id) == (ActorKind.AGENT, agent, agent.id)
    assert caller.spiffe_id == agent.spiffe_id


async def test_a_contained_agent_is_still_known(house: House) -> None:
    agent = await house.agent("planner", AgentState.CONTAINED)
    assert (await house.authenticator.authenticate(house.bearer(agent.spiffe_id), API, house.clock.now())).agent == agent


async def test_servers_are_told_by_configuration(house: House) -> None:
    server = await house.authenticator.authenticate(house.bearer(CRM.spiffe_id), API, house.clock.now())
    assert (server.kind, server.audience, server.actor.name) == (ActorKind.RESOURCE_SERVER, CRM, "crm")
    point = await house.authenticator.authenticate(house.bearer(GATEWAY), API, house.clock.now())
    assert (point.kind, point.actor.id, point.audience, point.agent) == (ActorKind.ENFORCEMENT_POINT, GATEWAY, None, None)


async def test_a_retired_agent_is_refused_until_it_is_registered_again(house: House) -> None:
    await house.agent("planner", AgentState.RETIRED)
    header = house.bearer("spiffe://dev.test/agent/planner")
    assert (await house.refused(header)).code == "not_allowed"
    house.clock.move(1)
    again = await house.agent("planner")
    assert (await house.authenticator.authenticate(header, API, house.clock.now())).agent == again


async def test_each_rejection_has_its_code_and_never_quotes_the_credential(house: House) -> None:
    agent = await house.agent("planner")
    other = DevelopmentTrustDomain("else.test", KeyRing.create(house.clock.now()))
    foreign = other.mint("spiffe://else.test/agent/planner", [API], 60, house.clock.now())
    short = house.bearer(agent.spiffe_id, seconds=1)
    early = house.bearer(agent.spiffe_id)
    cases = [
        ("not_signed_in", None, 0),
        ("not_signed_in", "", 0),
        ("not_signed_in", "Bearer", 0),
        ("not_signed_in", "Basic bWF5YTpwYXNz", 0),
        ("not_signed_in", "Bearer one two", 0),
        ("not_signed_in", "Bearer " + "x" * 9000, 0),
        ("not_signed_in", "Bearer lho_" + "x" * 43, 0),
        ("not_signed_in", house.bearer("spiffe://dev.test/agent/stranger"), 0),
        ("wrong_audience", house.bearer(agent.spiffe_id, audience="crm"), 0),
        ("unknown_trust_domain", f"Bearer {foreign}", 0),
        ("credential_expired", short, 40),
        ("clock_off", early, -90),
    ]
    for code, header, moved in cases:
        house.clock.move(moved)
        error = await house.refused(header, source=f"case {code} {header}"[:20])
        assert error.code == code, header
        if header and len(header) > 12:
            assert header.split()[-1] not in error.detail + str(error.facts)
    told = "".join(record.model_dump_json() for record in house.rejections())
    assert told
    assert foreign not in told
    assert "x" * 43 not in told


async def test_rejections_are_recorded_within_bounds(house: House) -> None:
    for _ in range(10):
        await house.refused("Bearer lho_" + "x" * 43)
    assert len(house.rejections()) == 3
    for number in range(10):
        await house.refused("Bearer lho_" + "x" * 43, source=f"10.0.0.{number}")
    assert len(house.rejections()) == 5
    house.clock.move(60)
    await house.refused("Bearer lho_" + "x" * 43)
    last = house.rejections()[-1]
    assert len(house.rejections()) == 6
    assert last.body == {
        "code": "not_signed_in",
        "detail": "The operator's token is not known here.",
        "api": API,
        "source": "127.0.0.1",
        "left_out": 7,
    }


async def test_no_credential_is_refused_and_not_recorded(house: House) -> None:
    assert (await house.refused(None)).code == "not_signed_in"
    assert house.rejections() == []


async def test_a_store_that_cannot_record_does_not_turn_a_refusal_into_another_answer(house: House) -> None:
    await house.store.close()
    log = RejectionLog()
    assert log.admit("a", "not_signed_in", house.clock.now()) == 0
    with pytest.raises(ProblemError) as caught:
        await house.authenticator.authenticate("Bearer not-a-token", API, house.clock.now())
    assert caught.value.code == "not_signed_in"


def test_what_is_counted_is_bounded(clock: Any) -> None:
    log = RejectionLog(each=1, total=0, sources=10)
    for number in range(1000):
        assert log.admit(str(number), "not_signed_in", clock.now()) is None
    assert len(log._left_out) == 10
