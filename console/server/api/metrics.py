"""Metrics of the APIs, in the text form of Prometheus. Owns the counts of this process; gauges are read from the store."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator

from console.model.approvals import Approval, ApprovalState
from console.model.base import Entity
from console.model.leases import Lease, LeaseState
from console.model.locks import Lock
from console.model.tasks import Task, TaskState
from console.server.ports import Store, Value

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the latency buckets, in seconds."""

_GAUGES: tuple[tuple[str, str, type[Entity], dict[str, Value]], ...] = (
    ("leasehold_tasks_running", "Tasks that run.", Task, {"state": TaskState.RUNNING}),
    ("leasehold_leases_active", "Leases that may be used.", Lease, {"state": LeaseState.ACTIVE}),
    ("leasehold_leases_revoking", "Leases whose revocation is not confirmed.", Lease, {"state": LeaseState.REVOKING}),
    ("leasehold_leases_irrevocable", "Leases that are stuck.", Lease, {"state": LeaseState.IRREVOCABLE}),
    ("leasehold_approvals_pending", "Approval requests that wait.", Approval, {"state": ApprovalState.PENDING}),
    ("leasehold_locks_active", "Locks that stand.", Lock, {"active": True}),
)


class Metrics:
    """Counts requests by route and status, and how long they took."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request that was answered. `route` is the template, never the address that was sent."""
        self._requests[(method, route, status)] += 1
        buckets = self._buckets.setdefault(route, [0] * (len(BOUNDS) + 1))
        buckets[bisect_left(BOUNDS, seconds)] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds

    def text(self, store: Store, streams: int, more: Iterable[str] = ()) -> str:
        """Everything, as Prometheus reads it; `more` are lines that others own."""
        return "\n".join([*self._lines(store, streams), *more]) + "\n"

    def _lines(self, store: Store, streams: int) -> Iterator[str]:
        yield "# HELP leasehold_requests_total Requests answered."
        yield "# TYPE leasehold_requests_total counter"
        for (method, route, status), count in sorted(self._requests.items()):
            yield f'leasehold_requests_total{{method="{method}",route="{route}",status="{status}"}} {count}'
        yield "# HELP leasehold_request_seconds How long requests took."
        yield "# TYPE leasehold_request_seconds histogram"
        for route, buckets in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*BOUNDS, None), buckets, strict=True):
                total += count
                yield f'leasehold_request_seconds_bucket{{route="{route}",le="{"+Inf" if bound is None else bound}"}} {total}'
            yield f'leasehold_request_seconds_sum{{route="{route}"}} {self._seconds[route]:.6f}'
            yield f'leasehold_request_seconds_count{{route="{route}"}} {total}'
        for name, help_text, kind, equals in _GAUGES:
            yield from _gauge(name, help_text, store.count(kind, **equals))
        yield from _gauge("leasehold_event_cursor", "The cursor of the last event.", store.head())
        yield from _gauge("leasehold_audit_records", "Records in the audit log.", store.audit_size())
        yield from _gauge("leasehold_event_streams", "Event streams that are open.", streams)


def _gauge(name: str, help_text: str, value: int) -> Iterator[str]:
    yield f"# HELP {name} {help_text}"
    yield f"# TYPE {name} gauge"
    yield f"{name} {value}"
