"""Routes of the record: audit, proofs, free texts, and the framework tables computed from it."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response

from console.model.audit import AuditRecord, Checkpoint, Checkpoints, FreeTextView, InclusionProof, TextErasing
from console.model.base import Digest, Identifier, Input
from console.model.events import Page
from console.model.filter_fields import fields_for
from console.model.filters import evaluate
from console.model.frameworks import (
    FrameworkReview,
    FrameworkReviewInput,
    Frameworks,
    FrameworkView,
    MetricView,
    SeedRows,
)
from console.model.problems import FieldError, ProblemError
from console.model.tasks import Task
from console.server.api.answers import MAX_PAGE, ListQuery, read_filter, tell
from console.server.api.entries import Routes
from console.server.api.routing import CallOf
from console.server.identity.access import Act
from console.server.ports import Store, Value

_LONGEST_CHAIN = 500
"""Tasks of one chain whose records are joined."""
audit = Routes("authorization", "audit")
frameworks = Routes("authorization", "frameworks")


class AuditQuery(ListQuery):
    """Which records to list. They come in order; `next` is the last seq of the page before."""

    kind: str | None = Field(default=None, max_length=64)
    object_id: str | None = Field(default=None, max_length=2048)
    agent_id: Identifier | None = None
    task_id: Identifier | None = None
    root_id: Identifier | None = None
    """The root of a chain: the records of all its tasks, joined."""


class ProofQuery(Input):
    """Which record to prove, in the tree of how many records; without a size, in the whole log."""

    seq: int = Field(ge=0)
    size: int | None = Field(default=None, ge=1)


class CheckpointsQuery(Input):
    """How many checkpoints to list, newest first."""

    limit: int = Field(default=20, ge=1, le=MAX_PAGE)


@audit.get("/authorization/v1/audit", Act.READ, Page)
async def list_audit(call: CallOf, query: Annotated[AuditQuery, Query()]) -> Response:
    """Audit records in order, or the newest first."""
    store = call.services.store
    equals: dict[str, Value | tuple[str, ...]] = {
        name: value for name in ("kind", "object_id", "agent_id", "task_id") if (value := getattr(query, name)) is not None
    }
    if query.root_id is not None and query.task_id is None:
        chain = store.find(Task, root_id=query.root_id, limit=_LONGEST_CHAIN)
        equals["task_id"] = tuple(task.id for task in chain) or (query.root_id,)
    tree = read_filter(query.filter, "audit")
    fields = fields_for("audit") if tree is not None else {}
    now = call.services.clock.now()
    cursor = store.head()
    limit = min(query.limit, call.settings.max_page)
    windows = _back(store, query, equals) if query.newest else _on(store, query, equals)
    rows: list[AuditRecord] = []
    looked = 0
    mark: str | None = query.next
    for found, further in windows:
        mark = further
        looked += MAX_PAGE
        for row in found:
            if tree is None or evaluate(tree, row, fields, now):
                rows.append(row)
            if len(rows) == limit:
                mark = str(row.seq)
                break
        if len(rows) == limit or mark is None or looked >= call.settings.max_scan:
            break
    items = tuple(row.model_dump(mode="json") for row in rows)
    return tell(Page(items=items, next=mark, cursor=cursor))


@audit.get("/authorization/v1/audit/checkpoint", Act.READ, Checkpoints)
async def list_checkpoints(call: CallOf, query: Annotated[CheckpointsQuery, Query()]) -> Response:
    """The signed checkpoints, newest first."""
    store = call.services.store
    return tell(Checkpoints(items=tuple(store.checkpoints(query.limit)), size=store.audit_size()))


@audit.post("/authorization/v1/audit/checkpoint", Act.CHECKPOINT, Checkpoint, changes=False)
async def make_checkpoint(call: CallOf) -> Response:
    """Sign the head of the log as it stands now."""
    return tell(await call.services.audit.checkpoint())


@audit.get("/authorization/v1/audit/proof", Act.READ, InclusionProof)
async def prove_record(call: CallOf, query: Annotated[ProofQuery, Query()]) -> Response:
    """Prove that a record is in the log (RFC 9162, section 2.1.3)."""
    size = call.services.store.audit_size()
    if query.seq >= size or (query.size is not None and not query.seq < query.size <= size):
        raise ProblemError("not_found", f"The log holds {size} records.")
    return tell(call.services.audit.prove(query.seq, query.size))


@audit.get("/authorization/v1/audit/texts/{digest}", Act.READ, FreeTextView)
async def show_text(call: CallOf, digest: Annotated[Digest, Path()]) -> Response:
    """A free text by its digest."""
    return tell(FreeTextView(digest=digest, text=call.services.store.text(digest)))


@audit.post("/authorization/v1/audit/texts/{digest}/erase", Act.ERASE_TEXT, FreeTextView)
async def erase_text(call: CallOf, digest: Annotated[Digest, Path()], asked: TextErasing) -> Response:
    """Erase a free text for good; its digest stays in the log."""
    await call.services.audit.erase(digest, asked.reason, call.caller.actor)
    return tell(FreeTextView(digest=digest))


@frameworks.get("/authorization/v1/frameworks", Act.READ, Frameworks)
async def list_frameworks(call: CallOf) -> Response:
    """The frameworks, each with how its controls stand on the live record."""
    return tell(Frameworks(items=tuple(await call.services.evidence.frameworks())))


@frameworks.get("/authorization/v1/frameworks/seed", Act.READ, SeedRows)
async def list_seed_rows(call: CallOf) -> Response:
    """The three rows that the product was asked for, with their headline figures."""
    return tell(SeedRows(items=await call.services.evidence.seed()))


@frameworks.get("/authorization/v1/frameworks/{framework_id}", Act.READ, FrameworkView)
async def show_framework(call: CallOf, framework_id: Annotated[str, Path(max_length=128)]) -> Response:
    """One framework, row by row, with its evidence."""
    found = await call.services.evidence.framework(framework_id)
    if found is None:
        raise ProblemError("not_found", "There is no such framework.")
    return tell(found)


@frameworks.get("/authorization/v1/frameworks/metrics/{metric_id}", Act.READ, MetricView)
async def show_metric(call: CallOf, metric_id: Annotated[str, Path(max_length=128)]) -> Response:
    """One metric: its definition, its figure now, and its trend."""
    found = await call.services.evidence.metric(metric_id)
    if found is None:
        raise ProblemError("not_found", "There is no such metric.")
    return tell(found)


@frameworks.post("/authorization/v1/frameworks/{framework_id}/reviews", Act.MARK_REVIEWED, FrameworkReview)
async def review_framework(
    call: CallOf, framework_id: Annotated[str, Path(max_length=128)], asked: FrameworkReviewInput
) -> Response:
    """Mark a row of a framework reviewed; it stays on the record with the digest of what the row said."""
    return tell(await call.services.evidence.review(framework_id, asked, call.caller.actor))


def _on(
    store: Store, query: AuditQuery, equals: dict[str, Value | tuple[str, ...]]
) -> Iterator[tuple[list[AuditRecord], str | None]]:
    """Windows of records in order, each with the seq to go on behind; None after the last."""
    seq = _seq(query, -1)
    while True:
        found = store.audit(seq, MAX_PAGE, **equals)
        seq = found[-1].seq if found else seq
        yield found, str(seq) if len(found) == MAX_PAGE else None


def _back(
    store: Store, query: AuditQuery, equals: dict[str, Value | tuple[str, ...]]
) -> Iterator[tuple[list[AuditRecord], str | None]]:
    """Windows of records, the newest first, each with the seq to go on before; None after the first record."""
    end = _seq(query, store.audit_size())
    while True:
        found = store.audit_before(end, MAX_PAGE, **equals)
        end = found[-1].seq if found else 0
        yield found, str(end) if len(found) == MAX_PAGE else None


def _seq(query: AuditQuery, default: int) -> int:
    if not query.next:
        return default
    if not query.next.isascii() or not query.next.isdigit() or len(query.next) > 15:
        raise ProblemError("invalid", "next is no seq.", errors=(FieldError(field="next", text="a seq"),))
    return int(query.next)
