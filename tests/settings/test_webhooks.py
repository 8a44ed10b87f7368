"""The settings of webhooks: where they may lie, what each shape needs, and where their secrets are read."""

from pathlib import Path

import pytest

from console.bootstrap import webhook_of
from console.model.notices import NoticeKind
from console.server.notices.sending import PAGERDUTY_URL
from console.settings.errors import SettingsError
from console.settings.load import load
from console.settings.secrets import SecretFolder
from console.settings.server import ServerSettings
from console.settings.webhooks import ALL_EVENTS, SecretFrom, WebhookSettings, safe_target, secret_of

SECRET = "whsec_bm90IGEgc2VjcmV0IG9mIGFueWJvZHkgYXQgYWxs"
HOOK = "[[webhook]]\nname = 'on-call'\n"
SIGNED = "[webhook.secret]\nsource = 'environment'\nvariable = 'THE_SECRET'\n"


def read(tmp_path: Path, text: str) -> ServerSettings:
    path = tmp_path / "server.toml"
    path.write_text(text)
    return load(path, ServerSettings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HOOK + "url = 'https://a.test/x'", "needs a secret: the key that its messages are signed with"),
        (HOOK + "shape = 'pagerduty'", "needs a secret: the routing key"),
        (HOOK + SIGNED, "needs a url"),
        (HOOK + "url = 'https://a.test'\nshape = 'slack'\n[webhook.url_from]\nsource = 'keyring'", "not both"),
        (HOOK + "url = 'http://a.test/'\n" + SIGNED, "in the clear"),
        (HOOK + "url = 'https://user:pw@a.test/'\n" + SIGNED, "without a user"),
        (HOOK + "url = 'file:///etc/passwd'\n" + SIGNED, "https://host/path"),
        (HOOK + "url = 'https://a.test'\nevents = ['lease.born']\n" + SIGNED, r"events\[1\]: Input should be"),
        (HOOK + "url = 'https://a.test'\nevents = []\n" + SIGNED, "at least 1"),
        (HOOK + "url = 'https://a.test'\ntries = 0\n" + SIGNED, "tries"),
        (HOOK + "url = 'https://a.test'\n[webhook.secret]\nsource = 'environment'", "variable belongs to"),
        (HOOK + "url = 'https://a.test'\n[webhook.secret]\nfile = '/x'", "file belongs to"),
        ((HOOK + "url = 'https://a.test'\n" + SIGNED) * 2, "webhook on-call stands here twice"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        read(tmp_path, text)


def test_the_kinds_of_the_settings_are_those_of_the_plane() -> None:
    assert set(ALL_EVENTS) == {kind.value for kind in NoticeKind}


@pytest.mark.parametrize("url", ["https://a.test/x?y=1", "http://127.0.0.1:9/x", "http://[::1]/x", "http://localhost/x"])
def test_where_a_webhook_may_lie(url: str) -> None:
    assert safe_target(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https://a.test/#x",
        "https://a.test:99999/",
        "https://a test/",
        "gopher://a.test",
        "http://10.0.0.1/SECRET",
        "https://:SECRET@a.test/",
        "https://@a.test/",
    ],
)
def test_where_it_may_not_lie_and_the_address_is_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"write it as|in the clear") as caught:
        safe_target(url)
    assert "SECRET" not in str(caught.value)


def test_secrets_are_read_where_they_are_kept(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    kept = SecretFolder(tmp_path)
    kept.set("webhook.a.secret", "from the keys")
    file = tmp_path / "credential"
    file.write_text("from a file\n")
    file.chmod(0o600)
    variables = {"THE_SECRET": "from a variable", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    found = [
        secret_of(where, "webhook.a.secret", kept, variables)
        for where in (
            SecretFrom(),
            SecretFrom(source="environment", variable="THE_SECRET"),
            SecretFrom(source="command", command=("echo", "from a command")),
            SecretFrom(source="file", file=file),
            SecretFrom(source="credential", credential="credential"),
        )
    ]
    assert found == ["from the keys", "from a variable", "from a command", "from a file", "from a file"]
    with pytest.raises(SettingsError, match=r"no secret webhook\.b\.secret"):
        secret_of(SecretFrom(), "webhook.b.secret", kept, {})


def test_the_roof_makes_a_webhook_of_its_settings(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    kept = SecretFolder(tmp_path)
    kept.set("webhook.pager.secret", "ROUTING")
    kept.set("webhook.chat.url", "https://hooks.slack.test/T0/B0/X")
    pager = webhook_of(WebhookSettings(name="pager", shape="pagerduty", secret=SecretFrom()), kept)
    assert (pager.url, pager.secret, pager.events) == (PAGERDUTY_URL, "ROUTING", frozenset(NoticeKind))
    chat = webhook_of(WebhookSettings(name="chat", shape="slack", url_from=SecretFrom(), events=("lease.stuck",)), kept)
    assert (chat.url, chat.host, chat.secret) == ("https://hooks.slack.test/T0/B0/X", "hooks.slack.test", "")
    assert chat.events == {NoticeKind.LEASE_STUCK}


@pytest.mark.parametrize(("url", "secret"), [("http://10.0.0.1/PRIVATE", SECRET), ("https://a.test", "PRIVATE")])
def test_a_secret_that_cannot_be_used_is_said_without_being_quoted(tmp_path: Path, url: str, secret: str) -> None:
    tmp_path.chmod(0o700)
    kept = SecretFolder(tmp_path)
    kept.set("webhook.a.url", url)
    kept.set("webhook.a.secret", secret)
    with pytest.raises(SettingsError, match="webhook a cannot be used") as caught:
        webhook_of(WebhookSettings(name="a", url_from=SecretFrom(), secret=SecretFrom()), kept)
    assert "PRIVATE" not in str(caught.value)
