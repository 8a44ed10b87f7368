"""What a grant covers, and who must agree to it: pure functions over the bundle in force."""

from console.model.agents import Agent
from console.model.decisions import PolicyReason, QuorumPart
from console.model.grants import Grant, GrantInput
from console.model.problems import ProblemError
from console.model.quorum import AGENT_OWNER, RESOURCE_OWNER
from console.model.rights import Right
from console.policy.compile import Compiled

MOST_OWNERS = 4
"""How many different sets of owners one grant may need."""


def covered(compiled: Compiled, asked: GrantInput | Grant, agent: Agent) -> tuple[PolicyReason, ...]:
    """The policies, or the template, that a grant covers, each with its quorum. Raises ProblemError `not_grantable`."""
    if asked.template is not None:
        quorum = compiled.grantable(asked.template)
        if not quorum:
            raise ProblemError("not_grantable", f"{asked.template} is not a grantable template.")
        if len(asked.scope.resources) != 1 or asked.scope.resources[0].endswith("*"):
            raise ProblemError("not_grantable", "A template is granted on one named resource.")
        pairs = [(asked.template, "permit", quorum)]
    else:
        pairs = [(policy_id, "forbid", compiled.approval(policy_id)) for policy_id in asked.covers]
    texts = {view.policy_id: view.reason for view in compiled.policies}
    reasons = []
    for policy_id, effect, quorum in pairs:
        if not quorum:
            raise ProblemError("not_grantable", f"{policy_id} is not a policy that a person can lift.")
        filled = tuple(one for part in quorum for one in _filled(compiled, part, asked.scope, agent))
        reasons.append(PolicyReason(policy_id=policy_id, effect=effect, text=texts.get(policy_id, ""), quorum=filled))
    return tuple(reasons)


def owner_sets(compiled: Compiled, scope: Right) -> tuple[tuple[str, ...], ...]:
    """Every set of owners that somebody of must agree, so that no owner is passed over: one for each that the scope reaches.

    Raises ProblemError `not_grantable` where the scope names something that nobody owns, or too many different owners.
    """
    found: dict[tuple[str, ...], None] = {}
    for name in scope.resources:
        reached = _reached(compiled, name, scope)
        if not reached:
            raise ProblemError("not_grantable", "Nobody owns what the scope names.", next_step="Name the resources one by one.")
        found.update(dict.fromkeys(reached))
    if len(found) > MOST_OWNERS:
        raise ProblemError(
            "not_grantable", "The scope reaches the resources of too many owners.", next_step="Ask for one grant for each."
        )
    return tuple(found)


def _reached(compiled: Compiled, name: str, scope: Right) -> list[tuple[str, ...]]:
    """The owners of a named resource, or of every entry of the data that a pattern can reach within the scope's class."""
    if not name.endswith("*"):
        facts = compiled.resource(name)
        return [facts.owners] if facts is not None else []
    beginning = name[:-1]
    rows = [row for row in compiled.parsed.resources if row.data_class.rank <= scope.max_class.rank]
    below = [row.owners for row in rows if row.pattern.startswith(beginning)]
    above = [row for row in rows if row.pattern.endswith("*") and beginning.startswith(row.pattern[:-1])]
    nearest = max(above, key=lambda row: len(row.pattern), default=None)
    return [*below, *([nearest.owners] if nearest is not None else [])]


def _filled(compiled: Compiled, part: QuorumPart, scope: Right, agent: Agent) -> tuple[QuorumPart, ...]:
    if part.group == AGENT_OWNER:
        return (part.model_copy(update={"people": (agent.owner,)}),)
    if part.group != RESOURCE_OWNER:
        return (part,)
    return tuple(part.model_copy(update={"people": owners}) for owners in owner_sets(compiled, scope))
