"""The filter language: one grammar for the console, the commands and the API's `filter=`.

Owns the tree of a filter, how it is written and what it matches; `filter_grammar` reads it and says what may come next,
and `filter_fields` says what can be asked of each collection. Pure; anyone may import it.

    filter  = any ;              any   = all { "or" all } ;        all = one { ["and"] one } ;
    one     = ("not" | "!") one | "(" any ")" | word | field ":" ["!"] value { "," value } ;
    value   = word | word with "*" | ("<" | "<=" | ">" | ">=" | "=") (number | duration | instant | member of a scale)

A word may stand in double quotes, where a backslash takes the next character as it is. `field:none` is an absent value.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

MAX_LENGTH = 512
MAX_DEPTH = 16
MAX_TERMS = 64

Kind: TypeAlias = Literal["text", "enum", "number", "instant", "duration"]
Operator: TypeAlias = Literal["=", "<", "<=", ">", ">="]
OPERATORS: tuple[Operator, ...] = ("<=", ">=", "<", ">", "=")
_SPECIAL = set('()":,!<>=\\*') | {" "}


class FilterError(ValueError):
    """A filter that cannot be read: at which character (from 0), why, and what would have been expected there."""

    def __init__(self, position: int, text: str, expected: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.position = position
        self.text = text
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Field:
    """One field that may be asked for. `get` reads it from a row; None there means that the row has none.

    `measure` says what a duration means for an instant: how long `since` it, or how long `until` it. A `scale` orders the
    values, least first, so that they can be compared. Bare words look into the fields that are `searched`.
    """

    name: str
    kind: Kind
    get: Callable[[Any], Any]
    values: tuple[str, ...] = ()
    measure: Literal["since", "until"] = "since"
    scale: bool = False
    searched: bool = False


Fields: TypeAlias = Mapping[str, Field]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text to be equal to, without regard to case; `glob` where its stars stand for anything."""

    text: str
    glob: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison. `value` is a number, a span in seconds, an instant, or a member of a scale."""

    operator: Operator
    value: float | datetime | str
    span: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """The value that a row has not."""


Value: TypeAlias = Pattern | Comparison | Absent


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word: found within any searched field."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Match:
    """A field that has one of these values, or with `negated` none of them."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match."""

    inner: "Node"


@dataclass(frozen=True, slots=True)
class Every:
    """What matches every part; with no part, everything."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """What matches at least one part."""

    parts: tuple["Node", ...]


Node: TypeAlias = Word | Match | Not | Every | Some
EVERYTHING = Every(())


def all_of(parts: Iterable[Node]) -> Node:
    """The conjunction, in its one normal form: flat, and a single part is itself."""
    flat = [leaf for part in parts for leaf in (part.parts if isinstance(part, Every) else (part,))]
    return flat[0] if len(flat) == 1 else Every(tuple(flat))


def any_of(parts: Iterable[Node]) -> Node:
    """The disjunction, in its one normal form: flat, and a single part is itself."""
    flat = [leaf for part in parts for leaf in (part.parts if isinstance(part, Some) else (part,))]
    return flat[0] if len(flat) == 1 else Some(tuple(flat))


def filter_text(node: Node) -> str:
    """A filter that is read back as exactly this tree."""
    match node:
        case Word(pattern):
            return _pattern_text(pattern, bare=True)
        case Match(name, values, negated):
            return f"{name}:{'!' if negated else ''}{','.join(_value_text(value) for value in values)}"
        case Not(inner):
            return f"not {_bracketed(inner)}"
        case Every(parts):
            return " ".join(_bracketed(part) for part in parts)
        case Some(parts):
            return " or ".join(filter_text(part) if isinstance(part, Every) else _bracketed(part) for part in parts)


def _bracketed(node: Node) -> str:
    return f"({filter_text(node)})" if isinstance(node, Every | Some) else filter_text(node)


def _pattern_text(pattern: Pattern, *, bare: bool = False) -> str:
    text = pattern.text
    plain = bool(text) and not any(char.isspace() or char in _SPECIAL for char in text)
    reserved = text.lower() in (("and", "or", "not") if bare else ("none",))
    if pattern.glob or (plain and not reserved):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _value_text(value: Value) -> str:
    match value:
        case Absent():
            return "none"
        case Pattern():
            return _pattern_text(value)
        case Comparison(operator, datetime() as at):
            return operator + at.isoformat().replace("+00:00", "Z")
        case Comparison(operator, str() as member):
            return operator + member
        case Comparison(operator, float() | int() as number, span):
            return f"{operator}{number:.15g}{'s' if span else ''}"
    raise TypeError("a filter has no such value")


def with_getters(fields: Fields, getters: Mapping[str, Callable[[Any], Any]]) -> Fields:
    """The same fields read another way: for rows whose shape is not the entity's."""
    return {name: replace(field, get=getters[name]) if name in getters else field for name, field in fields.items()}


def evaluate(node: Node, row: Any, fields: Fields, now: datetime) -> bool:
    """Whether a row matches at an instant. Instants in rows are aware datetimes or seconds since the epoch."""
    match node:
        case Every(parts):
            return all(evaluate(part, row, fields, now) for part in parts)
        case Some(parts):
            return any(evaluate(part, row, fields, now) for part in parts)
        case Not(inner):
            return not evaluate(inner, row, fields, now)
        case Word(pattern):
            return any(_found(pattern, field.get(row)) for field in fields.values() if field.searched)
        case Match(name, values, negated):
            field = fields[name]
            held = field.get(row)
            several = held if isinstance(held, tuple | list | set | frozenset) else (held,)
            return negated != any(_matches(field, value, one, now) for value in values for one in (several or (None,)))


def _found(pattern: Pattern, held: Any) -> bool:
    if held is None:
        return False
    if isinstance(held, tuple | list | set | frozenset):
        return any(_found(pattern, one) for one in held)
    text, wanted = str(held).lower(), pattern.text.lower()
    return fnmatchcase(text, _glob(wanted)) if pattern.glob else wanted in text


def _glob(text: str) -> str:
    # Only the star is special here; fnmatch would also read question marks and square brackets.
    return text.replace("[", "[[]").replace("?", "[?]")


def _matches(field: Field, value: Value, held: Any, now: datetime) -> bool:
    if isinstance(value, Absent):
        return held is None or held == ""
    if held is None:
        return False
    if isinstance(value, Pattern):
        text, wanted = _written(held), value.text.lower()
        return fnmatchcase(text, _glob(wanted)) if value.glob else text == wanted
    if field.kind == "enum":
        text = str(held)
        known = text in field.values
        return known and _holds(value.operator, field.values.index(text), field.values.index(str(value.value)))
    number = held.timestamp() if isinstance(held, datetime) else float(held)
    if field.kind == "instant" and value.span:
        number = number - now.timestamp() if field.measure == "until" else now.timestamp() - number
    wanted_value = value.value.timestamp() if isinstance(value.value, datetime) else float(value.value)
    return _holds(value.operator, number, wanted_value)


def _written(held: Any) -> str:
    if isinstance(held, bool):
        return "yes" if held else "no"
    return str(held).lower()


def _holds(operator: Operator, left: float, right: float) -> bool:
    match operator:
        case "=":
            return left == right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
