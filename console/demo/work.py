"""The work on one task: leases asked for, used and kept alive, heartbeats, delegation, and what a refusal means.

Owns how an agent of the estate takes a refusal: denied, it notes it and goes on; waiting for a person, it asks again until
the request is decided; revoked, it stops using the lease and asks once more; contained, it stops.
"""

import asyncio
import json
import time
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Final

import httpx

from console.client import ClientError, LeaseholdClient, NotSignedIn, PlaneFailed, Refused, Unreachable, new_key
from console.demo.guard import TASK_HEADER
from console.demo.plans import Step, rights_of
from console.demo.spool import Handover, Reply, await_reply, hand_over
from console.demo.workload import StepLog, Workload
from console.model.approvals import ApprovalState
from console.model.base import Json
from console.model.leases import LeaseInput, LeaseIssued
from console.model.scales import DataClass
from console.model.tasks import Delegation, IntentInput

BEAT_SECONDS: Final = 6.0
HEARTBEAT_SECONDS: Final = 30
LEASE_SECONDS: Final = 60
RENEW_BEFORE_SECONDS: Final = 20.0
MARGIN_SECONDS: Final = 15
TRIES: Final = 5


class Trouble(Exception):
    """The root of what can come in the way of a step. `code` is the plane's or the resource server's."""

    def __init__(self, code: str, detail: str, *, policies: tuple[str, ...] = (), approval_id: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.policies = policies
        self.approval_id = approval_id


class Denied(Trouble):
    """No. Asking again does not help."""


class Waits(Trouble):
    """A person must agree first; `approval_id` names the request."""


class Revoked(Trouble):
    """The lease is no longer good."""


class Contained(Trouble):
    """The agent, or a task above, is contained."""


class Ended(Trouble):
    """The task is no longer running."""


class Unsettled(Trouble):
    """It could not be answered now."""


def trouble_of(error: ClientError) -> Trouble:
    """What an error of the plane means for the work."""
    if not isinstance(error, Refused) or isinstance(error, NotSignedIn | PlaneFailed):
        return Unsettled("unreachable" if isinstance(error, Unreachable) else "unsettled", str(error))
    return _trouble(error.code, error.problem.detail, error.facts)


def trouble_in(response: httpx.Response) -> Trouble:
    """What a refusal of a resource server means for the work."""
    try:
        problem = response.json()
    except ValueError:
        problem = {}
    code, detail = str(problem.get("code", "unknown")), str(problem.get("detail", ""))
    facts = problem.get("facts")
    if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unsettled(code, detail)
    return _trouble(code, detail, facts if isinstance(facts, dict) else {})


def _trouble(code: str, detail: str, facts: dict[str, Json]) -> Trouble:
    reasons = facts.get("policies") or [
        reason.get("policy_id") for reason in _rows(facts.get("reasons")) if isinstance(reason, dict)
    ]
    policies = tuple(str(policy) for policy in _rows(reasons))
    approval_id = facts.get("approval_id")
    inner = str(facts.get("decision_code") or code)
    if "locked" in (code, inner):
        return Contained("locked", detail)
    if "task_not_running" in (code, inner):
        return Ended("task_not_running", detail)
    if code == "needs_approval" and isinstance(approval_id, str):
        return Waits(code, detail, policies=policies, approval_id=approval_id)
    if code == "lease_not_active":
        return Revoked(code, detail)
    return Denied(inner if code == "denied" else code, detail, policies=policies)


def _rows(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


class Work:
    """One running task of this agent."""

    def __init__(
        self,
        own: Workload,
        client: LeaseholdClient,
        http: httpx.AsyncClient,
        log: StepLog,
        *,
        task_id: str,
        task_token: str,
        deadline: float,
    ) -> None:
        self.own = own
        self.task_id = task_id
        self.deadline = deadline
        self.hijacked = False
        self._client = client
        self._http = http
        self._log = log
        self._token = task_token
        self._held: dict[str, LeaseIssued] = {}

    def note(self, step: str, outcome: str, **facts: Json) -> None:
        """A line of the agent's log."""
        self._log.write(step, outcome, task_id=self.task_id, hijacked=self.hijacked, **facts)

    async def think(self, seconds: float) -> None:
        """Think, for so many seconds at speed 1."""
        await asyncio.sleep(seconds / self.own.speed)

    async def alive(self, work: Awaitable[None]) -> None:
        """Do the work while the task's heartbeat goes on. Raises what the work raises, and Ended or Contained."""
        main, beats = asyncio.ensure_future(work), asyncio.ensure_future(self._beat())
        try:
            await asyncio.wait([main, beats], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (main, beats):
                one.cancel()
            await asyncio.wait([main, beats])
        for one in (beats, main):
            if not one.cancelled():
                one.result()

    async def do(self, step: Step, *, patient: bool = True) -> dict[str, Json]:
        """Take a step under a lease of its own. `patient` waits for a person where one must agree.

        Raises Trouble.
        """
        await self.think(step.seconds)
        revoked = False
        for _ in range(TRIES):
            try:
                answer = await self._use(step, await self._lease(step, patient=patient))
            except Waits as waits:
                self._refused(step, waits)
                if not patient:
                    raise
                await self._person(waits, self._ask(step))
            except Revoked as gone:
                self._refused(step, gone)
                if revoked:
                    raise
                revoked = True
            except Unsettled as unsettled:
                self._refused(step, unsettled)
                await asyncio.sleep(1.0)
            except Trouble as trouble:
                self._refused(step, trouble)
                raise
            else:
                self.note(step.action, "done", resource=step.resource, rows=answer.get("count"))
                return answer
        raise Denied("gave_up", f"{step.action} did not come about after {TRIES} tries.")

    async def delegate(
        self, to: str, purpose: str, handover: tuple[Step, ...], *, more: tuple[Step, ...] = (), after: int = 0,
        number: int = 0, lane: str = "flow",
    ) -> Reply:  # fmt: skip
        """Delegate steps to another agent, with no more rights than they take, and wait for the result. Raises Trouble."""
        seconds = max(2, int(self.deadline - time.time()) - MARGIN_SECONDS)
        asked = Delegation(
            agent=to,
            intent=IntentInput(purpose=purpose),
            rights=rights_of((*handover, *more)),
            seconds=seconds,
            heartbeat_seconds=HEARTBEAT_SECONDS,
        )
        try:
            opened = await self._client.delegate_task(self.task_id, asked)
        except ClientError as error:
            trouble = trouble_of(error)
            self.note("delegate", "refused", to=to, code=trouble.code, detail=trouble.detail)
            raise trouble from None
        self.note("delegate", "done", to=to, child=opened.task.id)
        given = Handover(
            task_id=opened.task.id,
            task_token=opened.task_token,
            deadline=opened.task.deadline_at.timestamp(),
            number=number,
            lane="person" if lane == "person" else "flow",
            purpose=purpose,
            steps=handover,
            summary=more,
            summary_after=after,
            reply_to=self.own.name,
        )
        hand_over(self.own.spool(to), given)
        answer = await await_reply(self.own.spool(self.own.name), opened.task.id, seconds)
        return answer or Reply(task_id=opened.task.id, outcome="failed", text="no answer came in time")

    def _ask(self, step: Step) -> LeaseInput:
        # One row more than is read: a lease whose rows are all read is taken back, as one that went too far.
        rows = step.rows + 1 if step.method == "GET" else step.rows
        return LeaseInput(
            task_id=self.task_id,
            action=step.action,
            resource=step.resource,
            seconds=LEASE_SECONDS,
            rows=rows,
            reason=step.reason,
        )

    async def _lease(self, step: Step, *, patient: bool) -> LeaseIssued:
        asked = self._ask(step)
        while True:
            try:
                issued = await self._client.issue_lease(asked, key=new_key())
            except ClientError as error:
                trouble = trouble_of(error)
                if not isinstance(trouble, Waits) or not patient:
                    raise trouble from None
                self._refused(step, trouble)
                asked = await self._person(trouble, asked)
                continue
            self.note("lease", "issued", action=step.action, resource=step.resource, lease_id=issued.lease.id)
            if step.method == "GET" and step.data_class.rank <= DataClass.INTERNAL.rank:
                self._held[issued.lease.id] = issued
            return issued

    async def _use(self, step: Step, issued: LeaseIssued) -> dict[str, Json]:
        server = step.resource.partition("/")[0]
        headers = {"Authorization": f"Bearer {issued.credential}", TASK_HEADER: self._token}
        try:
            response = await self._http.request(
                step.method, f"{self.own.servers[server]}{step.path}", json=step.body, headers=headers
            )
        except httpx.HTTPError as error:
            raise Unsettled("unreachable", f"{server} did not answer: {type(error).__name__}") from None
        if not response.is_success:
            self._held.pop(issued.lease.id, None)
            raise trouble_in(response)
        answer: dict[str, Json] = json.loads(response.content)
        return answer

    async def _person(self, waits: Waits, asked: LeaseInput) -> LeaseInput:
        """Wait until a request is decided; returns what may be asked for now. Raises Denied when the answer was no."""
        pause = 1.0
        while True:
            await asyncio.sleep(max(0.2, pause / self.own.speed))
            pause = min(3.0, pause * 1.4)
            try:
                found = (await self._client.show_approval(waits.approval_id or "")).approval
            except ClientError as error:
                trouble = trouble_of(error)
                if isinstance(trouble, Unsettled):
                    continue
                raise trouble from None
            if found.state is ApprovalState.PENDING:
                continue
            self.note("approval", found.state.value, approval_id=found.id)
            if found.state not in (ApprovalState.APPROVED, ApprovalState.CONSUMED):
                raise Denied(found.state.value, f"The approval request was {found.state.value}.")
            if found.narrowed_from is None or found.ask is None:
                return asked
            least = {name: value for name in ("seconds", "uses", "rows") if (value := getattr(found.ask, name)) is not None}
            return asked.model_copy(update=least | {"resource": found.ask.resource})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._client.send_heartbeat(self.task_id)
                await self._renew()
            except ClientError as error:
                trouble = trouble_of(error)
                if not isinstance(trouble, Unsettled):
                    raise trouble from None

    async def _renew(self) -> None:
        """Keep alive what was read under, for as long as the task goes on. A renewal that is refused ends the matter."""
        for lease_id, issued in list(self._held.items()):
            if (issued.lease.expires_at - datetime.now(UTC)).total_seconds() > RENEW_BEFORE_SECONDS:
                continue
            try:
                self._held[lease_id] = await self._client.renew_lease(lease_id, LEASE_SECONDS)
                self.note("renew", "done", lease_id=lease_id)
            except Refused as refused:
                self._held.pop(lease_id, None)
                self.note("renew", "refused", lease_id=lease_id, code=refused.code)

    def _refused(self, step: Step, trouble: Trouble) -> None:
        outcome = "waits" if isinstance(trouble, Waits) else "refused"
        self.note(
            step.action, outcome, resource=step.resource, asked_rows=step.rows, code=trouble.code,
            policies=list(trouble.policies), approval_id=trouble.approval_id, expected=step.needs_person, detail=trouble.detail,
        )  # fmt: skip
