"""What the APIs serve: every service under one roof, filled by the program's roof and handed to the routes.

Services that have floors of their own are named by their classes; what is asked of the others is written down here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from console.model.actors import Actor
from console.model.agents import Agent
from console.model.audit import AuditRecord, Checkpoint, InclusionProof
from console.model.exposure import Audience
from console.model.leases import IssuerStatus, Lease
from console.model.locks import ContainmentPreview, ContainmentTally, Lock
from console.server.authorization.approvals import Approvals
from console.server.authorization.bundles import Bundles
from console.server.authorization.decisions import Decisions
from console.server.authorization.grants import Grants
from console.server.authorization.registry import Registry
from console.server.authorization.task_tokens import TaskTokens
from console.server.authorization.tasks import Tasks
from console.server.broker.introspection import Introspection
from console.server.broker.leases import Leases
from console.server.identity.callers import Authenticator
from console.server.identity.operators import Operators
from console.server.ports import Clock, Store
