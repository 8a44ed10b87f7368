"""The registry of agents: who they are, who owns them, and the ceiling of what they may hold."""

from datetime import timedelta

from console.model.actors import PLANE, Actor
from console.model.agents import AGENT, Agent, AgentRegistration, AgentState
from console.model.problems import FieldError, ProblemError
from console.model.tasks import Task, TaskState
from console.server.ports import Clock, Store, Transaction

SEEN_EVERY = timedelta(seconds=15)
"""How old `last_seen_at` may get before a call is worth a write."""


class Registry:
    """Registers, finds and retires agents."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def register(self, asked: AgentRegistration, actor: Actor) -> Agent:
        """Register an agent. Raises ProblemError `conflict` when its name or its SPIFFE ID is taken."""
        agent_id = self._clock.new_id("ag")

        def verb(tx: Transaction) -> Agent:
            for field, found in (
                ("name", tx.find(Agent, name=asked.name, newest=True)),
                ("spiffe_id", tx.find(Agent, spiffe_id=asked.spiffe_id, newest=True)),
            ):
                serving = _serving(found)
                if serving is not None:
                    raise ProblemError(
                        "conflict",
                        f"An agent with this {field.replace('_', ' ')} is registered already.",
                        errors=(FieldError(field=field, text="taken"),),
                        next_step="Choose another, or retire the agent that holds it.",
                        agent_id=serving.id,
                    )
            agent = Agent(id=agent_id, registered_at=tx.now, **asked.model_dump())
            return tx.put(agent, "agent.registered", actor)

        return await self._store.write(verb)

    async def retire(self, reference: str, actor: Actor, reason: str) -> Agent:
        """Retire an agent for good. Its tasks must have ended. Raises ProblemError `not_found`, `not_an_edge`, `conflict`."""
        known = self.known(reference)

        def verb(tx: Transaction) -> Agent:
            agent = tx.get(Agent, known.id) or known
            AGENT.step(agent.state, AgentState.RETIRED)
            if tx.count(Task, agent_id=agent.id, state=TaskState.RUNNING):
                raise ProblemError(
                    "conflict", "The agent still has running tasks.", next_step="Stop them, or contain the agent."
                )
            changed = agent.model_copy(update={"state": AgentState.RETIRED, "retired_at": tx.now})
            return tx.put(changed, "agent.retired", actor, extra={"reason": reason})

        return await self._store.write(verb)

    def find(self, reference: str) -> Agent | None:
        """The agent with this id, name or SPIFFE ID. A retired one is found only by its id."""
        if reference.startswith("ag_"):
            return self._store.get(Agent, reference)
        if reference.startswith("spiffe://"):
            return _serving(self._store.find(Agent, spiffe_id=reference, newest=True))
        return _serving(self._store.find(Agent, name=reference, newest=True))

    def known(self, reference: str) -> Agent:
        """As `find`; raises ProblemError `not_found`."""
        agent = self.find(reference)
        if agent is None:
            raise ProblemError("not_found", "There is no such agent.")
        return agent

    async def seen(self, agent: Agent) -> None:
        """Note that an agent called. Written at most every fifteen seconds, and not audited: its decisions are."""
        now = self._clock.now()
        if agent.last_seen_at is not None and now - agent.last_seen_at < SEEN_EVERY:
            return

        def verb(tx: Transaction) -> None:
            current = tx.get(Agent, agent.id)
            if current is not None:
                tx.put(current.model_copy(update={"last_seen_at": tx.now}), "agent.seen", PLANE, audit=False)

        await self._store.write(verb)


def _serving(found: list[Agent]) -> Agent | None:
    """The one that is not retired. There is at most one, and it is the newest."""
    return next((agent for agent in found if agent.state is not AgentState.RETIRED), None)
