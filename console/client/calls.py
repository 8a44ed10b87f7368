"""What the calls of both APIs share: reading answers into models, and pages of lists."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from console.client.errors import Garbled
from console.client.transport import ApiName, Query, Transport, new_key, read
from console.model.base import Shape
from console.model.events import Page

M = TypeVar("M", bound=BaseModel)
S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, slots=True)
class Listed(Generic[S]):
    """A page of a list. `next` asks for the next page; `cursor` is the event cursor that the rows are true at."""

    items: tuple[S, ...]
    next: str | None
    cursor: int


class Calls:
    """Typed calls over a transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def _get(self, api: ApiName, path: str, kind: type[M], **query: Query) -> M:
        answer: M = read(kind, await self._transport.send(api, "GET", path, query=query))
        return answer

    async def _post(
        self,
        api: ApiName,
        path: str,
        kind: type[M],
        body: BaseModel | Mapping[str, Any] | None = None,
        *,
        key: str | None = None,
        if_match: int | None = None,
    ) -> M:
        """A call that changes something, under the caller's idempotency key or a fresh one."""
        response = await self._transport.send(api, "POST", path, body=body, key=key or new_key(), if_match=if_match)
        answer: M = read(kind, response)
        return answer

    async def _ask(self, api: ApiName, path: str, kind: type[M], body: BaseModel | Mapping[str, Any]) -> M:
        """A call with a body that changes nothing."""
        answer: M = read(kind, await self._transport.send(api, "POST", path, body=body))
        return answer

    async def _list(self, api: ApiName, path: str, kind: type[S], query: Mapping[str, Query]) -> Listed[S]:
        page: Page = read(Page, await self._transport.send(api, "GET", path, query=query))
        try:
            items = tuple(kind.model_validate(item) for item in page.items)
        except ValidationError:
            raise Garbled("A row is not of the shape that this client knows.") from None
        return Listed(items=items, next=page.next, cursor=page.cursor)


def part(text: str) -> str:
    """One segment of a path."""
    return quote(text, safe=":@")
