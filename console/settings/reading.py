"""Reading what a person wrote into frozen dataclasses, and saying what is wrong with it so that they can mend it.

Owns the reading of a TOML file and the sentences for unknown keys and wrong values. A shape is a keyword-only dataclass whose
annotations say what each key takes: text, a number, true or false, an instant, a path, an enumeration, a list, a table, and
`Annotated` with rules. A rule takes a value and returns it, as it is to be kept; it raises ValueError with the sentence.
What a shape raises once all keys are right is told in the same way. Light: the console reads its settings before it paints.
"""

import re
from collections.abc import Callable, Sequence, Sized
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from console.settings.errors import SettingsError

MAX_BYTES = 1_048_576
MEND = "Correct the keys named; sample_config shows every key."
_WORDS = {str: "string", bool: "boolean", int: "integer", datetime: "instant"}

Shape = TypeVar("Shape")
Kept = TypeVar("Kept", bound=Sized)


def matching(pattern: str) -> Callable[[str], str]:
    """The rule that a text has this form from its beginning to its end."""

    def rule(given: str) -> str:
        if re.fullmatch(pattern, given) is None:
            raise ValueError(f"String should match pattern '{pattern}'")
        return given

    return rule


def sized(most: int, least: int = 0) -> Callable[[Kept], Kept]:
    """The rule that a text has so many characters, a list or table so many entries."""

    def rule(given: Kept) -> Kept:
        if not least <= len(given) <= most:
            unit = "characters" if isinstance(given, str) else "entries"
            raise ValueError(f"at most {most} {unit}, and at least {least}" if least else f"at most {most} {unit}")
        return given

    return rule


def parsed(path: Path) -> dict[str, Any]:
    """What a TOML file holds. Raises SettingsError when it cannot be read, is larger than 1 MiB, or is not TOML."""
    import tomllib  # noqa: PLC0415 (without a file, the console does without it)

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.", "Check the path and its permissions.") from None
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{path} is larger than 1 MiB.", "Check that it is the right file.")
    try:
        return tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path} is not TOML: {error}.", "Correct it at the place named.") from None


def read_file(path: Path, shape: type[Shape]) -> Shape:
    """Read a TOML file into a shape.

    Raises SettingsError that names the file, each key that is wrong, and for an unknown key the one that was likely meant.
    """
    made, faults = taken(parsed(path), shape)
    if made is None:
        raise SettingsError(f"{path}: {' '.join(faults)}", MEND)
    return made


def taken(given: object, shape: type[Shape]) -> tuple[Shape | None, list[str]]:
    """A value as a shape; None and what is wrong with it, a sentence each, where it is none. No sentence quotes a value."""
    faults = _Faults()
    made = _table(given, shape, "", faults)
    return (None, faults) if faults else (made, faults)


def unknown_key(key: str, known: Sequence[str]) -> str:
    """The sentence for a key that is not known, with the one that was likely meant."""
    import difflib  # noqa: PLC0415 (only who wrote a wrong key waits for it)

    close = difflib.get_close_matches(key.rpartition(".")[2], known, n=1)
    return f"unknown key {key}; " + (f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}.")


def fault_at(key: str, text: str) -> str:
    """The sentence for what is wrong at a key; the file as a whole has the empty one."""
    text = text.rstrip(".")
    return f"{key}: {text}." if key else f"{text}."


class _Faults(list[str]):
    def note(self, key: str, text: str) -> Any:
        """Keep a fault; what stands there has no value."""
        self.append(fault_at(key, text))


def _table(given: object, shape: Any, key: str, faults: _Faults) -> Any:
    if not isinstance(given, dict):
        return faults.note(key, "Input should be a table")
    before, known = len(faults), {one.name: one for one in fields(shape)}
    values = {}
    for name, one in known.items():
        if name in given:
            values[name] = _value(given[name], one.type, _joined(key, name), faults)
        elif _is_needed(one):
            faults.append(f"the key {_joined(key, name)} is missing.")
    faults += [unknown_key(_joined(key, name), sorted(known)) for name in given if name not in known]
    return _ruled(partial(shape, **values), key, faults) if len(faults) == before else None


def _value(given: Any, wanted: Any, key: str, faults: _Faults) -> Any:
    origin, before, inner = get_origin(wanted), len(faults), get_args(wanted)
    if origin in (Union, UnionType):
        return None if given is None else _value(given, inner[0], key, faults)
    if origin is Annotated:
        made = _value(given, inner[0], key, faults)
        for rule in inner[1:]:
            made = _ruled(partial(rule, made), key, faults) if len(faults) == before else None
        return made
    if isinstance(wanted, type) and is_dataclass(wanted):
        return _table(given, wanted, key, faults)
    if origin is Literal and given not in inner:
        *others, last = (f"'{word}'" for word in inner)
        return faults.note(key, f"Input should be {', '.join(others)} or {last}")
    if origin is tuple:
        if not isinstance(given, list | tuple):
            return faults.note(key, "Input should be a list")
        return tuple(_value(one, inner[0], f"{key}[{number}]", faults) for number, one in enumerate(given, 1))
    if origin is dict:
        if not isinstance(given, dict):
            return faults.note(key, "Input should be a table")
        return {
            _value(name, inner[0], _joined(key, name), faults): _value(one, inner[1], _joined(key, name), faults)
            for name, one in given.items()
        }
    if origin is None:
        held = str if wanted is Path else wanted
        if not isinstance(given, held) or (isinstance(given, bool) and held is not bool):
            return faults.note(key, f"Input should be a valid {_WORDS[held]}")
        return wanted(given) if wanted is Path else given
    return given


def _ruled(rule: Callable[[], Any], key: str, faults: _Faults) -> Any:
    try:
        return rule()
    except ValueError as error:
        return faults.note(key, str(error))


def _is_needed(one: "Field[Any]") -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _joined(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
