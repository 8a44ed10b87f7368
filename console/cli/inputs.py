"""Inputs out of options: a model's refusal becomes a usage error that names the field, and rights are read from words."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from console.cli.failures import Failure, Status
from console.model.problems import FieldError
from console.model.rights import Right
from console.model.scales import DataClass

M = TypeVar("M", bound=BaseModel)
RIGHTS_HELP = "ACTIONS@RESOURCES[@CLASS], each part separated by commas, or JSON; may be repeated."


def build(kind: type[M], /, **fields: Any) -> M:
    """A model of what was asked for; fields that are None are left out. Raises Failure that names what is wrong."""
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise _wrong(error) from None


def rights_of(texts: tuple[str, ...]) -> tuple[Right, ...]:
    """Rights as they are written on the command line: `customers.read,orders.read@crm/*@confidential`, or JSON."""
    return tuple(right for text in texts for right in _rights(text))


def _rights(text: str) -> tuple[Right, ...]:
    try:
        if text.lstrip().startswith(("{", "[")):
            found = json.loads(text)
            return TypeAdapter(tuple[Right, ...]).validate_python(found if isinstance(found, list) else [found])
        actions, _, rest = text.partition("@")
        head, _, tail = rest.rpartition("@")
        resources, data_class = (head, tail) if head and tail in list(DataClass) else (rest, DataClass.INTERNAL.value)
        return (
            Right(actions=tuple(actions.split(",")), resources=tuple(resources.split(",")), max_class=DataClass(data_class)),
        )
    except ValidationError as error:
        raise _wrong(error, "rights") from None
    except ValueError:
        raise Failure(Status.USAGE, f"{text} is no right.", f"Write it as {RIGHTS_HELP}", code="usage") from None


def _wrong(error: ValidationError, prefix: str = "") -> Failure:
    errors = tuple(
        FieldError(
            field=".".join(str(part) for part in ((prefix,) if prefix else ()) + tuple(one["loc"])) or "request",
            text=str(one["msg"]).removeprefix("Value error, "),
        )
        for one in error.errors(include_url=False, include_input=False)
    )
    return Failure(
        Status.USAGE,
        "Something in the command is wrong; nothing was sent.",
        "Correct what is named.",
        code="usage",
        errors=errors,
    )
