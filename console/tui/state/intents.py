"""The dispatcher: the one place from which the console changes anything. SAFE, READ-ONLY, stale and roles are enforced here.

Owns the command log and the intents whose outcome is unknown. An intent carries what was captured at the key press: id,
revision and digest. No answer is `unknown`, and what became of it is read from the stream, never guessed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from console.model.codes import ProblemError
from console.tui.rows import LIVE_LEASES, AgentRow, ApprovalRow, GrantRow, LeaseRow, TaskRow
from console.tui.state.acts import ACTS, ActSpec
from console.tui.state.mirror import Tables
from console.tui.state.plane import Plane
from console.tui.state.session import Session

if TYPE_CHECKING:
    from console.model.approvals import ReviewInput
    from console.model.bundles import PublicationInput
    from console.model.grants import GrantInput
    from console.model.leases import RevokeManyInput

UNKNOWN_FOR = 30.0
"""Seconds of a live stream after which an unknown outcome counts as not having happened."""
_CONFLICTS = frozenset({"conflict", "not_an_edge", "already_reviewed", "approval_used", "task_not_running", "in_progress"})
_NO_ANSWER = frozenset({"unreachable", "internal", "not_ready"})

Body: TypeAlias = "ReviewInput | GrantInput | RevokeManyInput | PublicationInput | str"


@dataclass(frozen=True, slots=True)
class Target:
    """What was under the cursor at the key press; what is there later does not matter."""

    collection: str
    id: str
    label: str = ""
    revision: int | None = None
    digest: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """An act on a target. The body is the input of the call, or the reason as text."""

    act: str
    target: Target
    body: Body


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the console does not send an act, and what would have to be so."""

    text: str


class Outcome(StrEnum):
    """What became of an act that was sent, or why it was not."""

    DONE = "done"
    REFUSED = "refused"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    PARTLY = "partly"


@dataclass(frozen=True, slots=True)
class Result:
    """An act's outcome, in words. `answer` is what the plane sent back."""

    outcome: Outcome
    intent: Intent
    text: str
    next_step: str = ""
    answer: object = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the command log. `at` is seconds since the epoch; `status` is None without an answer."""

    at: float
    method: str
    path: str
    request_id: str
    status: int | None
    milliseconds: float
    outcome: Outcome


@dataclass(slots=True)
class _Unsettled:
    intent: Intent
    sent_at: float
    """By the plane's clock, less what the two clocks may disagree."""
    live_since: float | None = None


@dataclass(slots=True)
class CommandLog:
    """What the console has sent, newest last."""

    entries: deque[LogEntry] = field(default_factory=lambda: deque(maxlen=500))


class Dispatcher:
    """Checks and sends acts. `monotonic` and `wall` are clocks in seconds; `request_id` reads the id of the last request."""

    def __init__(
        self,
        plane: Plane,
        *,
        monotonic: Callable[[], float],
        wall: Callable[[], float],
        request_id: Callable[[], str] = lambda: "",
    ) -> None:
        self.log = CommandLog()
        self._plane = plane
        self._monotonic = monotonic
        self._wall = wall
        self._request_id = request_id
        self._unsettled: list[_Unsettled] = []
        self._sending: set[tuple[str, str]] = set()

    @property
    def unknown(self) -> tuple[Intent, ...]:
        """Intents whose outcome is not known yet."""
        return tuple(one.intent for one in self._unsettled)

    def check(self, act: str, session: Session) -> Refusal | None:
        """Why an act may not be sent now; None where it may. Asked for every key, so that a key says why it is dead."""
        spec = ACTS[act]
        if session.read_only:
            return Refusal(f"This console is READ-ONLY: {spec.title} is not sent.")
        if session.roles.isdisjoint(spec.roles):
            return Refusal(f"To {spec.title} takes the role {' or '.join(sorted(spec.roles))}; you are {_roles(session)}.")
        if not spec.stale and not session.connection.live:
            doing = "gives power" if spec.gives else "is bound to what is shown"
            return Refusal(f"Not live: {spec.title} {doing}, and what is shown may be out of date.")
        if spec.arming and session.armed_for(self._monotonic()) <= 0:
            return Refusal(f"SAFE: {spec.title} gives power. Press ! to arm for five minutes.")
        return None

    async def send(self, intent: Intent, session: Session) -> Result:
        """Check once more and send. Never raises for what the plane answers, or for no answer."""
        spec = ACTS[intent.act]
        refusal = self.check(intent.act, session)
        if refusal is not None:
            return Result(Outcome.REFUSED, intent, refusal.text)
        key = (intent.act, intent.target.id)
        if key in self._sending:
            return Result(Outcome.REFUSED, intent, f"{_title(spec)} is being sent already; wait for its answer.")
        wrong = _mismatch(intent)
        if wrong:
            return Result(Outcome.REFUSED, intent, wrong)
        self._sending.add(key)
        began = self._monotonic()
        sent_at = self._wall() + session.connection.offset - 2.0
        status: int | None = 200
        try:
            result = _answered(intent, await self._call(intent))
        except ProblemError as problem:
            result = _problem(intent, problem)
            status = None if problem.code == "unreachable" else problem.status
        except (OSError, TimeoutError):
            result = Result(Outcome.UNKNOWN, intent, _unknown_text(spec), "Wait: the stream will tell what became of it.")
            status = None
        finally:
            self._sending.discard(key)
        if result.outcome is Outcome.UNKNOWN and not spec.streamed:
            result = replace(result, next_step="Read it again (u): the stream does not tell of this.")
        elif result.outcome is Outcome.UNKNOWN:
            self._unsettled.append(_Unsettled(intent, sent_at))
        path = spec.path.replace("{id}", intent.target.id.partition(":")[0])
        took = (self._monotonic() - began) * 1000
        self.log.entries.append(LogEntry(self._wall(), spec.method, path, self._request_id(), status, took, result.outcome))
        return result

    async def _call(self, intent: Intent) -> object:
        # The models of what is sent load with the first act, as everywhere below.
        from console.model.approvals import ReviewInput  # noqa: PLC0415
        from console.model.bundles import PublicationInput  # noqa: PLC0415
        from console.model.grants import GrantInput  # noqa: PLC0415
        from console.model.leases import RevokeManyInput  # noqa: PLC0415

        match intent.act, intent.body:
            case (("approval.approve" | "approval.narrow" | "approval.reject"), ReviewInput() as review):
                return await self._plane.review(intent.target.id, review)
            case "approval.withdraw", str() as reason:
                return await self._plane.withdraw_approval(intent.target.id, reason)
            case (("grant.create" | "grant.break_glass"), GrantInput() as grant):
                return await self._plane.create_grant(grant)
            case "grant.revoke", str() as reason:
                return await self._plane.revoke_grant(intent.target.id, reason)
            case "grant.review", str() as reason:
                return await self._plane.review_break_glass(intent.target.id, reason)
            case "lease.revoke", RevokeManyInput() as selection:
                return await self._plane.revoke_leases(selection)
            case "lease.retry", str():
                return await self._plane.retry_revocation(intent.target.id)
            case "task.stop", str() as reason:
                return await self._plane.stop_task(intent.target.id, reason)
            case "agent.contain", str() as reason:
                return await self._plane.contain(intent.target.id, reason)
            case "agent.release", str() as reason:
                return await self._plane.release(intent.target.id, reason)
            case "bundle.request", PublicationInput() as asked:
                return await self._plane.request_publication(asked)
            case "bundle.rollback", str() as reason:
                return await self._plane.roll_back(intent.target.id, reason)
            case "framework.review", str() as note:
                framework, _, control = intent.target.id.partition(":")
                return await self._plane.review_framework(framework, control, intent.target.digest or "", note)
        raise TypeError(f"{intent.act} does not take a {type(intent.body).__name__}")

    def reconcile(self, tables: Tables, session: Session) -> list[Result]:
        """Settle what is unknown from what the stream has said; call it after each batch and once a second."""
        settled: list[Result] = []
        now = self._monotonic()
        for one in list(self._unsettled):
            spec = ACTS[one.intent.act]
            happened = _happened(one.intent, tables, session.operator, one.sent_at)
            if not session.connection.live:
                one.live_since = None
            elif one.live_since is None:
                one.live_since = now
            if happened:
                settled.append(Result(Outcome.DONE, one.intent, f"{_title(spec)}: the stream says that it happened."))
            elif one.live_since is not None and now - one.live_since >= UNKNOWN_FOR:
                text = f"{_title(spec)}: the stream shows no sign of it; it did not happen as far as the plane tells."
                settled.append(Result(Outcome.REFUSED, one.intent, text, "Look again, then decide anew."))
            else:
                continue
            self._unsettled.remove(one)
        return settled


def _title(spec: ActSpec) -> str:
    return spec.title[:1].upper() + spec.title[1:]


def _roles(session: Session) -> str:
    return ", ".join(sorted(session.roles)) or "without a role"


def _unknown_text(spec: ActSpec) -> str:
    return f"UNKNOWN: {spec.title} was sent and not answered; it may or may not have happened."


def _mismatch(intent: Intent) -> str:
    """A review must be of exactly what was captured at the key press."""
    from console.model.approvals import ReviewInput  # noqa: PLC0415
    from console.model.bundles import PublicationInput  # noqa: PLC0415
    from console.model.grants import GrantInput  # noqa: PLC0415

    review, target = intent.body, intent.target
    if isinstance(review, PublicationInput) and review.base_digest != target.digest:
        return "The draft is of another bundle than was shown; nothing was sent."
    if isinstance(review, ReviewInput):
        if (review.digest, review.revision) != (target.digest, target.revision):
            return "The review is not of what was shown; nothing was sent."
        if (review.verdict == "reject") != (intent.act == "approval.reject"):
            return "The verdict is not the act that was chosen; nothing was sent."
        if (review.narrowing is not None) != (intent.act == "approval.narrow"):
            return "The narrowing is not the act that was chosen; nothing was sent."
    if isinstance(review, GrantInput) and (review.kind == "break-glass") != (intent.act == "grant.break_glass"):
        return "The grant is of another kind than was chosen; nothing was sent."
    return ""


def _answered(intent: Intent, answer: object) -> Result:
    from console.model.leases import RevocationResult  # noqa: PLC0415
    from console.model.locks import Lock  # noqa: PLC0415

    spec = ACTS[intent.act]
    label = intent.target.label or intent.target.id
    if intent.act == "bundle.request":
        text = f"Publication was asked for: {label}. It is in force once another policy author approves it."
        return Result(Outcome.DONE, intent, text, "It waits in Approvals.", answer)
    if isinstance(answer, RevocationResult):
        dead = sum(item.state in ("revoked", "expired") for item in answer.items)
        text = f"Asked to revoke {answer.asked}; {dead} confirmed dead so far."
        if len(answer.items) < answer.asked:
            missing = answer.asked - len(answer.items)
            return Result(Outcome.PARTLY, intent, f"{text} {missing} could not be asked for.", "See the leases.", answer)
        return Result(Outcome.DONE, intent, text, answer=answer)
    if intent.act == "agent.release" and isinstance(answer, Lock) and answer.active:
        text = f"The release of {label} was asked for; it stays contained until a second person releases it."
        return Result(Outcome.PARTLY, intent, text, "It is a critical agent.", answer)
    return Result(Outcome.DONE, intent, f"{_title(spec)}: {label}. The plane has recorded it.", answer=answer)


def _problem(intent: Intent, problem: ProblemError) -> Result:
    if problem.code == "unreachable" and problem.facts.get("unknown") is False:
        return Result(Outcome.REFUSED, intent, f"Not sent: {problem.detail}", problem.next_step, code=problem.code)
    if problem.facts.get("held"):
        # It takes power and is in force already; only its record is owed.
        return Result(Outcome.PARTLY, intent, problem.detail, problem.next_step, code=problem.code)
    if problem.code in _NO_ANSWER:
        text = f"{_unknown_text(ACTS[intent.act])} ({problem.detail})"
        return Result(Outcome.UNKNOWN, intent, text, problem.next_step, code=problem.code)
    outcome = Outcome.CONFLICT if problem.code in _CONFLICTS else Outcome.REFUSED
    return Result(outcome, intent, problem.detail, problem.next_step, code=problem.code)


def _happened(intent: Intent, tables: Tables, operator: str, sent_at: float) -> bool:
    """Whether the mirror shows the effect of an intent."""
    from console.model.approvals import ReviewInput  # noqa: PLC0415
    from console.model.grants import GrantInput  # noqa: PLC0415
    from console.model.leases import RevokeManyInput  # noqa: PLC0415

    row = tables.table(intent.target.collection).get(intent.target.id)
    match intent.act, row, intent.body:
        case (("approval.approve" | "approval.narrow" | "approval.reject"), ApprovalRow(), ReviewInput() as sent):
            mine = [one for one in row.entity.reviews if one.reviewer == operator and one.verdict == sent.verdict]
            return any(sent.narrowing is not None or (one.digest, one.revision) == (sent.digest, sent.revision) for one in mine)
        case "approval.withdraw", ApprovalRow(), _:
            return row.state == "void" or not any(one.reviewer == operator for one in row.entity.reviews)
        case "grant.revoke", GrantRow(), _:
            return row.state == "revoked"
        case "grant.review", GrantRow(), _:
            return row.reviewed_by == operator
        case "task.stop", TaskRow(), _:
            return row.state != "running"
        case "agent.contain", AgentRow(), _:
            return row.state == "contained"
        case "agent.release", AgentRow(), _:
            proposed = any(lock.release_proposed_by == operator for lock in tables.locks.of("standing", row.id))
            return row.state == "active" or proposed
        case (("grant.create" | "grant.break_glass"), _, GrantInput() as wanted):
            grants = tables.grants.of("agent", wanted.agent_id)
            return any(
                one.requested_by == operator and one.reason == wanted.reason and one.requested_at >= sent_at for one in grants
            )
        case "lease.revoke", _, RevokeManyInput() as selection:
            leases = _selected(selection, tables)
            return bool(leases) and all(lease.revoke_requested_at or lease.state not in LIVE_LEASES for lease in leases)
        case "lease.retry", LeaseRow(), _:
            return row.state != "irrevocable"
        case "bundle.request", _, _:
            asked = (one.entity for one in tables.approvals.rows.values() if one.requested_at >= sent_at)
            return any(one.kind == "publication" and one.requested_by == operator for one in asked)
        case "bundle.rollback", _, _:
            revisions = tables.bundles.rows.values()
            return any(one.author == operator and (one.published_at or 0) >= sent_at for one in revisions)
    return False


def _selected(selection: "RevokeManyInput", tables: Tables) -> list[LeaseRow]:
    if selection.lease_ids is not None:
        return [row for id in selection.lease_ids if (row := tables.leases.get(id)) is not None]
    if selection.agent_id is not None:
        return tables.leases.of("agent", selection.agent_id)
    if selection.task_id is not None:
        return tables.leases.of("task", selection.task_id)
    every = tables.leases.rows.values()
    return [row for row in every if selection.issuer is None or row.issuer == selection.issuer]
