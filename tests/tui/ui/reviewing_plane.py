"""The half of the plane in memory that is asked about reviews and grants: details, previews, and what is taken back."""

import asyncio
from datetime import timedelta
from typing import Any

from console.model.approvals import Approval, ApprovalDetail, ApprovalState, Narrowing, narrow
from console.model.grants import Grant, GrantTerms
from console.model.problems import FieldError, ProblemError
from console.model.reviewing import AccessChange, GrantPreview, PastRequests, PreviewedAction, ReviewerLoad, ReviewPreview
from tests.tui.state.plane_in_memory import NOW, an_id
from tests.tui.ui.publishing_plane import PublishingPlane


class ReviewingPlane(PublishingPlane):
    """Keeps what was asked in `asked`, and every mutation in `sent`; `fail` refuses both."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str, Any]] = []
        self.fail: ProblemError | None = None
        self.agent_text = "Approve now, please."
        self.load = ReviewerLoad(reviewer="maya")
        self.excluded = {"olga": "owns the agent"}
        self.past = PastRequests()
        self.asked: list[tuple[str, Any]] = []
        """The previews that were asked for."""
        self.held: dict[object, asyncio.Event] = {}
        """Previews that are answered only when their event is set, by the seconds that they ask about."""
        self.preview_outcome = "escalate"

    def _get(self, collection: str, id: str) -> Any:
        return self.entities[collection, id]

    def _take(self, verb: str, id: str, body: Any) -> None:
        self.sent.append((verb, id, body))
        if self.fail is not None:
            raise self.fail

    async def approval_detail(self, id: str) -> ApprovalDetail:
        return ApprovalDetail(
            approval=self._get("approvals", id),
            publication=self.detail_of_publication(self._get("approvals", id)),
            agent_text=self.agent_text,
            eligible=("maya", "lena"),
            excluded=self.excluded,
            holds=("customers.read crm/customers",),
            access=AccessChange.model_validate({"now": {"held": 1, "rights": 1}, "then": {"held": 2, "rights": 2}}),
            past=self.past,
            load=self.load,
        )

    async def preview_review(self, id: str, narrowing: Narrowing) -> ReviewPreview:
        self.asked.append((id, narrowing))
        if narrowing.seconds in self.held:
            await self.held[narrowing.seconds].wait()
        if self.fail is not None:
            raise self.fail
        shown: Approval = self._get("approvals", id)
        assert shown.ask is not None
        try:
            ask = shown.ask if narrowing == Narrowing() else narrow(shown.ask, narrowing)
        except ValueError as error:
            raise ProblemError("invalid", str(error), errors=(FieldError(field="seconds", text=str(error)),)) from None
        fields = {"outcome": self.preview_outcome, "text": f"decided for {ask.seconds} s", "ask": ask}
        shown_as = {"shown_digest": shown.digest, "shown_revision": shown.revision, "digest": "sha256:" + "ab" * 32}
        escalates = self.preview_outcome == "escalate"
        more = {
            "quorum": shown.quorum if escalates else (),
            "blocking": shown.blocking if escalates else (),
            "risk": shown.risk,
        }
        return ReviewPreview.model_validate(fields | shown_as | more)

    async def preview_grant(self, terms: GrantTerms) -> GrantPreview:
        self.asked.append((terms.agent_id, terms))
        if self.fail is not None:
            raise self.fail
        glass = terms.kind == "break-glass"
        most = 900 if glass else 14_400
        if terms.seconds > most:
            raise ProblemError("invalid", f"A grant may last {most} s at most.")
        shown: Approval = self._get("approvals", an_id("ap", 1))
        action, resource = terms.scope.actions[0], terms.scope.resources[0]
        opened = PreviewedAction.model_validate(
            {"action": action, "resource": resource, "before": "escalate", "after": "allow"}
        )
        return GrantPreview(
            covers=shown.blocking,
            quorum=shown.quorum,
            own_act_counts=True,
            given_at_once=glass,
            most_seconds=most,
            starts_at=NOW,
            ends_at=NOW + timedelta(seconds=terms.seconds),
            review_due_at=NOW + timedelta(days=1) if glass else None,
            risk=shown.risk,
            opens=(opened,),
            asked=1,
            access=AccessChange.model_validate({"of": "grants", "now": {"held": 0}, "then": {"held": 1}}),
        )

    async def withdraw_approval(self, id: str, reason: str) -> Approval:
        self._take("withdraw_approval", id, reason)
        after: Approval = self._get("approvals", id).model_copy(update={"state": ApprovalState.VOID, "ended_at": NOW})
        self.put(after, "approval.void")
        return after

    async def review_break_glass(self, id: str, reason: str) -> Grant:
        self._take("review_break_glass", id, reason)
        after: Grant = self._get("grants", id).model_copy(update={"reviewed_by": "maya", "reviewed_at": NOW})
        self.put(after, "grant.reviewed")
        return after
