"""Tasks: opening, delegating, staying alive, reporting what was read or sent, and ending.

Ending a task ends everything that was delegated from it, voids what was asked for it, and lets the floors above (the
broker) take back what was leased for it, all in one transaction.
"""

from datetime import timedelta
from functools import partial

from console.model.actors import PLANE, Actor, ActorKind
from console.model.agents import Agent, AgentState
from console.model.base import Json
from console.model.problems import FieldError, ProblemError
from console.model.rights import Right, beyond
from console.model.scales import highest
from console.model.tasks import (
    TASK,
    Chain,
    Delegation,
    Intent,
    IntentInput,
    ObservationInput,
    Task,
    TaskEnding,
    TaskOpened,
    TaskOpening,
    TaskState,
    TaskStop,
    observe,
)
from console.server.authorization.bundles import Bundles
from console.server.authorization.ending import end_tree
from console.server.authorization.locks import locked_by
from console.server.authorization.task_tokens import TaskTokens
from console.server.ports import Clock, Hooks, Store, Transaction

MAX_RUNNING = 64


class Tasks:
    """The life of tasks. An agent acts on its own tasks only; another agent's task is as if unknown."""

    def __init__(self, store: Store, clock: Clock, bundles: Bundles, tokens: TaskTokens, hooks: Hooks) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._tokens = tokens
        self._hooks = hooks

    async def open(self, agent: Agent, asked: TaskOpening) -> TaskOpened:
        """Open a task. Raises ProblemError `invalid` (unknown purpose), `beyond_rights`, `locked`, `rate_limited`."""
        self._check_purpose(asked.intent)
        task_id = self._clock.new_id("tk")

        def verb(tx: Transaction) -> Task:
            current = _usable(tx, agent, ())
            _check_rights(asked.rights, current.entitlement, "the agent's entitlement")
            _check_load(tx, current)
            actor = actor_of(current)
            task = Task(
                id=task_id,
                agent_id=current.id,
                agent_name=current.name,
                intent=_keep_intent(tx, asked.intent),
                on_behalf_of=asked.on_behalf_of,
                rights=asked.rights,
                root_id=task_id,
                path=(task_id,),
                agents=(current.name,),
                opened_at=tx.now,
                deadline_at=tx.now + timedelta(seconds=asked.seconds),
                heartbeat_seconds=asked.heartbeat_seconds,
                heartbeat_due_at=tx.now + timedelta(seconds=asked.heartbeat_seconds),
            )
            tx.put(Chain(id=task_id), "task.chained", actor, audit=False)
            return tx.put(task, "task.opened", actor, texts=_intent_texts(task))

        task = await self._store.write(verb)
        return TaskOpened(task=task, task_token=self._tokens.make(task, agent.spiffe_id))

    async def delegate(self, agent: Agent, parent_id: str, asked: Delegation) -> TaskOpened:
        """Delegate part of a task to another agent. The child's rights and time lie within its parent's and its entitlement.

        Raises ProblemError `not_found`, `task_not_running`, `beyond_rights`, `locked`, `invalid`.
        """
        self._check_purpose(asked.intent)
        task_id = self._clock.new_id("tk")

        def verb(tx: Transaction) -> tuple[Task, Agent]:
            parent = running(tx, own_task(tx, agent, parent_id))
            _usable(tx, agent, parent.path)
            found = [one for one in tx.find(Agent, name=asked.agent, newest=True) if one.state is not AgentState.RETIRED]
            if not found:
                raise ProblemError("not_found", f"There is no agent named {asked.agent}.")
            child = _usable(tx, found[0], ())
            deepest = self._max_depth()
            if parent.depth + 1 > deepest:
                raise ProblemError("beyond_rights", f"A chain may be {deepest} delegations deep, and this one is.")
            _check_rights(asked.rights, parent.rights, "the parent task's rights")
            _check_rights(asked.rights, child.entitlement, f"the entitlement of {child.name}")
            _check_load(tx, child)
            deadline = tx.now + timedelta(seconds=asked.seconds)
            if deadline > parent.deadline_at:
                left = int((parent.deadline_at - tx.now).total_seconds())
                raise ProblemError(
                    "beyond_rights",
                    f"A child's time lies within its parent's, and the parent has {left} s left.",
                    errors=(FieldError(field="seconds", text=f"at most {left}"),),
                )
            task = Task(
                id=task_id,
                agent_id=child.id,
                agent_name=child.name,
                intent=_keep_intent(tx, asked.intent),
                on_behalf_of=parent.on_behalf_of,
                rights=asked.rights,
                parent_id=parent.id,
                root_id=parent.root_id,
                path=(*parent.path, task_id),
                agents=(*parent.agents, child.name),
                opened_at=tx.now,
                deadline_at=deadline,
                heartbeat_seconds=asked.heartbeat_seconds,
                heartbeat_due_at=tx.now + timedelta(seconds=asked.heartbeat_seconds),
            )
            extra: dict[str, Json] = {"delegation": {"from": agent.name, "to": child.name, "within_parent": True}}
            return tx.put(task, "task.delegated", actor_of(agent), extra=extra, texts=_intent_texts(task)), child

        task, child = await self._store.write(verb)
        return TaskOpened(task=task, task_token=self._tokens.make(task, child.spiffe_id))

    async def heartbeat(self, agent: Agent, task_id: str) -> Task:
        """Say that a task is alive. Raises ProblemError `not_found`, `task_not_running` (the silence was too long)."""

        def verb(tx: Transaction) -> Task:
            task = running(tx, own_task(tx, agent, task_id))
            due = min(tx.now + timedelta(seconds=task.heartbeat_seconds), task.deadline_at)
            changed = task.model_copy(update={"heartbeat_due_at": due})
            return tx.put(changed, "task.heartbeat", actor_of(agent), audit=False)

        return await self._store.write(verb)

    async def observe(
        self, actor: Actor, agent: Agent | None, task_id: str, seen: ObservationInput, audience: str | None
    ) -> Chain:
        """Add to a chain's ledger what was read or sent.

        Reports of resource servers and enforcement points count, also after the task has ended, because what was read was
        read. An agent may only add to its own running task. `audience` is the resource server's own.
        Raises ProblemError `not_found`, `not_allowed` (a resource of another audience), `task_not_running`.
        """
        counts = actor.kind is not ActorKind.AGENT
        compiled = self._bundles.active
        if compiled is None:
            raise ProblemError("no_policy")
        resource = compiled.resource(seen.resource)
        if resource is None:
            raise ProblemError(
                "not_found", "The bundle knows no such resource.", next_step="Report a resource that the bundle names."
            )
        if actor.kind is ActorKind.RESOURCE_SERVER and resource.audience != audience:
            raise ProblemError("not_allowed", "A resource server reports only on its own resources.")
        data_class = highest(resource.data_class, seen.data_class or resource.data_class)
        tool = compiled.tool(seen.action) if seen.action else None

        def verb(tx: Transaction) -> Chain:
            if agent is not None:
                task = running(tx, own_task(tx, agent, task_id))
            else:
                found = tx.get(Task, task_id)
                if found is None:
                    raise ProblemError("not_found", "There is no such task.")
                task = found
            chain = tx.get(Chain, task.root_id) or Chain(id=task.root_id)
            after = observe(chain, seen, data_class, counts=counts, tool=tool.name if tool else "", at=tx.now)
            observation = seen.model_dump(mode="json") | {
                "data_class": data_class.value,
                "counts": counts,
                "task_id": task.id,
                "agent_id": task.agent_id,
                "by": actor.kind.value,
                "permitted_by": seen.lease_id or seen.decision_id,
            }
            after = tx.put(after, "task.observed", actor, extra={"observation": observation})
            for hook in self._hooks.observed:
                hook(tx, task, seen, counts)
            return after

        return await self._store.write(verb)

    async def complete(self, agent: Agent, task_id: str, ending: TaskEnding) -> Task:
        """End one's own task, done. Raises ProblemError `not_found`, `task_not_running`."""
        return await self._end_own(agent, task_id, ending, TaskState.COMPLETED)

    async def fail(self, agent: Agent, task_id: str, ending: TaskEnding) -> Task:
        """End one's own task, failed. Raises ProblemError `not_found`, `task_not_running`."""
        return await self._end_own(agent, task_id, ending, TaskState.FAILED)

    async def stop(self, actor: Actor, task_id: str, asked: TaskStop) -> Task:
        """End a task from outside, with everything delegated from it. Raises ProblemError `not_found`, `task_not_running`."""

        def verb(tx: Transaction) -> Task:
            task = tx.get(Task, task_id)
            if task is None:
                raise ProblemError("not_found", "There is no such task.")
            if task.state is not TaskState.RUNNING:
                raise ProblemError("task_not_running", f"The task has {task.state} already.")
            return end_tree(tx, self._hooks, task, TaskState.CANCELLED, actor, asked.reason)[0]

        return await self._store.write(verb, takes_power=True)

    async def sweep(self) -> int:
        """End the tasks that were silent too long or have reached their deadline. Returns how many were due."""
        due = self._store.due(Task, self._clock.now(), limit=200)
        for one in due:
            await self._store.write(partial(self._expire, task_id=one.id), takes_power=True)
        return len(due)

    def _expire(self, tx: Transaction, task_id: str) -> None:
        task = tx.get(Task, task_id)
        due = task.due_at() if task else None
        if task is None or due is None or due > tx.now:
            return
        silent = task.heartbeat_due_at < task.deadline_at
        reason = "silent past its heartbeat" if silent else "its time was over"
        end_tree(tx, self._hooks, task, TaskState.EXPIRED, PLANE, reason)

    async def _end_own(self, agent: Agent, task_id: str, ending: TaskEnding, state: TaskState) -> Task:
        def verb(tx: Transaction) -> Task:
            task = own_task(tx, agent, task_id)
            if task.state is not TaskState.RUNNING:
                raise ProblemError("task_not_running", f"The task has {task.state} already.")
            noted = task
            if ending.note:
                noted = task.model_copy(update={"end_text_digest": tx.keep_text(ending.note)})
            return end_tree(tx, self._hooks, noted, state, actor_of(agent), f"{state} by its agent")[0]

        return await self._store.write(verb, takes_power=True)

    def _max_depth(self) -> int:
        """How many times the bundle in force lets a task be handed on. Raises ProblemError `no_policy`."""
        if self._bundles.active is None:
            raise ProblemError("no_policy")
        return self._bundles.active.limits.max_depth

    def _check_purpose(self, intent: IntentInput) -> None:
        compiled = self._bundles.active
        if compiled is None:
            raise ProblemError("no_policy")
        if compiled.intent(intent.purpose) is None:
            known = ", ".join(sorted(intent.name for intent in compiled.intents)[:20])
            raise ProblemError(
                "invalid",
                "The policy bundle knows no such purpose.",
                errors=(FieldError(field="intent.purpose", text=f"one of: {known}"),),
            )


def actor_of(agent: Agent) -> Actor:
    """An agent as the one who acts."""
    return Actor(kind=ActorKind.AGENT, id=agent.id, name=agent.name)


def own_task(tx: Transaction, agent: Agent, task_id: str) -> Task:
    """An agent's own task. Raises ProblemError `not_found` for any other, as if it did not exist."""
    task = tx.get(Task, task_id)
    if task is None or task.agent_id != agent.id:
        raise ProblemError("not_found", "There is no such task of yours.")
    return task


def running(tx: Transaction, task: Task) -> Task:
    """The task, if it runs by its state and by time. Raises ProblemError `task_not_running`."""
    if task.state is not TaskState.RUNNING:
        raise ProblemError("task_not_running", f"The task has {TASK.name} state {task.state}.", state=task.state.value)
    due = task.due_at()
    if due is not None and due <= tx.now:
        raise ProblemError(
            "task_not_running", "The task was silent too long or its time is over.", state=TaskState.EXPIRED.value
        )
    return task


def _usable(tx: Transaction, agent: Agent, path: tuple[str, ...]) -> Agent:
    current = tx.get(Agent, agent.id)
    if current is None or current.state is AgentState.RETIRED:
        raise ProblemError("not_found", "There is no such agent.")
    if current.state is AgentState.CONTAINED or locked_by(tx, current.id, path) is not None:
        raise ProblemError("locked", f"{current.name} is contained.")
    return current


def _check_rights(asked: tuple[Right, ...], bounds: tuple[Right, ...], what: str) -> None:
    too_much = beyond(asked, bounds)
    if too_much:
        named = "; ".join(f"{'+'.join(right.actions)} on {'+'.join(right.resources)}" for right in too_much[:4])
        raise ProblemError("beyond_rights", f"Not within {what}: {named} (up to {too_much[0].max_class}).")


def _check_load(tx: Transaction, agent: Agent) -> None:
    if tx.count(Task, agent_id=agent.id, state=TaskState.RUNNING) >= MAX_RUNNING:
        raise ProblemError("rate_limited", f"{agent.name} runs {MAX_RUNNING} tasks already.", next_step="End one first.")


def _keep_intent(tx: Transaction, asked: IntentInput) -> Intent:
    return Intent(purpose=asked.purpose, text_digest=tx.keep_text(asked.text) if asked.text else None)


def _intent_texts(task: Task) -> dict[str, str]:
    return {"intent": task.intent.text_digest} if task.intent.text_digest else {}
