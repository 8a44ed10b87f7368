"""A plane that answers resource servers as it is told to, over ASGI, and keeps what it was asked and told."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.client import LeaseholdClient
from console.demo.guard import TASK_HEADER

TASK = "tk_01m84yw18ke72sz8kq3zm7sxwc"
LEASE = "ls_01m84yw1hhesgtc9wx9hp60x8b"
DECISION = "dc_01m84yw1hhesgtc9wx9hp60x8b"
APPROVAL = "ap_01m84yw1hhesgtc9wx9hp60x8b"
AGENT = "spiffe://demo.leasehold/agent/support-executor-1"
PLANE = "http://plane"
HEADERS = {"Authorization": "Bearer the-lease", TASK_HEADER: "the-task"}


@dataclass
class FakePlane:
    """`leases` says what each credential is good for; one that is not there is inactive."""

    leases: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcome: str = "allow"
    obligations: list[str] = field(default_factory=list)
    cache_seconds: int = 0
    records: bool = True
    asked: list[dict[str, Any]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    introspections: int = 0

    def lease(self, action: str, resource: str, max_rows: int = 50) -> None:
        """Make `the-lease` good for one action on one resource."""
        self.leases["the-lease"] = {
            "active": True,
            "client_id": AGENT,
            "sub": "customer-0042",
            "task_id": TASK,
            "lease_id": LEASE,
            "max_rows": max_rows,
            "cache_seconds": self.cache_seconds,
            "authorization_details": [{"actions": [action], "resources": [resource], "max_class": "restricted"}],
        }

    def client(self) -> LeaseholdClient:
        """A resource server's client of this plane."""
        application = Starlette(
            routes=[
                Route("/broker/v1/introspect", self._introspect, methods=["POST"]),
                Route("/access/v1/evaluation", self._evaluate, methods=["POST"]),
                Route("/authorization/v1/tasks/{task_id}/observations", self._observe, methods=["POST"]),
            ]
        )
        return LeaseholdClient(PLANE, PLANE, lambda: "svid", transport=httpx.ASGITransport(app=application))

    async def _introspect(self, request: Request) -> Response:
        self.introspections += 1
        token = parse_qs((await request.body()).decode())["token"][0]
        return JSONResponse(self.leases.get(token, {"active": False}))

    async def _evaluate(self, request: Request) -> Response:
        self.asked.append(json.loads(await request.body()))
        reasons = [] if self.outcome == "allow" else [{"policy_id": "restricted-read", "effect": "forbid"}]
        context = {
            "id": DECISION,
            "outcome": self.outcome,
            "code": "permitted" if self.outcome == "allow" else self.outcome,
            "text": "Because.",
            "reasons": reasons,
            "obligations": self.obligations,
            "approval_id": APPROVAL if self.outcome == "escalate" else None,
        }
        return JSONResponse({"decision": self.outcome == "allow", "context": context})

    async def _observe(self, request: Request) -> Response:
        if not self.records:
            problem = {"title": "full", "status": 507, "code": "store_full", "detail": "The disk is full."}
            return JSONResponse(problem, status_code=507)
        self.told.append(json.loads(await request.body()) | {"task_id": request.path_params["task_id"]})
        return JSONResponse({"id": TASK})
