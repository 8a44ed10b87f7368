"""The server that carries the APIs: uvicorn with uvloop and httptools, on loopback unless it is configured otherwise."""

import ipaddress
import logging
import socket
import sys
from collections.abc import Callable

import uvicorn

from console.server.api.app import Api

log = logging.getLogger("leasehold.api")

STOP_SECONDS = 5
KEEP_ALIVE_SECONDS = 75
BACKLOG = 1024
SWITCH_SECONDS = 0.0005
"""How long a thread may keep the interpreter from another. The store's writer gives it up at each statement; with the
interpreter's own 5 ms it would wait that long behind a busy event loop each time."""


class NotLoopback(Exception):
    """The address is not on loopback, and the configuration does not allow another."""


class Server(uvicorn.Server):
    """A server that ends the open event streams before it waits for requests, and tells where it listens."""

    def __init__(self, api: Api, config: uvicorn.Config, ready: Callable[[str, int], None], listening: socket.socket) -> None:
        super().__init__(config)
        self._api = api
        self._ready = ready
        self._listening = listening

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, on the server's own socket; returns once it has stopped."""
        sys.setswitchinterval(SWITCH_SECONDS)
        await super().serve(sockets=sockets or [self._listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then says that it listens."""
        await super().startup(sockets=sockets)
        if self.started:
            host, port = self._listening.getsockname()[:2]
            self._ready(host, port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, without streams that would hold it up."""
        self._api.close_streams()
        await super().shutdown(sockets=sockets)

    def stop(self) -> None:
        """Ask the server to stop; `serve` returns once it has."""
        self.should_exit = True


def bind(host: str, port: int, *, loopback_only: bool = True) -> socket.socket:
    """A listening socket. Port 0 takes any free one.

    Raises NotLoopback for an address that is not on loopback, OSError where the address is taken.
    """
    if loopback_only and not is_loopback(host):
        raise NotLoopback(f"{host} is not a loopback address; allow it in server.toml to listen there")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def is_loopback(host: str) -> bool:
    """Whether an address is on loopback. Of names only `localhost` is."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def build(api: Api, listening: socket.socket, ready: Callable[[str, int], None]) -> Server:
    """The server on a socket. Its access log is off: addresses and headers of callers stay out of the log."""
    config = uvicorn.Config(
        api,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        h11_max_incomplete_event_size=None,
    )
    return Server(api, config, ready, listening)


async def serve(api: Api, host: str, port: int, ready: Callable[[str, int], None], *, loopback_only: bool = True) -> None:
    """Serve until SIGINT or SIGTERM; `ready` is called with the address once it listens. Run it in a uvloop loop.

    Raises NotLoopback, OSError.
    """
    listening = bind(host, port, loopback_only=loopback_only)
    await build(api, listening, ready).serve()
