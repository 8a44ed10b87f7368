"""The registry: one name and one identity for one serving agent, however often its name was retired before."""

import pytest

from console.model.agents import Agent, AgentState
from console.model.problems import ProblemError
from tests.server.world import ADMIN, World


async def test_a_name_is_free_again_once_its_agent_is_retired(world: World) -> None:
    first = await world.agent("executor")
    await world.registry.retire(first.id, ADMIN, "replaced")
    second = await world.agent("executor")
    assert (world.registry.known("executor"), world.registry.find(first.id)) == (second, world.store.get(Agent, first.id))


async def test_two_serving_agents_never_share_a_name_or_an_identity(world: World) -> None:
    first = await world.agent("executor")
    await world.registry.retire(first.id, ADMIN, "replaced")
    await world.agent("executor")
    for name, spiffe_id in (("executor", "spiffe://example.org/other"), ("other", first.spiffe_id)):
        with pytest.raises(ProblemError) as caught:
            await world.agent(name, spiffe_id=spiffe_id)
        assert caught.value.code == "conflict"
    assert world.store.count(Agent, state=AgentState.ACTIVE) == 1
