"""What all tests share: skipping where a program is missing that pip does not bring, or failing where CI must have it."""

import os
import shutil

import hypothesis
import pytest

REQUIRE = "LEASEHOLD_TEST_REQUIRE"
"""Names programs, separated by commas, whose absence is a failure and not a skip."""


# A busy machine is slow; how long an example takes never decides whether a property holds.
hypothesis.settings.register_profile("leasehold", deadline=None)
hypothesis.settings.load_profile("leasehold")


def pytest_runtest_setup(item: pytest.Item) -> None:
    required = {name.strip() for name in os.environ.get(REQUIRE, "").split(",")}
    for marker in item.iter_markers("needs"):
        tool = marker.args[0]
        if shutil.which(tool) is not None:
            continue
        if tool in required:
            pytest.fail(f"{tool} is missing, and {REQUIRE} says that it must be here")
        pytest.skip(f"{tool} is not on this machine")
