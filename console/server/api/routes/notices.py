"""Routes of notices: how the webhooks of the plane's configuration stand, and a test of one."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from console.model.notices import Webhooks, WebhookTested
from console.server.api.answers import tell
from console.server.api.entries import Routes
from console.server.api.routing import CallOf
from console.server.identity.access import Act

notices = Routes("authorization", "notices")
WebhookName = Annotated[str, Path(max_length=64)]


@notices.get("/authorization/v1/webhooks", Act.READ, Webhooks)
async def list_webhooks(call: CallOf) -> Response:
    """The webhooks: what they are told, how far they are, and what they were not told."""
    return tell(call.services.notices.status())


@notices.post("/authorization/v1/webhooks/{name}/test", Act.CONFIGURE, WebhookTested)
async def test_webhook(call: CallOf, name: WebhookName) -> Response:
    """Send a test notice to a webhook, once."""
    return tell(await call.services.notices.test(name, call.caller.actor))
