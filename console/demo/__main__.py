"""A process of the estate: `python -m console.demo CONFIGURATION`, a file of mode 0600 that its parent wrote."""

import asyncio
import logging
import socket
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from console.client import LeaseholdClient
from console.demo.agents import run_agent
from console.demo.crm import crm
from console.demo.docs import docs
from console.demo.guard import Guard
from console.demo.outbox import outbox
from console.demo.workload import Workload, put_private, until_told


def main(arguments: list[str]) -> None:
    """Be the workload that the configuration describes, until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    own = Workload.model_validate_json(Path(arguments[0]).read_text(encoding="utf-8"))
    work = _serve(own) if own.kind == "server" else run_agent(own)
    asyncio.run(until_told(work, own.parent))


async def _serve(own: Workload) -> None:
    listening = socket.create_server(("127.0.0.1", own.port))
    async with own.client() as client:
        config = uvicorn.Config(
            _application(own, client),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        # The socket listens already, so callers may come from here on.
        put_private(own.address_file, f"http://127.0.0.1:{listening.getsockname()[1]}")
        await uvicorn.Server(config).serve(sockets=[listening])


def _application(own: Workload, client: LeaseholdClient) -> Starlette:
    guard = Guard(client, own.cache_seconds)
    if own.name == "crm":
        return crm(guard, own.data / "crm.db")
    if own.name == "docs":
        return docs(guard, own.data / "documents")
    return outbox(guard, own.data / "outbox")


if __name__ == "__main__":
    main(sys.argv[1:])
