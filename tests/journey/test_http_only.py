"""The walk over plain HTTP, against a real demo in processes of its own."""

import pytest

from tests.journey.http_only import demo, journey


@pytest.mark.slow
def test_a_task_from_opening_to_completion_over_http() -> None:
    with demo("--speed", "2") as plane:
        seen = journey(plane)
    assert seen["approved_by"]
    assert set(seen["lease_states"]) <= {"revoking", "revoked"}
