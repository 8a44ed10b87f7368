"""Routes of health and of metrics."""

import logging

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from console.model.base import Shape
from console.model.problems import ProblemError
from console.server.api.answers import tell
from console.server.api.entries import Routes
from console.server.api.routing import CallOf
from console.server.identity.access import Act

log = logging.getLogger("leasehold.api")

health = Routes("authorization", "health")


class Health(Shape):
    """That the plane answers."""

    status: str = "ok"


@health.get("/healthz", Act.PUBLIC, Health)
async def show_health(call: CallOf) -> Response:
    """Whether the process answers at all."""
    return tell(Health())


@health.get("/readyz", Act.PUBLIC, Health)
async def show_readiness(call: CallOf) -> Response:
    """Whether the plane decides: its store answers and a bundle is in force."""
    why_not = call.services.ready()
    if why_not:
        raise ProblemError("not_ready", why_not)
    try:
        call.services.store.checkpoints(1)
    except ProblemError:
        raise
    except Exception as error:
        # Whatever its kind: a store that cannot be read is not there. Its own words stay out of an answer for anybody.
        log.warning("the store could not be read: %s", type(error).__name__)
        raise ProblemError("store_unavailable", "The store cannot be read.") from None
    return tell(Health())


@health.get("/openapi.json", Act.PUBLIC)
async def show_openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document of both APIs."""
    return Response(request.app.state.document, media_type="application/json")


@health.get("/metrics", Act.READ)
async def show_metrics(call: CallOf) -> Response:
    """Metrics in the text form of Prometheus."""
    services = call.services
    text = call.metrics.text(services.store, call.feed.streams, services.notices.metrics())
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")
