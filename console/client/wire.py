"""One GET, and its answer read as it comes: the least of HTTP/1.1 (RFC 9112) that a console needs to become live.

The typed client speaks through httpx, which takes longer to load than a console may take to be live. Here are no redirects,
no proxies, no cookies and no compression, and a connection serves one request. Every wait and every buffer has a bound.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httptools

from console.client.errors import Unreachable, why

if TYPE_CHECKING:
    from ssl import SSLContext

MOST_HEADERS = 64 * 1024
"""Bytes that an answer may have beside its body: before it, and behind each part of it."""
_HELD = 2 * 1024 * 1024
"""From how many unread bytes on the sender has to wait."""


class Answer(asyncio.Protocol):
    """An answer on its way in. `status` is known once `get` has yielded it."""

    def __init__(self) -> None:
        self.status = 0
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._parts: deque[bytes] = deque()
        self._held = 0
        self._headers = 0
        self._beside = 0
        self._headed = False
        self._ended = False
        self._problem = ""
        self._paused = False
        self._woken = asyncio.Event()

    async def head(self, seconds: float) -> None:
        """Wait for the status. Raises Unreachable."""
        await self._until(lambda: self._headed, seconds)

    async def parts(self, silence: float) -> AsyncIterator[bytes]:
        """The body as it comes. Raises Unreachable where it is cut off, or silent for so many seconds."""
        while True:
            await self._until(lambda: bool(self._parts) or self._ended, silence)
            if not self._parts:
                return
            whole = b"".join(self._parts)
            self._parts.clear()
            self._held = 0
            if self._paused and self._transport is not None and not self._transport.is_closing():
                self._paused = False
                self._transport.resume_reading()
            yield whole

    async def whole(self, most: int, silence: float) -> bytes:
        """The whole body. Raises Unreachable, also where it is longer than `most` bytes."""
        body = bytearray()
        async for part in self.parts(silence):
            body += part
            if len(body) > most:
                raise _cut("TooLong")
        return bytes(body)

    async def _until(self, met: Callable[[], bool], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not met():
                    if self._problem:
                        raise _cut(self._problem)
                    self._woken.clear()
                    await self._woken.wait()
        except TimeoutError:
            raise _cut("ReadTimeout") from None

    # What the connection tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._ended:
            return
        self._beside += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(type(error).__name__)
        # The parser keeps a header until it ends, and tells nothing of it before.
        if self._beside > MOST_HEADERS and not self._ended:
            self._fail("TooManyHeaders")
        if self._held > _HELD and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._woken.set()

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has gone; an answer that had not ended is cut off."""
        if not self._ended:
            self._problem = self._problem or (why(error) if error is not None else "the connection was cut off")
        self._woken.set()

    # What the parser tells

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header: only counted, since nothing here depends on one."""
        self._headers += len(name) + len(value)
        if self._headers > MOST_HEADERS:
            self._fail("TooManyHeaders")

    def on_headers_complete(self) -> None:
        """The status is known; one below 200 only announces another."""
        status = self._parser.get_status_code()
        if status >= 200:
            self.status, self._headed = status, True

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._parts.append(body)
        self._held += len(body)
        self._beside = 0

    def on_message_complete(self) -> None:
        """The answer has ended."""
        self._ended = self._headed

    def _fail(self, what: str) -> None:
        self._problem = what
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def get(
    url: str, headers: Mapping[str, str], *, connect: float, answer: float, trust: "SSLContext | None" = None
) -> AsyncIterator[Answer]:
    """Send a GET and yield its answer once the status is known. `connect` and `answer` are the seconds to wait for each.

    Raises Unreachable. `trust` are the certificates that an https address is checked against.
    """
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
    except ValueError:
        raise Unreachable("The address of the plane cannot be read.", unknown=False) from None
    if parts.hostname is None or parts.scheme not in ("http", "https"):
        raise Unreachable("The address of the plane names no host to ask over http.", unknown=False)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = [f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Accept-Encoding: identity", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise Unreachable("The request has a character in it that no header may have.", unknown=False)
    loop = asyncio.get_running_loop()
    transport: asyncio.Transport | None = None
    try:
        try:
            async with asyncio.timeout(connect):
                context = (trust or await asyncio.to_thread(_trusted)) if secure else None
                transport, told = await loop.create_connection(Answer, parts.hostname, port, ssl=context)
        except TimeoutError:
            raise Unreachable("The plane could not be reached: no answer in time.", unknown=False) from None
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"The plane could not be reached: {why(error)}.", unknown=False) from None
        transport.write("\r\n".join([*lines, "\r\n"]).encode("ascii"))
        await told.head(answer)
        yield told
    finally:
        if transport is not None:
            transport.abort()


def _trusted() -> "SSLContext":
    """The same certificates as httpx trusts."""
    import ssl  # noqa: PLC0415 - only for an address that is not of this machine

    import certifi  # noqa: PLC0415

    return ssl.create_default_context(cafile=certifi.where())


def _cut(what: str) -> Unreachable:
    return Unreachable(f"The plane did not answer: {what}.", unknown=False)
