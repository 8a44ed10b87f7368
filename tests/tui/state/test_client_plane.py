"""The client behind the protocol: every error that it raises becomes a problem that the console understands."""

from typing import Any

import pytest

from console.client.errors import ClientError, Garbled, Refused, Resync, Unreachable
from console.model.problems import ProblemError
from console.tui.state.client_plane import ClientPlane, as_problem
from console.tui.state.plane import Plane


@pytest.mark.parametrize(
    ("error", "code", "unknown"),
    [
        (Resync("too far behind"), "resync", None),
        (Unreachable("refused", unknown=False), "unreachable", False),
        (Unreachable("cut off", unknown=True), "unreachable", True),
        (Garbled("not JSON"), "unreachable", True),
        (Refused(ProblemError("conflict").problem()), "conflict", None),
    ],
)
async def test_each_error_of_the_client_has_its_problem(error: ClientError, code: str, unknown: bool | None) -> None:
    problem = as_problem(error)
    assert (problem.code, problem.facts.get("unknown")) == (code, unknown)

    class Failing:
        """A client whose every call fails."""

        def __getattr__(self, name: str) -> Any:
            async def call(*arguments: object, **options: object) -> object:
                raise error

            return call

    plane: Plane = ClientPlane(Failing(), Failing)  # type: ignore[arg-type]  # only the failing is needed
    with pytest.raises(ProblemError) as caught:
        await plane.contain("ag_x", "odd reads")
    assert caught.value.code == code
    with pytest.raises(ProblemError) as caught:
        await plane.whoami()
    assert caught.value.code == code
