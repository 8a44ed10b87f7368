"""server.toml and console.toml: the samples load and name every key; what is wrong is told with file, key and suggestion."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from console.settings.console import ConsoleSettings, SignIn, protected_url, token_name, token_reader
from console.settings.errors import SettingsError
from console.settings.folders import Folders
from console.settings.load import keys, load
from console.settings.reading import read_file
from console.settings.secrets import CommandSecret, CredentialFile, EnvironmentSecret, KeyringSecrets
from console.settings.server import ServerSettings, split_listen

SAMPLES = Path(__file__).parents[2] / "sample_config"
CRM = '[[resource_server]]\nname = "crm"\nspiffe_id = "spiffe://leasehold.local/crm"\n'
REMOTE = '[[profile]]\nname = "p"\nauthorization_url = "https://a.test"\nbroker_url = "https://b.test"\n'


def read(tmp_path: Path, text: str, shape: type[ServerSettings | ConsoleSettings] = ServerSettings) -> object:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return load(path, ServerSettings) if shape is ServerSettings else read_file(path, ConsoleSettings)


def keys_of_shape(shape: Any, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every key of a dataclass and of those in it, each as the path to it."""
    if not is_dataclass(shape):
        for inner in get_args(shape):
            yield from keys_of_shape(inner, prefix)
        return
    for one in fields(shape):
        yield (*prefix, one.name)
        yield from keys_of_shape(one.type, (*prefix, one.name))


@pytest.mark.parametrize(
    ("name", "known"),
    [("server.toml", [*keys(ServerSettings)]), ("console.toml", [*keys_of_shape(ConsoleSettings)])],
    ids=["server", "console"],
)
def test_the_sample_loads_and_names_every_key_with_a_comment(name: str, known: list[tuple[str, ...]]) -> None:
    assert len(known) > 20
    lines = (SAMPLES / name).read_text().splitlines()
    for key in known:
        written = [n for n, line in enumerate(lines) if re.match(rf"(# )?({key[-1]} = |\[\[?(\w+\.)*{key[-1]}\])", line)]
        assert written, f"{name} does not show {'.'.join(key)}"
        documented = any(lines[n].startswith("# ") or (n and lines[n - 1].startswith("#")) for n in written)
        assert documented, f"{name} does not explain {'.'.join(key)}"


def test_the_samples_show_the_defaults() -> None:
    """Uncommented values outside the lists are the defaults, as the samples say."""
    server = load(SAMPLES / "server.toml", ServerSettings)
    assert server.model_copy(update={"resource_server": (), "enforcement_point": ()}) == ServerSettings()
    console = read_file(SAMPLES / "console.toml", ConsoleSettings)
    assert console.profile[0] == ConsoleSettings().profile[0]
    assert replace(console, profile=ConsoleSettings().profile) == ConsoleSettings()


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "") == ServerSettings()
    assert read(tmp_path, "", ConsoleSettings) == ConsoleSettings()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("listne = 1", r"unknown key listne; did you mean listen\?"),
        ("[limits]\nbody_size = 1", r"unknown key limits.body_size; did you mean"),
        (CRM + "cache_second = 1", r"unknown key resource_server\[1\].cache_second; did you mean cache_seconds\?"),
        ("zzz = 1", "unknown key zzz; known here: .*listen"),
        ("[[resource_server]]\nname = 'crm'", r"resource_server\[1\].spiffe_id is missing"),
        ("[limits]\nbody_bytes = 'big'", "limits.body_bytes: Input should be a valid integer"),
        ("[limits]\nbody_bytes = 1", "limits.body_bytes: .*greater than or equal to 4096"),
        ("listen = '0.0.0.0:80'", "loopback only"),
        ("listen = '127.0.0.1'", "HOST:PORT"),
        ("listen = '127.0.0.1:99999'", "65535"),
        ("listen = 'example.com:80'", "listen: "),
        ("[keys]\nsource = 'file'", "a folder belongs to"),
        ("[keys]\nfolder = '/x'", "a folder belongs to"),
        ("[[trust_domain]]\nname = 'a.test'", "either a bundle_file or development"),
        ("[[trust_domain]]\nname = 'a.test'\ndevelopment = true\nbundle_file = 'b'", "either a bundle_file or development"),
        ("[[trust_domain]]\nname = 'a.test'\nbundle_file = 'b'\n" * 2, "trust_domain a.test stands here twice"),
        ("[[trust_domain]]\nname = 'a'\ndevelopment = true\n[[trust_domain]]\nname = 'b'\ndevelopment = true", "only one"),
        ("trust_domain = []", "trust_domain: "),
        (CRM + CRM, "resource_server name crm stands here twice"),
        (CRM + "check = 'offline'\ncache_seconds = 5", "cache_seconds belongs to"),
        ("[[enforcement_point]]\nspiffe_id = 'spiffe://else.test/x'", "belongs to no trust_domain"),
        ("a = \nb = 1", "is not TOML: .*line 1"),
        ("#" * 1_100_000, "larger than 1 MiB"),
    ],
)
def test_what_is_wrong_in_server_toml_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        read(tmp_path, text)
    assert "settings.toml" in caught.value.detail
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("theem = 'x'", r"unknown key theem; did you mean theme\?"),
        ("[notifications]\nbel = true", r"unknown key notifications.bel; did you mean bell\?"),
        ("default_profile = 'x'", "none of the profiles: local"),
        (REMOTE * 2 + "", "the profile p stands here twice"),
        (REMOTE + "embedded = true", "an embedded plane has no addresses"),
        (REMOTE + "data = '/x'", "data belongs to an embedded plane"),
        ("[[profile]]\nname = 'p'", "name both authorization_url and broker_url"),
        (REMOTE.replace("https://a", "http://a"), "in the clear"),
        (REMOTE + "[profile.sign_in]\nsource = 'command'", "command belongs to"),
        (REMOTE + "[profile.sign_in]\nfile = '/x'", "file belongs to"),
        (REMOTE + "[profile.sign_in]\ntoken = 'x'", r"unknown key profile\[1\].sign_in.token"),
        ("[keymap]\ncontain = 'two keys'", "keymap.contain: String should match"),
        ("[keymap]\n'Two Words' = 'k'", "keymap.Two Words: String should match"),
        ("keymap = 'k'", "keymap: Input should be a table"),
        ("profile = []", r"profile: at most 64 entries, and at least 1\."),
        ("profile = 'p'", "profile: Input should be a list"),
        ("profile = ['p']", r"profile\[1\]: Input should be a table"),
        ("clipboard = ['a', 1]", r"clipboard\[2\]: Input should be a valid string"),
        (f"clipboard = {['x'] * 17}", "clipboard: at most 16 entries"),
        ("theme = 1", "theme: Input should be a valid string"),
        ("theme = 'a\\n'", "theme: String should match"),
        ("glyphs = 'x'", "glyphs: Input should be 'unicode' or 'ascii'"),
        ("[notifications]\nbell = 1", "notifications.bell: Input should be a valid boolean"),
        ("[notifications]\nbell = 1\ntitel = true", r"bell: .*boolean\. unknown key notifications.titel; did you mean title\?"),
        ("[[profile]]\nembedded = true", r"the key profile\[1\].name is missing"),
        (REMOTE + "read_only = 'no'", r"profile\[1\].read_only: Input should be a valid boolean"),
        ("[[profile]]\nname = 'p'\nembedded = true\ndata = 1", r"profile\[1\].data: Input should be a valid"),
    ],
)
def test_what_is_wrong_in_console_toml_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        read(tmp_path, text, ConsoleSettings)
    assert "settings.toml" in caught.value.detail
    assert caught.value.next_step


def test_an_address_has_a_bound(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"profile\[1\].broker_url: at most 2048 characters") as caught:
        read(tmp_path, REMOTE.replace("b.test", "b.test/" + "x" * 2048), ConsoleSettings)
    assert "xxx" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "absent.toml", ServerSettings)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_file(tmp_path / "absent.toml", ConsoleSettings)


def test_a_wrong_value_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "plane = 'A SECRET'")
    assert "SECRET" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "theme = 'A SECRET'", ConsoleSettings)
    assert "SECRET" not in str(caught.value)


def test_the_audiences_follow_the_home_domain(tmp_path: Path) -> None:
    settings = load(SAMPLES / "server.toml", ServerSettings)
    assert settings.authorization_audience == "spiffe://leasehold.local/leasehold/authorization"
    assert settings.broker_audience == "spiffe://leasehold.local/leasehold/broker"


def test_listen_reads_both_families() -> None:
    assert split_listen("127.0.0.1:0") == ("127.0.0.1", 0)
    assert split_listen("[::1]:7420") == ("::1", 7420)
    assert ServerSettings(listen="[::1]:7420").listen == "[::1]:7420"


def test_tokens_go_to_protected_addresses_only() -> None:
    for good in ("https://a.test", "https://a.test:8443/x", "http://127.0.0.1:7420", "http://localhost:1", "http://[::1]:1"):
        assert protected_url(good) == good
    for bad in (
        "http://a.test",
        "ftp://a.test",
        "https://",
        "a.test",
        "https://me:x@a.test",
        "https://:x@a.test",
        "https://@a.test",
        "https://a.test:99999",
        "https://pl\u00e4ne.test",
        "https://a.test/\nx",
        "https://[a",
        "https://a.test?x=1",
        "http://127.0.0.1.a.test",
    ):
        with pytest.raises(ValueError, match=r"https"):
            protected_url(bad)


def test_a_profile_says_where_its_token_is_read() -> None:
    assert isinstance(token_reader(SignIn(), {}), KeyringSecrets)
    assert isinstance(token_reader(SignIn(), {"LEASEHOLD_TOKEN": "x"}), EnvironmentSecret)
    assert isinstance(token_reader(SignIn(source="environment"), {}), EnvironmentSecret)
    assert isinstance(token_reader(SignIn(source="command", command=("pass", "x")), {}), CommandSecret)
    assert isinstance(token_reader(SignIn(source="file", file=Path("/x")), {}), CredentialFile)
    assert token_reader(SignIn(source="credential", credential="t"), {"CREDENTIALS_DIRECTORY": "/c"}) == CredentialFile(
        Path("/c/t")
    )
    assert token_name("local") != token_name("local", "maya")


def test_profiles_are_found_by_name() -> None:
    settings = read_file(SAMPLES / "console.toml", ConsoleSettings)
    default, production = settings.find(), settings.find("production")
    assert default is not None
    assert default.embedded
    assert production is not None
    assert production.sign_in.source == "command"
    assert settings.find("absent") is None


def test_a_named_data_folder_holds_the_state_too(tmp_path: Path) -> None:
    folders = Folders.of_this_machine(tmp_path / "data")
    assert (folders.data, folders.state) == (tmp_path / "data", tmp_path / "data" / "state")
    assert folders.console_file.name == "console.toml"
    assert Folders.of_this_machine().data.name == "leasehold"
