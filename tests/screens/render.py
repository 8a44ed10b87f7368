"""The screens of the README: python -m tests.screens.render [FOLDER]

Starts an estate, lets it work until one of its agents was hijacked and waits for a person, and has the program itself paint
every view of it. The agents live, so that two runs differ in their ids and times and never in what is shown.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

os.environ.setdefault("COLORTERM", "truecolor")
os.environ.pop("NO_COLOR", None)

from console.tui.state.client_plane import client_plane
from console.tui.state.plane import Plane
from console.tui.ui.app import Console
from console.tui.ui.options import ConsoleOptions
from tests.terminal.estate import Estate, Json, running

FOLDER = Path(__file__).parent
SEED = 7
SPEED = 4.0
WAIT_SECONDS = 240.0
MOST_BYTES = 300_000
VIEWS = {
    "approvals": "1", "tasks": "2", "leases": "3", "agents": "4", "policies": "5", "frameworks": "6", "audit": "7",
    "overview": "0",
}  # fmt: skip
_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_FAMILIES = "font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_FAMILY = re.compile(r"font-family:\s*[^;}\"]+")


def cleaned(svg: str) -> str:
    """The picture without anything that is fetched from elsewhere: the terminal's own kind of font in place of a web font.

    Raises ValueError when an address is left in it.
    """
    text = _FAMILY.sub(_FAMILIES, _FONT_FACE.sub("", _COMMENT.sub("", svg)))
    left = [found for found in re.findall(r"https?://[^\s\"'<>)]+", text) if not found.startswith("http://www.w3.org/")]
    if left:
        raise ValueError(f"the picture refers to {', '.join(left)}")
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


async def until(met: Callable[[], Awaitable[bool]], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Wait for a condition. Raises TimeoutError with what was waited for."""
    end = asyncio.get_running_loop().time() + seconds
    while not await met():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        await asyncio.sleep(0.1)


class Painter:
    """Paints views of an estate into a folder."""

    def __init__(self, estate: Estate, folder: Path) -> None:
        self._estate, self._folder = estate, folder

    def options(self, theme: str) -> ConsoleOptions:
        """The console of maya."""

        @asynccontextmanager
        async def open_plane() -> AsyncIterator[Plane]:
            async with client_plane(self._estate.url, self._estate.url, lambda: self._estate.tokens["maya"]) as plane:
                yield plane

        return ConsoleOptions(open_plane=open_plane, environment="production", colour="red", operator="maya", theme=theme)

    async def paint(self, size: tuple[int, int], theme: str, *views: str) -> None:
        """Paint these views at a size in a theme."""
        app = Console(self.options(theme))
        async with app.run_test(size=size, notifications=True) as pilot:

            async def live() -> bool:
                return app.world.live and app.world.identified and len(app.world.source.agents) > 0

            await until(live, "the console to be live", 30)
            for view in views:
                await pilot.press(VIEWS[view])

                async def there(wanted: str = view) -> bool:
                    await pilot.pause(0.2)
                    pane = app.pane
                    return pane.name == wanted and (wanted == "overview" or len(pane.keys) > 0)

                await until(there, f"the view {view}", 30)
                if view in ("tasks", "leases", "policies", "frameworks", "audit"):
                    await pilot.press("j")
                # What the card fetches comes when the cursor has rested.
                await pilot.pause(1.5)
                picture = cleaned(app.export_screenshot(title="leasehold"))
                path = self._folder / f"{view}-{size[0]}x{size[1]}-{theme}.svg"
                path.write_text(picture, encoding="utf-8")
                length = len(picture.encode())
                if length > MOST_BYTES:
                    raise ValueError(f"{path.name} is {length} bytes long")
                print(f"{path.name}  {length // 1024} KiB")


def hijacked(estate: Estate) -> str:
    """The agent whose critical request waits for a person, or nothing."""
    waiting: list[Json] = estate.answer("approvals", "/authorization/v1/approvals?filter=state:pending%20risk:%3E=80")["items"]
    return str(waiting[0]["agent_id"]) if waiting else ""


async def render(folder: Path) -> None:
    """Paint all screens. Raises TimeoutError, ValueError."""
    with (
        tempfile.TemporaryDirectory(prefix="leasehold-screens-") as data,
        running(Path(data), seed=SEED, speed=SPEED) as estate,
    ):

        async def attacked() -> bool:
            return bool(await asyncio.to_thread(hijacked, estate))

        await until(attacked, "an agent to be hijacked and to wait for a person")
        agent = hijacked(estate)
        painter = Painter(estate, folder)
        await painter.paint((200, 50), "house-dark", "approvals")
        await painter.paint((80, 24), "house-dark", "approvals")
        await painter.paint((120, 40), "house-light", "approvals")
        await painter.paint((120, 40), "house-dark", "tasks")
        with estate.person("ravi") as http:
            answer = http.post(f"/authorization/v1/agents/{agent}/contain", json={"reason": "sends customer data out"})
            if answer.status_code != httpx.codes.OK:
                raise ValueError(json.dumps(answer.json()))
        await painter.paint((120, 40), "house-dark", "leases", "agents", "policies", "frameworks", "audit", "overview")


def main() -> None:
    """Render into the folder that is named, or beside this file."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    asyncio.run(render(folder))


if __name__ == "__main__":
    main()
