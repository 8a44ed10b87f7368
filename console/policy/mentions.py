"""Which attributes of the context policies speak of, so that the engine is handed only those.

What no policy mentions cannot change an answer, and most of the time of a decision goes into reading a context. The engine
checks a whole context against the schema; a chosen part has no such check, so it is used only for a context of a shape that
the engine has accepted whole (`same_shape`). Whatever this module does not recognise counts as mentioned.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from console.model.base import Json

Path: TypeAlias = tuple[str, ...]

TIMES: Final = frozenset({("now",), ("task", "age_seconds")})
"""The attributes that change by time alone."""

APPROVED: Final = "approved"
"""The attribute that the evaluation adds."""

_MOST: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Mentions:
    """The attributes that some policies mention. None stands for the whole of what it stands under."""

    tree: Mapping[str, Any] | None

    @classmethod
    def of(cls, policies: Iterable[Mapping[str, Any]]) -> "Mentions":
        """What policies and templates mention, each given as Cedar's JSON of it."""
        paths = {path for policy in policies for path in _paths(policy.get("conditions", []))}
        if () in paths:
            return cls(None)
        tree: dict[str, Any] = {}
        for path in sorted(paths, key=len):
            _graft(tree, path)
        return cls(tree)

    @property
    def timeless(self) -> bool:
        """Whether none of them changes by time alone."""
        return not any(self.cover(path) for path in TIMES)

    def cover(self, path: Path) -> bool:
        """Whether an attribute is mentioned, alone or as a part of what is."""
        place = self.tree
        for name in path:
            if place is None:
                return True
            if name not in place:
                return False
            place = place[name]
        return True

    def choose(self, context: Mapping[str, Json]) -> dict[str, Json]:
        """The part of a context that is mentioned."""
        return dict(context) if self.tree is None else _choose(self.tree, context)


def same_shape(known: Json, given: Json) -> bool:
    """Whether a value has exactly the names and types of another; text and items of lists ASCII, numbers exact."""
    kind = type(known)
    if type(given) is not kind:
        return False
    if isinstance(known, dict) and isinstance(given, dict):
        return known.keys() == given.keys() and all(same_shape(value, given[name]) for name, value in known.items())
    if isinstance(given, list):
        return all(type(item) is str and item.isascii() for item in given)
    if isinstance(given, str):
        return given.isascii()
    return kind is bool or (isinstance(given, int) and -_MOST <= given <= _MOST)


def _choose(tree: Mapping[str, Any], context: Mapping[str, Json]) -> dict[str, Json]:
    chosen: dict[str, Json] = {}
    for name, below in tree.items():
        if name in context:
            value = context[name]
            chosen[name] = _choose(below, value) if below is not None and isinstance(value, dict) else value
    return chosen


def _graft(tree: dict[str, Any], path: Path) -> None:
    """Add a path; shorter ones come first, so that a whole record is never narrowed again."""
    for name in path[:-1]:
        below = tree.setdefault(name, {})
        if below is None:
            return
        tree = below
    tree[path[-1]] = None


def _paths(node: Any) -> Iterator[Path]:
    """The paths from the context that an expression of Cedar's JSON goes along, each as far as it goes."""
    if isinstance(node, list):
        for item in node:
            yield from _paths(item)
        return
    if not isinstance(node, Mapping):
        return
    path = _path(node)
    if path is not None:
        yield path
        return
    for operator, body in node.items():
        if operator == "Value":
            continue
        if operator == "has" and isinstance(body, Mapping):
            yield from _had(body)
        elif operator == "Record" and isinstance(body, Mapping):
            yield from _paths(list(body.values()))
        else:
            yield from _paths(body)


def _had(body: Mapping[str, Any]) -> Iterator[Path]:
    """What `has` looks at: the attribute that may be missing, or the whole record where that is not one name."""
    path, attribute = _path(body.get("left")), body.get("attr")
    if path is None:
        yield from _paths(body.get("left"))
    else:
        yield (*path, attribute) if isinstance(attribute, str) else path


def _path(node: Any) -> Path | None:
    """The path of `context`, `context.a`, `context.a.b` …; None for everything else."""
    if not isinstance(node, Mapping) or len(node) != 1:
        return None
    if node.get("Var") == "context":
        return ()
    step = node.get(".")
    if not isinstance(step, Mapping):
        return None
    path, attribute = _path(step.get("left")), step.get("attr")
    if path is None or not isinstance(attribute, str):
        return None
    return (*path, attribute)
