"""Reading a TOML file that a person wrote into a pydantic model: the settings of a plane, whose forms are many.

What a console needs before it paints is read by `reading`, which owns the sentences; this module says in them what pydantic
has found. Reads only: a file that people write is never written here.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from console.settings.errors import SettingsError
from console.settings.reading import MEND, fault_at, parsed, unknown_key

Model = TypeVar("Model", bound=BaseModel)


class Settings(BaseModel):
    """The base of everything that is read from a file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def load(path: Path, model: type[Model]) -> Model:
    """Read a TOML file into a model.

    Raises SettingsError that names the file, each key that is wrong, and for an unknown key the one that was likely meant.
    """
    try:
        return model.model_validate(parsed(path))
    except ValidationError as error:
        sentences = [_sentence(model, dict(fault)) for fault in error.errors(include_url=False, include_input=False)]
        raise SettingsError(f"{path}: {' '.join(sentences)}", MEND) from None


def keys(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a model and of the models in it, each as the path to it."""
    for name, field in model.model_fields.items():
        key = (*prefix, field.alias or name)
        yield key
        inner = _model_in(field.annotation)
        if inner is not None:
            yield from keys(inner, key)


def _sentence(model: type[BaseModel], fault: dict[str, Any]) -> str:
    place: Sequence[int | str] = fault["loc"]
    key = _written(place)
    if fault["type"] == "extra_forbidden":
        return unknown_key(key, _keys_at(model, place[:-1]))
    if fault["type"] == "missing":
        return f"the key {key} is missing."
    return fault_at(key, str(fault["msg"]).removeprefix("Value error, "))


def _written(place: Sequence[int | str]) -> str:
    written = ""
    for part in place:
        if isinstance(part, int):
            written += f"[{part + 1}]"
        else:
            written += f".{part}" if written else part
    return written


def _keys_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    here: type[BaseModel] = model
    for part in place:
        if isinstance(part, str):
            field = next((f for name, f in here.model_fields.items() if (f.alias or name) == part), None)
            inner = _model_in(field.annotation) if field is not None else None
            if inner is None:
                return []
            here = inner
    return sorted(field.alias or name for name, field in here.model_fields.items())


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((inner for inner in map(_model_in, get_args(annotation)) if inner is not None), None)
