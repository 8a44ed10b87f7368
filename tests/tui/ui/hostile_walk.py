"""One walk through every surface of the console while every text of its plane is hostile; keeps what it writes to the terminal.

    python -m tests.tui.ui.hostile_walk

prints how many surfaces were walked with how many strings, and every offence found.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from textual.driver import Driver as TextualDriver
from textual.drivers.headless_driver import HeadlessDriver
from textual.widgets import Input

from console.model.approvals import ApprovalDetail
from console.model.audit import AuditRecord
from console.model.bundles import BundleView
from console.model.frameworks import Frameworks, FrameworkView
from console.model.locks import ContainmentPreview, ContainmentTally
from console.model.operators import Whoami
from console.model.problems import ProblemError
from console.tui.present.spans import Span
from console.tui.state.plane import Plane
from console.tui.ui.options import ConsoleOptions
from console.tui.ui.widgets.filterline import FilterLine
from tests.tui.state.plane_in_memory import OwnTimes, approval
from tests.tui.ui.driver import Driver, Estate
from tests.tui.ui.hostile import CORPUS, hidden, offences, plain, poison, poisoned
from tests.tui.ui.read_only_proof import Staying
from tests.tui.ui.varied import varied

SIZE = (160, 45)
_BOUND = 20_000
"""Characters of each text of the estate; what is longer is tried on the ingest alone."""


class Captured(HeadlessDriver):
    """Keeps what would be written to the terminal."""

    written: list[str]

    @property
    def is_headless(self) -> bool:
        """No: what is painted is to be written."""
        return False

    def write(self, data: str) -> None:
        """Keep it."""
        self.__dict__.setdefault("written", []).append(data)


class Written(Staying):
    """The console on such a driver."""

    def _build_driver(self, headless: bool, inline: bool, mouse: bool, size: tuple[int, int] | None) -> TextualDriver:
        """The driver that keeps everything."""
        made = self._driver = Captured(self, debug=False, mouse=mouse, size=size)
        return made

    @property
    def output(self) -> str:
        """What was written so far."""
        return "".join(getattr(self._driver, "written", []))


class Hostile(Estate):
    """An estate in which every text is the same hostile one, in the snapshot, on the stream and in each answer."""

    def __init__(self, text: str) -> None:
        super().__init__(roles=("viewer", "approver", "responder", "admin", "policy-author", "auditor"))
        self.text_of_all = text[:_BOUND]
        base = varied()
        for name, held in vars(base).items():
            if name != "roles":
                setattr(self, name, held)
        self.agent_text = self.text_of_all

    def _poisoned(self, item: Any) -> Any:
        if not getattr(item, "collection", ""):
            return item
        if item.collection == "approvals":
            model = self.entities.get(("approvals", item.body["id"]))
            body = item.body if model is None else plain(poisoned(model, self.text_of_all).model_dump())
        else:
            body = poison(item.body, self.text_of_all)
        facts = {name: getattr(item, name) for name in type(item).__dataclass_fields__}
        return type(item)(**facts | {"body": body})

    async def snapshot(self) -> AsyncIterator[Any]:
        async for item in super().snapshot():
            yield self._poisoned(item)

    async def events(self, after: int | None) -> AsyncIterator[Any]:
        async for item in super().events(after):
            yield self._poisoned(item)

    async def whoami(self) -> Whoami:
        return (await super().whoami()).model_copy(update={"name": self.text_of_all})

    async def approval_detail(self, id: str) -> ApprovalDetail:
        return poisoned(await super().approval_detail(id), self.text_of_all)  # type: ignore[no-any-return]

    async def task_story(self, task_id: str) -> list[AuditRecord]:
        return [poisoned(one, self.text_of_all) for one in await super().task_story(task_id)]

    async def audit(self, before: int | None = None, filter: str = "") -> list[AuditRecord]:
        return [poisoned(one, self.text_of_all) for one in await super().audit(before, filter)]

    async def policies(self) -> BundleView:
        return poisoned(await super().policies(), self.text_of_all)  # type: ignore[no-any-return]

    async def frameworks(self) -> Frameworks:
        return poisoned(await super().frameworks(), self.text_of_all)  # type: ignore[no-any-return]

    async def framework(self, id: str) -> FrameworkView:
        return poisoned(await super().framework(id), self.text_of_all)  # type: ignore[no-any-return]

    async def contain_preview(self, agent_id: str) -> ContainmentPreview:
        return poisoned(await super().contain_preview(agent_id), self.text_of_all)  # type: ignore[no-any-return]

    async def contain(self, agent_id: str, reason: str) -> ContainmentTally:
        raise ProblemError("forbidden", self.text_of_all)


@dataclass
class Walked:
    """The surfaces that were walked, and the offences on each."""

    surfaces: list[str] = field(default_factory=list)
    found: dict[str, set[str]] = field(default_factory=dict)


@asynccontextmanager
async def hostile(text: str, folder: Path) -> AsyncIterator[Driver]:
    """The console over a hostile estate, whose settings are hostile too."""
    estate = Hostile(text)
    short = text[:200]

    @asynccontextmanager
    async def open_plane() -> AsyncIterator[Plane]:
        yield estate

    themes = folder / "themes"
    themes.mkdir()
    name = "".join(one for one in short[:40] if one not in "/\x00" and not 0xD800 <= ord(one) <= 0xDFFF) or "x"
    (themes / f"{name}.toml").write_text(f"name = {json.dumps(short)}\n", encoding="utf-8", errors="replace")
    options = ConsoleOptions(
        open_plane=open_plane, environment=short, operator=short, theme=short, theme_folders=(themes,), state_folder=folder,
        keymap={short: "x", "approve": short}, desktop=True, start="armed",
    )  # fmt: skip
    app = Written(options, times=OwnTimes())
    async with app.run_test(size=SIZE) as pilot:
        driver = Driver(app, pilot, estate)
        await driver.until(lambda: app.world.mirror.loaded and app.world.live and app.world.identified, "never live")
        yield driver


class Walk:
    """Goes from surface to surface and judges what each has written."""

    def __init__(self, driver: Driver, text: str) -> None:
        self.driver, self.text = driver, text
        self.result = Walked()
        self._at = 0

    def judge(self, surface: str) -> None:
        """Judge what was written since the last surface."""
        output = self.app.output
        found = offences(output[self._at :])
        self._at = len(output)
        self.result.surfaces.append(surface)
        if found:
            self.result.found[surface] = found

    @property
    def app(self) -> Written:
        """The console."""
        assert isinstance(self.driver.app, Written)
        return self.driver.app

    async def press(self, surface: str, *keys: str) -> None:
        """Press keys, let it come to rest, judge."""
        await self.driver.press(*keys)
        await self.rest()
        self.judge(surface)

    async def rest(self) -> None:
        """Let what was begun come to rest."""
        for _ in range(4):
            await asyncio.sleep(0)
        await self.driver.pilot.pause()

    async def close(self) -> None:
        """Close whatever is open."""
        while len(self.app.screen_stack) > 1:
            self.app.pop_screen()
            await self.driver.pilot.pause()

    async def go(self) -> Walked:
        """The whole walk."""
        await self.rest()
        self.judge("first screen, title, broken theme and keymap")
        for view in ("approvals", "tasks", "leases", "grants", "agents", "policies", "frameworks", "audit", "overview"):
            self.app.open_view(view)
            await self.rest()
            self.judge(f"{view}: table and card")
            await self.press(f"{view}: another row", "j")
            await self.press(f"{view}: opened", "enter")
            await self.press(f"{view}: read on", "pagedown")
            await self.close()
            await self.press(f"{view}: copied id", "y")
            await self.press(f"{view}: copied record", "Y")
            for suffix in ("csv", "json", "markdown"):
                self.app.action_perform("write", suffix)
            await self.press(f"{view}: help", "question_mark")
            await self.close()
        await self.acts()
        await self.lines()
        self.files()
        return self.result

    async def acts(self) -> None:
        """Sheets, forms and what the plane answers."""
        for view, keys in (("approvals", "arn"), ("agents", "KUe"), ("leases", "XRS"), ("tasks", "S"), ("grants", "X")):
            self.app.open_view(view)
            await self.rest()
            for key in keys:
                await self.press(f"{view}: {key}", key)
                for entry in self.app.screen.query(Input) if len(self.app.screen_stack) > 1 else ():
                    entry.value = self.text[:300]
                await self.press(f"{view}: {key}, filled in", "enter", "enter")
                await self.close()
        self.app.say(Span(self.app.world.source.agents.rows[next(iter(self.app.world.source.agents.rows))].name))
        await self.press("command log", "L")
        await self.close()
        held = next(iter(self.driver.estate.entities.values()))
        self.driver.estate.put(held)
        self.driver.estate.put(approval(60, 97), "approval.requested")
        await self.driver.until(lambda: self.app.attention.rung > 0, "nothing rang")
        self.judge("bell and desktop notification")

    async def lines(self) -> None:
        """What is typed, completed, and told as a fault."""
        short = self.text[:500]
        self.app.open_view("leases")
        await self.rest()
        for surface, action, line, text in (
            ("filter: fault", "filter", "#filter", short),
            ("filter: completion", "filter", "#filter", "agent:"),
            ("filter: applied", "filter", "#filter", f'"{short[:50]}"'),
            ("command: fault", "command", "#command", short),
            ("command: completion", "command", "#command", "contain "),
            ("command: themes", "command", "#command", "theme "),
            ("command: not known", "command", "#command", f"contain {short[:60]}"),
        ):
            self.app.action_perform(action)
            await self.rest()
            self.app.query_one(line, FilterLine).begin(text)
            await self.rest()
            self.judge(surface)
            await self.press(f"{surface}, handed over", "enter")
            await self.press(f"{surface}, left", "escape")
            await self.close()
        for action in ("palette", "theme", "columns", "sort"):
            self.app.action_perform(action)
            await self.rest()
            self.judge(f"{action}: opened")
            for entry in self.app.screen.query(Input) if len(self.app.screen_stack) > 1 else ():
                entry.value = short[:60]
            await self.rest()
            self.judge(f"{action}: searched")
            await self.close()

    def files(self) -> None:
        """What was written out: whatever a later reader prints must be harmless too."""
        folder = self.app.world.options.state_folder
        assert folder is not None
        for path in sorted((folder / "written").iterdir()):
            surface = f"file: {path.name.partition('-')[0]}{path.suffix}"
            self.result.surfaces.append(surface)
            found = hidden(path.read_text(encoding="utf-8"), "\n\r") | hidden(path.name)
            if found:
                self.result.found[surface] = found


async def walk(text: str) -> Walked:
    """Walk through every surface with one text."""
    with TemporaryDirectory() as folder:
        async with hostile(text, Path(folder)) as driver:
            return await Walk(driver, text).go()


async def _all() -> None:
    counted, raw = 0, 0
    for name, text in CORPUS.items():
        result = await walk(text)
        counted += len(result.surfaces)
        raw += len(result.found)
        print(f"{name}: {len(result.surfaces)} surfaces, {result.found or 'nothing raw'}", flush=True)
    print(f"{raw} surfaces with raw bytes out of {counted} (surfaces x {len(CORPUS)} strings)")


if __name__ == "__main__":
    asyncio.run(_all())
