"""Profiles in the running console: a switch ends it and begins it anew with the other plane's options."""

import pytest

from console.model.codes import ProblemError
from console.tui.ui.options import ConsoleOptions, ProfileChoice
from console.tui.ui.screens.picker import Picker
from tests.tui.ui.driver import console, populated

OTHER = ConsoleOptions(open_plane=NotImplemented, environment="staging", colour="amber", profile="staging", read_only=True)


def broken() -> ConsoleOptions:
    raise ProblemError("unreachable", "No plane is there.", next_step="Start it.")


PROFILES = (
    ProfileChoice("local", "development  SAFE  embedded", broken),
    ProfileChoice("staging", "staging  READ-ONLY  https://a.test", lambda: OTHER),
    ProfileChoice("lost", "production  SAFE  https://b.test", broken),
)


async def test_a_switch_hands_over_the_other_planes_options_and_nothing_of_this_one() -> None:
    estate = populated()
    async with console(estate, profile="local", profiles=PROFILES) as driver:
        driver.app.action_perform("theme", "house-light")
        await driver.press("space", "w")
        assert driver.app.watches.held
        await driver.press(":")
        driver.line.begin("profile staging")
        await driver.press("enter")
        await driver.until(lambda: driver.app.return_value is not None, "it did not leave")
        left = driver.app.return_value
        assert left is not None
        assert (left.environment, left.profile, left.read_only, left.start) == ("staging", "staging", True, "safe")
        assert left.theme == "house-light", "the look is kept"


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40), (200, 50)])
async def test_profiles_are_listed_and_where_one_is_is_said(size: tuple[int, int]) -> None:
    async with console(populated(), size, profile="local", profiles=PROFILES) as driver:
        await driver.press("P")
        await driver.until(lambda: isinstance(driver.app.screen, Picker))
        await driver.shown("READ-ONLY")
        await driver.shown("here")


async def test_one_that_cannot_be_used_says_why_and_this_one_stays() -> None:
    async with console(populated(), profile="local", profiles=PROFILES) as driver:
        driver.app.action_perform("profile", "lost")
        await driver.until(lambda: "No plane is there. Start it." in driver.said)
        assert driver.app.world.live
        driver.app.action_perform("profile", "local")
        assert "This is local already." in driver.said


async def test_without_another_profile_the_key_says_so() -> None:
    async with console(populated()) as driver:
        await driver.press("P")
        assert "no other profile" in driver.said
