"""Hostile text: the corpus, estates made of it, and what counts as an offence in bytes that go to a terminal.

The judgement is written anew here and shares nothing with `present.inert` and `ui.guard`, which it judges.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel, ValidationError

CORPUS: dict[str, str] = {
    "OSC 8": "\x1b]8;;https://evil.example\x1b\\press\x1b]8;;\x1b\\",
    "OSC 9": "\x1b]9;All is well\x07",
    "OSC 52": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "OSC 777": "\x1b]777;notify;All is well;Approve\x07",
    "OSC 0": "\x1b]0;owned\x07",
    "OSC unended": "\x1b]2;owned",
    "CSI colours": "\x1b[31;42mRED\x1b[0m",
    "CSI cursor": "\x1b[2J\x1b[1;1Hover\x1b[6n\x1b[c",
    "CSI modes": "\x1b[?1049l\x1b[?1000h\x1b[20h",
    "DCS": "\x1bP+q544e\x1b\\",
    "APC": "\x1b_Gf=24;AAAA\x1b\\",
    "PM": "\x1b^private\x1b\\",
    "SOS": "\x1bXstring\x1b\\",
    "lone ESC": "end\x1b",
    "reset": "\x1bc\x1b7\x1b8\x1b(0",
    "C1 of 8 bits": "\x9b31mC1\x9d52;c;AAAA\x9c\x84\x85\x90q\x9c\x98\x9e\x9f",
    "C1 in UTF-8": b"\xc2\x9b31mC1\xc2\x9d0;owned\xc2\x9c".decode(),
    "carriage return": "harmless\rHARMFUL",
    "backspaces": "approve\x08\x08\x08\x08\x08\x08\x08reject",
    "tabs and feeds": "a\tb\x0bc\x0cd\ne\r\nf",
    "NUL and DEL": "nu\x00ll\x7fdel\x05\x07\x0e\x0f\x1a\x1c",
    "embedding": "pay \u202agnp\u202b.exe\u202c \u202dx\u202ey\u202c",
    "isolates": "a\u2066b\u2067c\u2068d\u2069e",
    "direction marks": "a\u200eb\u200fc\u061cd",
    "no width": "ad\u200bmin\u200c\u200d\ufeff\u2060\u00ad\u180e",
    "fillers": "a\u115f\u1160\u3164\uffa0\u17b4b\u2800",
    "tags": "ok\U000e0001\U000e0041\U000e0042\U000e007f",
    "variation": "a\ufe00b\ufe0fc\U000e0100d\U000e01ef",
    "separators": "one\u2028two\u2029three\u0085four",
    "spaces": "a\u00a0b\u2003c\u3000d\u202fe",
    "invisible operators": "a\u2061b\u2062c\u2063d\u2064e\ufff9f\ufffag\ufffbh\ufffci",
    "click": "[@click=app.quit]free[/] [@click=perform('contain')]money[/]",
    "closing": "[/x] [/] [/bold]",
    "brackets": "[[[ ]] [bold red]loud [link=https://evil.example]x [ \\[ $[",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 abc",
    "wide": "\u5bbd\u5b57\u7b26 \uff21\uff22\uff23 \u1100\u1161\u11a8",
    "zalgo": "Z" + "\u0301\u0302\u0303\u0489\u20dd" * 12 + "algo",
    "joined": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd 1\ufe0f\u20e3",
    "lone surrogates": "a\ud800b\udfffc",
    "homoglyphs": "\u0440lanner-1 \u0430dmin \U0001d41a\U0001d41d\U0001d426\U0001d422\U0001d427",
    "private and unassigned": "a\ue000b\U000f0000c\U0010ffffd\u0378e\ufdd0",
    "formulas": "=cmd|'/c calc'!A1 +1 @x -2",
    "shell": "$(rm -rf ~) `id` ; | & > /dev/null",
    "long": "long " * 2_000,
    "ten megabytes": "\x1b[31m\u202e" + "x" * 10_000_000,
}
_PLAIN = re.compile(r"^(?:[a-z]{2}_[0-9a-z]{20,}|\d{4}-\d\d-\d\dT[\d:.+Z-]+|sha256:[0-9a-f]+)$")
_KEPT = frozenset(
    """id version state kind level risk_level data_class max_class highest_class revocability check outcome verdict effect
    determining target collection relevance unit direction query_kind""".split()  # noqa: SIM905 - words read best as words
)
_ALLOWED = re.compile(
    r"\x1b\[[0-9;]*m"  # a style
    r"|\x1b\[\d+;\d+H"  # the cursor's place
    r"|\x1b\[\?(?:25|1000|1002|1003|1004|1006|1015|1016|1049|2004|2026|2048|7)[hl]"  # modes
    r"|\x1b\[\?(?:2026|2048)\$p"  # questions about modes
    r"|\x1b\[[<>=]\d*u|\x1b\[\?u"  # keyboard
    r"|\x1b\[[23]J|\x1b\[H"
    r"|\x1b\](?:0|2);(?P<title>[^\x00-\x1f\x7f-\x9f]{0,80})(?:\x07|\x1b\\)"
    r"|\x1b\]9;leasehold: (?P<notice>[^\x00-\x1f\x7f-\x9f]{0,200})\x1b\\"
    r"|\x1b\]52;c;(?P<copied>[A-Za-z0-9+/=]*)\x07"
    r"|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)"  # the shape of the mouse's pointer
    r"|\x07"
    r"|\n(?=\x1b\[\d+;\d+H|\x1b\[\?2026|\Z)"  # the end of a line or a frame, as Textual writes it
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me"})


def hidden(text: str, kept: str = "") -> set[str]:
    """Characters that a terminal acts upon or that nobody sees, but those of `kept`."""
    return {
        f"U+{ord(one):04X}"
        for one in set(text) - set(kept)
        if unicodedata.category(one) in _HIDDEN
        or (unicodedata.category(one) == "Zs" and one != " ")
        or 0xFE00 <= ord(one) <= 0xFE0F
        or 0xE0000 <= ord(one) <= 0xE0FFF
        or one in "\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5\u034f\u180e"
    }


def offences(painted: str) -> set[str]:
    """What of the text for a terminal is neither a sequence of the program's own, well formed, nor plain to see."""
    found: set[str] = set()
    for own in _ALLOWED.finditer(painted):
        told = own["title"] or own["notice"] or ""
        found |= {f"title or notice: {one}" for one in hidden(told)}
        if own["copied"]:
            copied = base64.b64decode(own["copied"]).decode("utf-8", "replace")
            found |= {f"clipboard: {one}" for one in hidden(copied, "\n")}
    left = _ALLOWED.sub("¶", painted)
    for one in hidden(left):
        at = left.index(chr(int(one[2:], 16)))
        found.add(f"{one} in {left[max(0, at - 12) : at + 12]!r}")
    return found


def poison(body: Any, text: str, name: str = "") -> Any:
    """A JSON value with a text in place of every text that is not an id, an instant, a digest or a word of the contract."""
    if isinstance(body, dict):
        return {key: poison(one, text, key) for key, one in body.items()}
    if isinstance(body, list | tuple):
        return [poison(one, text, name) for one in body]
    if isinstance(body, str) and name not in _KEPT and not _PLAIN.match(body):
        return text
    return body


def poisoned(model: Any, text: str) -> Any:
    """A model with the text in every field that takes it from the wire."""
    facts = plain(model.model_dump())
    for path in list(_leaves(facts)):
        *way, last = path
        place = facts
        for step in way:
            place = place[step]
        before = place[last]
        if poison(before, text, str(last)) is before:
            continue
        for one in (text, text[:4000], text[:1000], text[:200]):
            place[last] = one
            try:
                type(model).model_validate_json(json.dumps(facts))
                break
            except (ValidationError, UnicodeError):
                place[last] = before
    return type(model).model_validate_json(json.dumps(facts))


def _leaves(facts: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(facts, dict):
        for key, one in facts.items():
            yield from _leaves(one, (*path, key))
    elif isinstance(facts, list):
        for at, one in enumerate(facts):
            yield from _leaves(one, (*path, at))
    elif isinstance(facts, str):
        yield path


def plain(value: Any) -> Any:
    """Facts as JSON would hold them, lone surrogates and all."""

    def other(one: Any) -> Any:
        if isinstance(one, Enum):
            return one.value
        if isinstance(one, datetime):
            return one.isoformat()
        if isinstance(one, BaseModel):
            return one.model_dump()
        return list(one) if isinstance(one, set | frozenset | tuple) else str(one)

    return json.loads(json.dumps(value, default=other))
