"""Profiles: what a running console may go to, and what is taken along."""

from pathlib import Path

import pytest

from console.cli.failures import usage
from console.cli.profiles import choices
from console.cli.session import Options, Place, token_source
from console.model.codes import ProblemError
from console.settings.console import ConsoleSettings, Profile, SignIn
from console.settings.files import write_private
from console.tui.ui.options import ConsoleOptions

STAGING = Profile(
    name="staging", authorization_url="https://a.test", broker_url="https://b.test", environment="staging", read_only=True
)
SETTINGS = ConsoleSettings(profile=(Profile(name="local", embedded=True), STAGING))


def asked(options: Options, place: Place) -> dict[str, Options]:
    """The options with which each choice would be made."""
    seen: dict[str, Options] = {}

    def make(given: Options, name: str) -> ConsoleOptions:
        seen[name] = given
        return ConsoleOptions(open_plane=NotImplemented, profile=name)

    for choice in choices(SETTINGS, options, place, make):
        assert choice.make().profile == choice.name
    return seen


def test_every_profile_can_be_gone_to_and_back() -> None:
    here = Options(profile="staging", operator="omar", token_file=Path("token"))
    seen = asked(here, Place(profile=STAGING, secret="token:staging"))
    assert seen == {"staging": here, "local": Options(profile="local", elsewhere=True)}


def test_a_plane_that_was_named_by_its_folder_can_be_come_back_to(tmp_path: Path) -> None:
    here = Options(data=tmp_path, operator="maya")
    place = Place(profile=Profile(name="embedded", embedded=True, data=tmp_path), secret="x", data=tmp_path)
    seen = asked(here, place)
    others = {name: Options(profile=name, elsewhere=True) for name in ("local", "staging")}
    assert seen == {"embedded": here} | others


@pytest.mark.parametrize(
    ("sign_in", "elsewhere", "found"),
    [
        (SignIn(), False, "lho_of_this_session"),
        (SignIn(source="environment"), True, "lho_of_this_session"),
        (SignIn(source="file", file=Path("token")), True, "lho_of_the_other_plane"),
    ],
    ids=["here", "the profile says so", "elsewhere"],
)
def test_the_token_of_this_session_goes_to_no_other_plane(
    sign_in: SignIn, elsewhere: bool, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEASEHOLD_TOKEN", "lho_of_this_session")
    monkeypatch.chdir(tmp_path)
    write_private(tmp_path / "token", "lho_of_the_other_plane")
    place = Place(profile=signed_in_by(sign_in), secret="token:staging")
    assert token_source(Options(profile="staging", elsewhere=elsewhere), place)() == found


def signed_in_by(sign_in: SignIn) -> Profile:
    """The plane elsewhere, with another sign-in."""
    return Profile(name="staging", authorization_url="https://a.test", broker_url="https://b.test", sign_in=sign_in)


def test_the_words_say_environment_start_and_place() -> None:
    made = choices(SETTINGS, Options(), Place(profile=SETTINGS.profile[0], secret="x"), lambda options, name: NotImplemented)
    assert {one.name: one.words for one in made} == {
        "local": "development  SAFE  embedded",
        "staging": "staging  READ-ONLY  https://a.test",
    }


def test_what_cannot_be_used_is_told_as_a_problem() -> None:
    def make(options: Options, name: str) -> ConsoleOptions:
        raise usage("There is no profile x.", "Known here: y.")

    choice = choices(SETTINGS, Options(), Place(profile=STAGING, secret="x"), make)[0]
    with pytest.raises(ProblemError, match="no profile x") as caught:
        choice.make()
    assert caught.value.next_step == "Known here: y."
