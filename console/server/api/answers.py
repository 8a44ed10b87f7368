"""How endpoints answer: a model as JSON with its ETag, a page of a list, and whose thing it is."""

from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from console.model.agents import Agent
from console.model.base import Entity, Input
from console.model.events import Page
from console.model.filter_fields import fields_for
from console.model.filter_grammar import parse_filter
from console.model.filters import FilterError, Node, evaluate
from console.model.oauth import OAuthError
from console.model.problems import FieldError, ProblemError
from console.server.api.pipeline import Call
from console.server.identity.access import Act, only_own

E = TypeVar("E", bound=Entity)
M = TypeVar("M", bound=BaseModel)
MAX_PAGE = 500
MAX_FORM_FIELDS = 32


class ListQuery(Input):
    """What every list takes. `next` is what the page before gave; `newest` turns the order round."""

    limit: int = Field(default=100, ge=1, le=MAX_PAGE)
    next: str = Field(default="", max_length=255)
    newest: bool = False
    filter: str = Field(default="", max_length=512)


def tell(answer: BaseModel, *, status: int = 200, sparse: bool = False) -> Response:
    """A model as JSON. An entity carries its version as ETag (RFC 9110, section 8.8.3); `sparse` leaves out what is unknown."""
    headers = {"ETag": etag(answer)} if isinstance(answer, Entity) else None
    return Response(
        answer.model_dump_json(exclude_none=sparse), status_code=status, media_type="application/json", headers=headers
    )


def etag(entity: Entity) -> str:
    """The entity's version as a strong validator."""
    return f'"{entity.version}"'


def check_match(call: Call, entity: Entity) -> None:
    """Raises ProblemError `conflict` when the caller's If-Match names another version (RFC 9110, section 13.1.1)."""
    if call.if_match is None or call.if_match.strip() == "*":
        return
    if etag(entity) not in [one.strip() for one in call.if_match.split(",")]:
        raise ProblemError("conflict", "It has another version than the one that If-Match names.", version=entity.version)


def known(call: Call, kind: type[E], id: str) -> E:
    """The entity. Raises ProblemError `not_found`."""
    found = call.services.store.get(kind, id)
    if found is None:
        raise ProblemError("not_found")
    return found


def known_agent(call: Call, reference: str, act: Act) -> Agent:
    """The agent with this id, name or SPIFFE ID; to an agent, others are as if there were none.

    Raises ProblemError `not_found`.
    """
    agent = call.services.registry.find(reference)
    if agent is None:
        raise ProblemError("not_found")
    check_own(call, act, agent.id)
    return agent


def check_own(call: Call, act: Act, agent_id: str | None) -> None:
    """Raises ProblemError `not_found` for an agent that may do this with its own things only, when this is another's."""
    caller = call.caller
    if only_own(caller, act) and (caller.agent is None or caller.agent.id != agent_id):
        raise ProblemError("not_found")


def read_filter(text: str, collection: str) -> Node | None:
    """A filter's tree; None when there is none. Raises ProblemError `bad_filter` with the character (from 0)."""
    if not text.strip():
        return None
    try:
        return parse_filter(text, fields_for(collection))
    except KeyError:
        raise ProblemError("bad_filter", "This list takes no filter.") from None
    except FilterError as error:
        wanted = f" Expected: {', '.join(error.expected[:12])}." if error.expected else ""
        errors = (FieldError(field="filter", text=f"{error.text}{wanted}", position=error.position),)
        raise ProblemError(
            "bad_filter", f"At character {error.position}: {error.text}", errors=errors, position=error.position
        ) from None


def page(call: Call, kind: type[E], query: ListQuery, *, without: frozenset[str] = frozenset()) -> Response:
    """A page of a list, by id. `without` names fields that a list leaves out.

    With a filter a page looks at a bounded number of rows; then `next` goes on from there, and the page may be short.
    """
    store = call.services.store
    equals: dict[str, Any] = {name: value for name in kind.indexes if (value := getattr(query, name, None)) is not None}
    tree = read_filter(query.filter, kind.collection)
    fields = fields_for(kind.collection) if tree is not None else {}
    cursor = store.head()
    limit = min(query.limit, call.settings.max_page)
    now = call.services.clock.now()
    rows: list[E] = []
    mark, looked, more = query.next, 0, True
    while more and len(rows) < limit and looked < call.settings.max_scan:
        bound = {"before": mark} if query.newest else {"after": mark}
        found = store.find(kind, limit=MAX_PAGE, newest=query.newest, **bound, **equals)
        more = len(found) == MAX_PAGE
        for row in found:
            looked += 1
            mark = row.id
            if tree is None or evaluate(tree, row, fields, now):
                rows.append(row)
            if len(rows) == limit:
                more = more or row is not found[-1]
                break
    items = tuple(row.model_dump(mode="json", exclude=set(without)) for row in rows)
    return tell(Page(items=items, next=mark if more else None, cursor=cursor))


def form(kind: type[M], body: bytes) -> M:
    """The form fields of an OAuth request as a model; fields that are not known are ignored (RFC 6749, section 3.2).

    Raises OAuthError `invalid_request`, also for a field that is there twice.
    """
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=False, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "The body is not a form.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise OAuthError("invalid_request", "A field is there twice.")
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        named = ", ".join(sorted({str(one["loc"][0]) for one in error.errors() if one["loc"]}))
        raise OAuthError("invalid_request", f"These fields are missing or wrong: {named}.") from None
