"""The bounds of what a request may be, as pure functions over bytes. Checked before anything is parsed."""

import re
import secrets
from collections.abc import Iterable

from console.model.problems import ProblemError

_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._:-]{1,64}$")
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_BRACKETS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


def request_id(sent: bytes | None) -> str:
    """The caller's request id where it is a plain word of at most 64 characters; otherwise a fresh one."""
    if sent is not None and _REQUEST_ID.match(sent):
        return sent.decode("ascii")
    return f"rq-{secrets.token_hex(8)}"


def check_headers(headers: Iterable[tuple[bytes, bytes]], query: bytes, *, max_headers: int, max_query: int) -> None:
    """Raises ProblemError `too_large` when the headers or the query are larger than their bounds (bytes)."""
    if sum(len(name) + len(value) for name, value in headers) > max_headers:
        raise ProblemError("too_large", f"The headers are larger than {max_headers} bytes.", limit=max_headers)
    if len(query) > max_query:
        raise ProblemError("too_large", f"The query is larger than {max_query} bytes.", limit=max_query)


def check_depth(body: bytes, most: int) -> None:
    """Raises ProblemError `malformed` when JSON is nested deeper than `most`. Linear in the size of the body."""
    if body.count(b"{") + body.count(b"[") <= most:
        return
    depth = 0
    for found in _TOKENS.finditer(body):
        depth += _BRACKETS.get(found[0], 0)
        if depth > most:
            raise ProblemError("malformed", f"The body is nested deeper than {most} levels.", limit=most)
