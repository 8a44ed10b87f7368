"""The drafts of the console: which one belongs to the published bundle, and what the plane says of it.

Owns what was read of the drafts on this machine and what the plane answered about them. Nothing is sent that is kept.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from console.model.codes import ProblemError
from console.tui.present.inert import inert
from console.tui.present.views.drafting import DraftFacts, Stage
from console.tui.state.drafts import Base, Change, Draft, Drafts
from console.tui.ui.world import World

if TYPE_CHECKING:
    from console.model.bundles import Bundle, BundleChecked, BundleTested, BundleView

_WAIT = 60.0
"""Seconds that the plane may take for validation and tests."""
_REFUSED = frozenset({"not_allowed", "not_signed_in", "credential_expired", "wrong_audience", "invalid"})


@dataclass
class Drafting:
    """The draft of the published bundle, and those of bundles before it."""

    world: World
    drafts: Drafts | None
    draft: Draft | None = None
    files: dict[str, str] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    older: tuple[tuple[Draft, DraftFacts], ...] = ()
    stage: Stage = Stage.CHECKING
    problem: str = ""
    checked: "BundleChecked | None" = None
    tested: "BundleTested | None" = None

    @classmethod
    def on_this_machine(cls, world: World) -> "Drafting":
        """The drafts below the state folder, under the name of this plane."""
        options = world.options
        folder, plane = options.state_folder, options.profile or options.environment
        return cls(world, Drafts(folder, plane) if folder is not None else None)

    def read(self, bundle: "Bundle") -> None:
        """Read what there is on this machine. What was checked stays checked while its files are the same."""
        before = (self.draft, self.files, self.stage)
        self.draft, self.files, self.changes, self.older, self.problem = None, {}, (), (), ""
        if self.drafts is None:
            return
        try:
            self.draft = self.drafts.of(bundle.digest)
            if self.draft is not None:
                self.files = self.draft.read()
                self.changes = self.draft.changes(self.files)
        except (ProblemError, OSError) as error:
            self.stage, self.problem = Stage.UNREADABLE, _sentence(error)
        else:
            known = before[0] is not None and before[1] == self.files and before[2] is Stage.CHECKED
            self.stage = Stage.CHECKED if known else Stage.CHECKING
        self.older = tuple(self._older(bundle))

    def _older(self, bundle: "Bundle") -> list[tuple[Draft, DraftFacts]]:
        assert self.drafts is not None
        published = {file.path: file.text for file in bundle.files}
        found = []
        for draft in self.drafts.others(bundle.digest):
            base = draft.base
            try:
                files = draft.read()
                if files == published:
                    # It is what is published now: there is nothing in it to lose.
                    draft.discard()
                    continue
                facts = DraftFacts(
                    str(draft.folder), base.digest, base.revision, Stage.FAILED, changes=draft.changes(files), moved=True
                )
            except (ProblemError, OSError) as error:
                facts = DraftFacts(
                    str(draft.folder), base.digest, base.revision, Stage.UNREADABLE, _sentence(error), moved=True
                )
            found.append((draft, facts))
        return found

    def begin(self, bundle: "Bundle") -> Draft:
        """The draft of the published bundle, begun where there is none. Raises ProblemError `invalid`, OSError."""
        if self.drafts is None:
            raise ProblemError("invalid", "This console may write nothing, so no draft can be kept.")
        files = {file.path: file.text for file in bundle.files}
        return self.drafts.begin(Base(bundle.digest, bundle.revision, bundle.name, files))

    async def check(self) -> None:
        """Have the plane validate and test the draft, where it has not said what it thinks of these files."""
        if self.draft is None or self.stage in (Stage.CHECKED, Stage.UNREADABLE):
            return
        files = self.files
        self.stage, self.problem = Stage.CHECKING, ""
        stage, problem, checked, tested = Stage.CHECKED, "", None, None
        try:
            checked, tested = await self._ask(files)
        except (ProblemError, OSError, TimeoutError, ValueError) as error:
            refused = isinstance(error, ProblemError) and error.code in _REFUSED
            stage, problem = Stage.REFUSED if refused else Stage.FAILED, _sentence(error)
        if self.files == files:
            self.stage, self.problem, self.checked, self.tested = stage, problem, checked, tested

    async def _ask(self, files: Mapping[str, str]) -> "tuple[BundleChecked, BundleTested | None]":
        plane = self.world.plane
        if plane is None:
            raise ProblemError("unreachable", "The plane has not answered yet.")
        async with asyncio.timeout(_WAIT):
            checked = await plane.check_draft(files)
            return checked, await plane.test_draft(files) if checked.ok else None

    def facts(self, history: "list[Bundle]") -> DraftFacts | None:
        """What is known of the draft; None where there is none. `history` tells whether its publication is asked for."""
        draft, known = self.draft, self.stage is Stage.CHECKED
        if draft is None and self.stage is not Stage.UNREADABLE:
            return None
        if draft is None:
            return DraftFacts("", "", 0, self.stage, self.problem) if self.problem else None
        digest = self.checked.digest if known and self.checked is not None else ""
        asked = next((one.approval_id or "" for one in history if one.state == "requested" and one.digest == digest), "")
        tested = self.tested if known else None
        return DraftFacts(
            folder=str(draft.folder / "files"),
            digest=draft.base.digest,
            revision=draft.base.revision,
            stage=self.stage,
            problem=self.problem,
            changes=self.changes,
            findings=self.checked.findings if known and self.checked is not None else (),
            failed=tuple(one for one in tested.results if not one.passed) if tested is not None else (),
            passed=tested.passed if tested is not None else 0,
            total=tested.total if tested is not None else 0,
            asked=asked,
        )

    def shown(self, view: "BundleView") -> "BundleView":
        """The bundle as the draft would have it; the published one where there is no draft."""
        from console.model.bundles import BundleFile  # noqa: PLC0415 (with the first draft)

        if self.draft is None or self.stage is Stage.UNREADABLE:
            return view
        known = self.stage is Stage.CHECKED
        findings = self.checked.findings if known and self.checked is not None else ()
        tested = self.tested if known else None
        files = tuple(BundleFile(path=path, text=text) for path, text in sorted(self.files.items()))
        bundle = view.bundle.model_copy(update={"files": files, "findings": findings})
        tests = tested.results if tested is not None else ()
        policies = tuple(one for one in view.policies if _still_there(one.policy_id, self.files.get(one.file)))
        return view.model_copy(update={"bundle": bundle, "policies": policies, "tests": tests})

    def changed(self) -> Mapping[str, str]:
        """By path, what the draft does to a file."""
        return {one.path: one.change for one in self.changes}


def _still_there(policy_id: str, text: str | None) -> bool:
    """Whether a policy of the published bundle is in the draft's file too. A file that the plane does not tell stays."""
    return text is not None and f'@id("{policy_id}")' in text


def _sentence(error: Exception) -> str:
    return inert(str(error) or "no answer in time").text
