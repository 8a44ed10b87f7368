"""The client of both APIs."""

from collections.abc import Callable
from types import TracebackType

import httpx

from console.client.authorization import AgentCalls, RecordCalls, ReviewCalls, TaskCalls
from console.client.broker import LeaseCalls
from console.client.errors import Refused
from console.client.stream import StreamCalls
from console.client.transport import Sent, Timeouts, Token, Transport


class LeaseholdClient(AgentCalls, TaskCalls, ReviewCalls, RecordCalls, LeaseCalls, StreamCalls):
    """Typed calls of both APIs, for operators, agents, resource servers and enforcement points.

    `token` is asked for the credential each time it is needed. `broker_token` is for workloads, whose credentials name one
    API each; without it `token` serves both. `on_sent` hears of every request, for a command log. `transport` is a seam.
    """

    def __init__(
        self,
        authorization_url: str,
        broker_url: str,
        token: Token,
        *,
        broker_token: Token | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeouts: Timeouts | None = None,
        on_sent: Callable[[Sent], None] | None = None,
    ) -> None:
        super().__init__(
            Transport(
                {"authorization": authorization_url, "broker": broker_url},
                {"authorization": token, "broker": broker_token or token},
                transport=transport,
                timeouts=timeouts or Timeouts(),
                on_sent=on_sent,
            )
        )

    async def __aenter__(self) -> "LeaseholdClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def is_ready(self) -> bool:
        """Whether the plane decides. Raises Unreachable when it does not answer at all."""
        try:
            await self._transport.send("authorization", "GET", "/readyz", open_to_all=True)
        except Refused:
            return False
        return True
