"""Previews: what a review or a grant would come to if it were made now. Nothing here writes.

A preview is drawn by the same functions as the act itself, so that it refuses what the act would refuse.
"""

import asyncio
from datetime import timedelta
from itertools import product

from console.model.actors import PLANE
from console.model.agents import Agent
from console.model.approvals import Approval, ApprovalKind, Narrowing, is_narrower, reviewers_of
from console.model.decisions import DecideInput, Outcome
from console.model.grants import Grant, GrantInput, GrantState, GrantTerms
from console.model.operators import Operator
from console.model.problems import ProblemError
from console.model.quorum import is_met
from console.model.reviewing import GrantPreview, PreviewedAction, ReviewPreview
from console.model.tasks import Task, TaskState
from console.policy.compile import Compiled
from console.server.authorization.approvals import Approvals, narrowed_ask
from console.server.authorization.bundles import Bundles
from console.server.authorization.drafts import Drafts
from console.server.authorization.grants import Grants
from console.server.authorization.requests import check_pending, drift, why_not
from console.server.authorization.reviewers import grant_access
from console.server.ports import Clock, Store

MOST_ASKED = 48
"""For how many pairs of action and resource a grant's preview asks the decision point."""
MOST_TASKS = 3
"""Of how many of the agent's running tasks, newest first."""
_NO_REASON = "a preview"


class Previews:
    """Answers what would follow."""

    def __init__(
        self, store: Store, clock: Clock, bundles: Bundles, drafts: Drafts, approvals: Approvals, grants: Grants
    ) -> None:
        self._store = store
        self._clock = clock
        self._bundles = bundles
        self._drafts = drafts
        self._approvals = approvals
        self._grants = grants

    def review(self, approval_id: str, smaller: Narrowing) -> ReviewPreview:
        """What approving a pending request, narrowed, would come to; an empty narrowing asks for it as it stands.

        Raises ProblemError `not_found`, `not_an_edge` (it is not pending), `invalid` (naming the field, where it is not
        narrower, and for what is no request for an action).
        """
        approval = self._store.get(Approval, approval_id)
        if approval is None:
            raise ProblemError("not_found", "There is no such approval request.")
        check_pending(approval, self._clock.now())
        if approval.kind is not ApprovalKind.ACTION or approval.ask is None:
            raise ProblemError("invalid", "Only a request for an action can be narrowed.")
        standing = self._approvals.draw(approval, approval.ask)
        unchanged = smaller == Narrowing()
        draft = standing if unchanged else self._approvals.draw(approval, narrowed_ask(approval.ask, smaller))
        decision = draft.decision
        outcome, text = decision.outcome, decision.text
        if not unchanged and outcome is not Outcome.DENY and not is_narrower(decision.ask, approval.ask):
            outcome, text = Outcome.DENY, "It would reach more than what was asked for."
        return ReviewPreview(
            shown_digest=approval.digest,
            shown_revision=approval.revision,
            outcome=outcome,
            text=text,
            ask=decision.ask,
            digest=decision.digest,
            blocking=draft.blocking,
            quorum=self._approvals.quorum_of(draft),
            risk=decision.risk,
            max_ttl_seconds=decision.max_ttl_seconds,
            drift=drift(approval, standing),
        )

    async def grant(self, operator: Operator, terms: GrantTerms) -> GrantPreview:
        """What a grant would come to, if this operator asked for it now. Raises ProblemError as `Grants.request` does.

        Between two questions to the decision point others have their turn.
        """
        compiled = self._bundles.active
        if compiled is None:
            raise ProblemError("no_policy")
        asked = GrantInput(**terms.model_dump(), reason=_NO_REASON)
        grant, approval, agent = self._grants.drawn(self._store, operator, asked, compiled)
        why = why_not(approval, operator, single_operator=self._grants.single_operator)
        reviewed = self._grants.with_first_review(approval, operator, asked.reason)
        opens, count = await self._opened(compiled, grant, agent)
        glass = grant.review_due_at is not None
        limits = compiled.limits
        return GrantPreview(
            covers=approval.blocking,
            quorum=approval.quorum,
            own_act_counts=why is None,
            why_not=why[1] if why else "",
            given_at_once=self._grants.single_operator or is_met(approval.quorum, reviewers_of(reviewed)),
            most_seconds=limits.break_glass_max_seconds if glass else limits.grant_max_seconds,
            starts_at=grant.starts_at,
            ends_at=grant.ends_at,
            review_due_at=grant.review_due_at,
            risk=approval.risk,
            opens=opens,
            asked=count,
            access=grant_access(self._store, agent.id, grant.scope),
        )

    async def _opened(self, compiled: Compiled, grant: Grant, agent: Agent) -> tuple[tuple[PreviewedAction, ...], int]:
        """Ask for every pair in the scope, without and with the grant, for the tasks that could use it now."""
        now = self._clock.now()
        supposed = grant.model_copy(
            update={"state": GrantState.ACTIVE, "starts_at": now, "ends_at": now + timedelta(seconds=grant.seconds)}
        )
        found: dict[tuple[str, str], PreviewedAction] = {}
        pairs = list(_pairs(compiled, grant))[:MOST_ASKED]
        tasks = self._tasks(agent, grant.task_id)
        for task, (action, resource) in product(tasks, pairs):
            asked = DecideInput(agent=agent.id, task_id=task.id, action=action, resource=resource)
            before = self._outcome(asked, ())
            after = before if before is Outcome.ALLOW else self._outcome(asked, (supposed,))
            if after is not before:
                known = found.get((action, resource))
                if known is None or known.after is not Outcome.ALLOW:
                    found[action, resource] = PreviewedAction(action=action, resource=resource, before=before, after=after)
            await asyncio.sleep(0)
        opened = sorted(found.values(), key=lambda one: (one.after is not Outcome.ALLOW, one.action, one.resource))
        return tuple(opened), len(pairs) if tasks else 0

    def _outcome(self, asked: DecideInput, supposed: tuple[Grant, ...]) -> Outcome:
        draft = self._drafts.draw(asked, asked_by=PLANE, kind="search", use_approvals=False, supposed=supposed)
        return draft.decision.outcome

    def _tasks(self, agent: Agent, task_id: str | None) -> list[Task]:
        if task_id is not None:
            task = self._store.get(Task, task_id)
            return [task] if task is not None else []
        return self._store.find(Task, agent_id=agent.id, state=TaskState.RUNNING, newest=True, limit=MOST_TASKS)


def _pairs(compiled: Compiled, grant: Grant) -> list[tuple[str, str]]:
    """Every action of the bundle on every resource that it names, as far as both lie within the grant's scope."""
    named = {name for name in grant.scope.resources if not name.endswith("*")}
    named |= {row.pattern for row in compiled.parsed.resources if not row.pattern.endswith("*")}
    found = []
    for tool, name in product(compiled.tools, sorted(named)):
        facts = compiled.resource(name)
        if facts is not None and grant.scope.allows(tool.action, name, facts.data_class):
            found.append((tool.action, name))
    return found
