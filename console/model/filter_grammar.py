"""How a filter is read: tokens, a parser that points at the character, and what may come next.

The grammar stands in `filters`, which owns the tree. Pure; whoever reads filters imports this.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from console.model.filters import (
    EVERYTHING,
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    OPERATORS,
    Absent,
    Comparison,
    Field,
    Fields,
    FilterError,
    Kind,
    Match,
    Node,
    Not,
    Operator,
    Pattern,
    Value,
    Word,
    all_of,
    any_of,
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["word", "quoted", "(", ")", ":", ",", "!", "operator", "end"]
    text: str
    start: int
    end: int
    glob: bool = False


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise FilterError(MAX_LENGTH, f"a filter has at most {MAX_LENGTH} characters")
    tokens: list[_Token] = []
    at = 0
    after_value_opening = False
    while at < len(text):
        char = text[at]
        if char.isspace():
            at += 1
            after_value_opening = False
            continue
        operator = next((op for op in OPERATORS if after_value_opening and text.startswith(op, at)), None)
        if operator:
            tokens.append(_Token("operator", operator, at, at + len(operator)))
        elif char in "(),:!":
            tokens.append(_Token(char, char, at, at + 1))  # type: ignore[arg-type]  # one of the five literals above
        elif char == '"':
            tokens.append(_quoted(text, at))
        else:
            # A colon belongs to a value that has begun (10:30), and opens one after a field's name.
            in_value = bool(tokens) and tokens[-1].kind in (":", ",", "operator", "!") and tokens[-1].end == at
            in_value = in_value and not (tokens[-1].kind == "!" and (len(tokens) < 2 or tokens[-2].kind != ":"))
            stops = '(),"' if in_value else '(),:"'
            end = at
            while end < len(text) and not text[end].isspace() and text[end] not in stops:
                end += 1
            tokens.append(_Token("word", text[at:end], at, end, glob="*" in text[at:end]))
        at = tokens[-1].end
        after_value_opening = tokens[-1].kind in (":", ",") or (tokens[-1].kind == "!" and after_value_opening)
    tokens.append(_Token("end", "", len(text), len(text)))
    return tokens


def _quoted(text: str, start: int) -> _Token:
    letters: list[str] = []
    at = start + 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\" and at + 1 < len(text):
            at += 1
        letters.append(text[at])
        at += 1
    if at >= len(text):
        raise FilterError(start, "this quotation mark is never closed", ('"',))
    return _Token("quoted", "".join(letters), start, at + 1)


class _Parser:
    def __init__(self, text: str, fields: Fields) -> None:
        self.tokens = _tokens(text)
        self.fields = fields
        self.at = 0
        self.terms = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def keyword(self, word: str) -> bool:
        following = self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        return self.next.kind == "word" and self.next.text.lower() == word and following.kind != ":"

    def whole(self) -> Node:
        if len(self.tokens) == 1:
            return EVERYTHING
        node = self.any(0)
        if self.next.kind != "end":
            raise FilterError(self.next.start, f"{self.next.text!r} has nothing to close or to join", ("and", "or"))
        return node

    def any(self, depth: int) -> Node:
        parts = [self.all(depth)]
        while self.keyword("or"):
            self.take()
            parts.append(self.all(depth))
        return any_of(parts)

    def all(self, depth: int) -> Node:
        parts = [self.one(depth)]
        while self.next.kind not in ("end", ")", ",", ":") and not self.keyword("or"):
            if self.keyword("and"):
                self.take()
            parts.append(self.one(depth))
        return all_of(parts)

    def one(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise FilterError(self.next.start, f"brackets and negations go at most {MAX_DEPTH} deep")
        if self.next.kind == "!" or self.keyword("not"):
            self.take()
            return Not(self.one(depth + 1))
        token = self.take()
        if token.kind == "(":
            node = self.any(depth + 1)
            if self.next.kind != ")":
                raise FilterError(self.next.start, "a bracket is not closed", (")",))
            self.take()
            return node
        if token.kind not in ("word", "quoted") or (token.kind == "word" and token.text.lower() in ("and", "or")):
            found = "the end" if token.kind == "end" else repr(token.text)
            raise FilterError(token.start, f"a word or a field was expected, not {found}", tuple(self.fields))
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise FilterError(token.start, f"a filter has at most {MAX_TERMS} terms")
        if token.kind == "word" and self.next.kind == ":" and self.next.start == token.end:
            self.take()
            return self.match(token)
        return Word(Pattern(token.text, token.glob))

    def match(self, name: _Token) -> Node:
        field = self.fields.get(name.text.lower())
        if field is None:
            raise FilterError(name.start, f"there is no field {name.text!r}", tuple(self.fields))
        negated = self.next.kind == "!"
        if negated:
            self.take()
        values = [self.value(field)]
        while self.next.kind == ",":
            self.take()
            values.append(self.value(field))
            if len(values) > MAX_TERMS:
                raise FilterError(self.next.start, f"a field has at most {MAX_TERMS} values")
        return Match(field.name, tuple(values), negated)

    def value(self, field: Field) -> Value:
        operator: Operator | None = None
        if self.next.kind == "operator":
            operator = self.take().text  # type: ignore[assignment]  # the tokenizer makes no other
        token = self.take()
        if token.kind not in ("word", "quoted"):
            raise FilterError(token.start, f"{field.name} needs a value here", expected(field))
        if operator is None:
            return _plain(field, token)
        if field.kind == "text" or (field.kind == "enum" and not field.scale):
            raise FilterError(token.start, f"{field.name} cannot be compared, only matched", expected(field))
        return _measured(field, operator, token)


def _plain(field: Field, token: _Token) -> Value:
    if token.kind == "word" and token.text.lower() == "none":
        return Absent()
    if field.kind == "text" or token.glob:
        return Pattern(token.text, token.glob)
    if field.kind == "enum":
        if token.text.lower() not in field.values:
            raise FilterError(token.start, f"{field.name} is never {token.text!r}", field.values)
        return Pattern(token.text.lower())
    return _measured(field, "=", token)


def _measured(field: Field, operator: Operator, token: _Token) -> Comparison:
    text = token.text.lower()
    if field.kind == "enum":
        if text not in field.values:
            raise FilterError(token.start, f"{field.name} is never {token.text!r}", field.values)
        return Comparison(operator, text)
    if field.kind == "number":
        number = _number(text)
        if number is not None:
            return Comparison(operator, number)
    else:
        seconds = _seconds(text)
        if seconds is not None:
            return Comparison(operator, seconds, span=True)
        instant = _instant(token.text) if field.kind == "instant" else None
        if instant is not None:
            return Comparison(operator, instant)
    raise FilterError(token.start, f"{token.text!r} is no {field.kind}", expected(field))


def _number(text: str) -> float | None:
    digits = text.removeprefix("-").replace(".", "", 1)
    return float(text) if digits.isascii() and digits.isdigit() and len(digits) <= 15 else None


def _seconds(text: str) -> float | None:
    total, number = 0.0, ""
    for char in text:
        if char in "0123456789.":
            number += char
            continue
        amount = _number(number)
        if char not in _UNITS or amount is None:
            return None
        total, number = total + amount * _UNITS[char], ""
    return total if text and not number else None


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def expected(field: Field) -> tuple[str, ...]:
    """What a field's value may look like: its values, or an example."""
    examples: dict[Kind, tuple[str, ...]] = {
        "text": ("text", "begin*"),
        "enum": (),
        "number": (">=70",),
        "instant": ("<5m", ">2026-01-31T12:00Z"),
        "duration": (">1h",),
    }
    return field.values or examples[field.kind]


def parse_filter(text: str, fields: Fields) -> Node:
    """The tree of a filter. Raises FilterError; a blank filter is `EVERYTHING`."""
    return _Parser(text, fields).whole()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that may stand at the cursor: `text` replaces the characters from `start` to `end`; `hint` explains it."""

    text: str
    start: int
    end: int
    hint: str = ""


_VALUE = re.compile(r"([A-Za-z_]+):!?(?:[^\s,()\"]*,)*([<>=]{0,2})([^\s,()\"]*)$")
_NAME = re.compile(r"[^\s():\"!]*$")


def completion(
    text: str, position: int, fields: Fields, values: Callable[[str], Iterable[str]] = lambda name: (), limit: int = 50
) -> list[Candidate]:
    """What may be written at a position: fields by name, or values of the field before the colon.

    `values` gives what is known of a field beyond its fixed values, such as the names of agents.
    """
    before = text[:position][-MAX_LENGTH:]
    shift = len(text[:position]) - len(before)
    inside = _VALUE.search(before)
    if inside is not None:
        field = fields.get(inside[1].lower())
        if field is None:
            return []
        begun, start = inside[3].lower(), shift + inside.start(3)
        known = dict.fromkeys((*field.values, *values(field.name)))
        offered = [name for name in known if name.lower().startswith(begun)] or ([] if begun or known else expected(field))
        return [Candidate(_quoted_if_needed(name), start, position) for name in offered][:limit]
    begun = _NAME.search(before)[0].lower()  # type: ignore[index]  # the pattern also matches nothing at all
    start = position - len(begun)
    return [
        Candidate(f"{name}:", start, position, f"{field.kind}: {', '.join(expected(field))}")
        for name, field in fields.items()
        if name.startswith(begun)
    ][:limit]


def _quoted_if_needed(name: str) -> str:
    return name if re.fullmatch(r"[^\s,()\"]+", name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
