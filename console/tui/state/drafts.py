"""Drafts of the policy bundle, kept on this machine until they are published or discarded.

    <state>/drafts/<plane>/<digest of the base>/base.json     the bundle that the draft was taken from
                                               /files/        its files, as they are being edited

Owns what is being typed. A draft belongs to the digest that it was taken from: when another bundle is published meanwhile, it
stays as it is, and nothing is ever written over it. Only its owner can read it.
"""

import difflib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from console.model.codes import ProblemError

MOST_FILES: Final = 256
MOST_FILE_BYTES: Final = 1_048_576
MOST_BYTES: Final = 8 * 1_048_576
MOST_DIFFERENCE: Final = 2_000
"""Lines of a difference that are told."""
_MOST_BASE_BYTES: Final = 8 * MOST_BYTES
_MOST_COMPARED: Final = 20_000
_MOST_DRAFTS: Final = 100
_SUFFIXES: Final = (".cedar", ".cedarschema", ".toml", ".md")
"""What belongs to a bundle; what an editor leaves beside it does not."""
_PART: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_FILES, _BASE = "files", "base.json"


@dataclass(frozen=True, slots=True)
class Base:
    """The published bundle that a draft was taken from: its digest, its revision, its files' texts by path."""

    digest: str
    revision: int
    name: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What a draft does to one file; `diff` is a unified difference."""

    path: str
    change: Literal["added", "changed", "removed"]
    diff: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft on this machine."""

    folder: Path
    base: Base

    def path_of(self, path: str) -> Path:
        """Where a file of the draft is. Raises ProblemError `invalid` for a path that leaves the bundle."""
        return self.folder / _FILES / checked_path(path)

    def read(self) -> dict[str, str]:
        """The files' texts by path. Raises ProblemError `invalid` for what no bundle can hold, OSError."""
        found: dict[str, str] = {}
        total = 0
        for path in self._paths():
            content = _content(self.folder / _FILES / path, path)
            total += len(content)
            if len(found) == MOST_FILES or total > MOST_BYTES:
                raise ProblemError("invalid", f"The draft is too large: {MOST_FILES} files and {MOST_BYTES} bytes at most.")
            try:
                found[path] = content.decode()
            except UnicodeDecodeError:
                raise ProblemError("invalid", f"{path} is not text in UTF-8; save it as UTF-8.") from None
        return found

    def changes(self, files: Mapping[str, str]) -> tuple[Change, ...]:
        """What differs between these files and the base, by path."""
        return changes_of(self.base.files, files)

    def discard(self) -> None:
        """Remove the draft for good. Raises OSError."""
        gone = Path(tempfile.mkdtemp(prefix=".gone-", dir=self.folder.parent))
        self.folder.rename(gone / "draft")
        shutil.rmtree(gone)

    def _paths(self) -> Iterator[str]:
        root = self.folder / _FILES
        for folder, folders, names in os.walk(root, followlinks=False):
            here = Path(folder)
            folders[:] = sorted(name for name in folders if _PART.fullmatch(name))
            for name in (*folders, *names):
                if (here / name).is_symlink() and _PART.fullmatch(name):
                    raise ProblemError("invalid", f"{(here / name).relative_to(root)} is a link; a draft holds files only.")
            for name in sorted(names):
                if _PART.fullmatch(name) and name.endswith(_SUFFIXES):
                    yield (here / name).relative_to(root).as_posix()


class Drafts:
    """The drafts of one plane. `plane` is under which name this machine knows it."""

    def __init__(self, state_folder: Path, plane: str) -> None:
        self._folder = state_folder / "drafts" / (re.sub(r"[^A-Za-z0-9_-]", "_", plane)[:64] or "plane")

    def of(self, digest: str) -> Draft | None:
        """The draft that was taken from this digest. Raises ProblemError `invalid` where it cannot be read, OSError."""
        return _opened(self._folder / _folder_name(digest))

    def others(self, digest: str) -> list[Draft]:
        """Drafts that were taken from other digests, the newest base first; those that cannot be read are left out."""
        found = []
        try:
            names = sorted(one.name for one in self._folder.iterdir() if one.name.startswith("sha256-"))[:_MOST_DRAFTS]
        except FileNotFoundError:
            return []
        for name in names:
            try:
                draft = _opened(self._folder / name) if name != _folder_name(digest) else None
            except (ProblemError, OSError):
                draft = None
            if draft is not None:
                found.append(draft)
        return sorted(found, key=lambda one: -one.base.revision)

    def begin(self, base: Base) -> Draft:
        """The draft of this base: the one that is there as it is, else a new one. Raises ProblemError `invalid`, OSError."""
        there = self.of(base.digest)
        if there is not None:
            return there
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=self._folder))
        try:
            _write_whole(made, base)
            try:
                made.rename(self._folder / _folder_name(base.digest))
            except OSError:
                # Somebody else has begun it in the meantime: theirs stays.
                if self.of(base.digest) is None:
                    raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return Draft(self._folder / _folder_name(base.digest), base)


def checked_path(path: str) -> str:
    """A path within a bundle. Raises ProblemError `invalid` for one that is absolute, goes up, or hides."""
    parts = path.split("/")
    if len(path) > 255 or len(parts) > 4 or not all(_PART.fullmatch(part) for part in parts):
        raise ProblemError("invalid", "A file of the bundle has a path that leads out of it; no draft is made of that.")
    return path


def changes_of(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Change, ...]:
    """What was done to each file, by path. Pure."""
    found = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old != new:
            change: Literal["added", "changed", "removed"]
            change = "added" if old is None else "removed" if new is None else "changed"
            found.append(Change(path, change, difference(path, old or "", new or "")))
    return tuple(found)


def difference(path: str, before: str, after: str) -> str:
    """A unified difference of two texts, at most `MOST_DIFFERENCE` lines of it. Pure."""
    old, new = _lines(before), _lines(after)
    if len(old) + len(new) > _MOST_COMPARED:
        return f"@@ {len(old)} lines became {len(new)}: too many to compare here @@"
    lines = list(difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm=""))
    more = len(lines) - MOST_DIFFERENCE
    return "\n".join([*lines[:MOST_DIFFERENCE], *([f"@@ {more} more lines are not shown @@"] if more > 0 else [])])


def _lines(text: str) -> list[str]:
    """The lines of a text; one that does not end its last line says so, so that the difference shows."""
    lines = text.split("\n")
    last = lines.pop()
    return [*lines, f"{last} (and no end of line)"] if last else lines


def _folder_name(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise ProblemError("invalid", "The plane tells no digest of its bundle; no draft is made of that.")
    return digest.replace(":", "-")


def _opened(folder: Path) -> Draft | None:
    try:
        words = _content(folder / _BASE, _BASE, _MOST_BASE_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        held = json.loads(words)
        files = {checked_path(str(path)): str(text) for path, text in held["files"].items()}
        base = Base(str(held["digest"]), int(held["revision"]), str(held["name"]), files)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ProblemError("invalid", f"The draft in {folder} cannot be read: what it was taken from is damaged.") from None
    return Draft(folder, base)


def _content(file: Path, shown: str, most: int = MOST_FILE_BYTES) -> bytes:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as opened:
        held = os.fstat(descriptor)
        if not stat.S_ISREG(held.st_mode):
            raise ProblemError("invalid", f"{shown} is no file.")
        content = opened.read(most + 1)
    if len(content) > most:
        raise ProblemError("invalid", f"{shown} has more than {most} bytes.")
    return content


def _write_whole(folder: Path, base: Base) -> None:
    for path, text in base.files.items():
        file = folder / _FILES / checked_path(path)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(file, text.encode())
    held = {"digest": base.digest, "revision": base.revision, "name": base.name, "files": dict(base.files)}
    _write(folder / _BASE, json.dumps(held).encode())


def _write(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(descriptor)
