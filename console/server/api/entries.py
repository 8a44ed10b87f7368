"""The one registry of routes. Each names its act, so that a test can walk route by route through "Who may do what".

Owns what every route says of itself; `pipeline` runs them, `app` mounts them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from console.server.identity.access import Act

Api = Literal["authorization", "broker", "both"]
Method = Literal["GET", "POST", "DELETE"]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Awaitable[Any]])


@dataclass(frozen=True, slots=True)
class Entry:
    """One route.

    `act` None means that anybody may call it, without a credential. `changes` is true where it creates or changes
    something, so that it takes an Idempotency-Key; `secret` where its answer carries a secret, which is never kept.
    `repeatable` is true where the work may be done again and takes several commits: a repetition goes on with it.
    `form` is true where a standard wants a form instead of JSON. `hot` routes are served as plain ASGI.
    """

    method: Method
    path: str
    act: Act | None
    api: Api
    tag: str
    endpoint: Callable[..., Awaitable[Any]]
    answers: Any = None
    status: int = 200
    changes: bool = False
    secret: bool = False
    form: bool = False
    hot: bool = False
    large: bool = False
    repeatable: bool = False
    accepts: Any = None
    """The body's model, where the endpoint reads the body itself."""

    @property
    def name(self) -> str:
        """What the operation is called in the OpenAPI document."""
        return self.endpoint.__name__


class Routes:
    """The routes of one place, in the order in which they are matched."""

    def __init__(self, api: Api, tag: str) -> None:
        self.api: Api = api
        self.tag = tag
        self.entries: list[Entry] = []

    def get(self, path: str, act: Act | None, answers: Any = None) -> Callable[[Endpoint], Endpoint]:
        """A route that only reads."""

        def add(endpoint: Endpoint) -> Endpoint:
            self.entries.append(Entry("GET", path, act, self.api, self.tag, endpoint, answers))
            return endpoint

        return add

    def post(
        self,
        path: str,
        act: Act | None,
        answers: Any = None,
        *,
        status: int = 200,
        changes: bool = True,
        secret: bool = False,
        form: bool = False,
        hot: bool = False,
        large: bool = False,
        repeatable: bool = False,
        accepts: Any = None,
        method: Method = "POST",
    ) -> Callable[[Endpoint], Endpoint]:
        """A route that creates, changes or, with `changes` false, asks something that takes a body."""

        def add(endpoint: Endpoint) -> Endpoint:
            self.entries.append(
                Entry(
                    method,
                    path,
                    act,
                    self.api,
                    self.tag,
                    endpoint,
                    answers,
                    status=status,
                    changes=changes,
                    secret=secret,
                    form=form,
                    hot=hot,
                    large=large,
                    repeatable=repeatable,
                    accepts=accepts,
                )
            )
            return endpoint

        return add
