"""`leasehold login`, `logout` and `whoami`: an operator's token, into the keyring and out of it."""

import os
import sys

import click

from console.cli.failures import not_signed_in, usage
from console.cli.session import Place, Session, connected, place_of, resolve
from console.cli.text import joined, left, moment
from console.client import LeaseholdClient
from console.model.operators import Whoami
from console.settings.secrets import TOKEN_VARIABLE, CredentialFile, KeyringSecrets

MAX_TOKEN = 8192


@click.command()
@click.option("--token-stdin", is_flag=True, help="Read the token from standard input.")
@connected
async def login(session: Session, *, token_stdin: bool) -> None:
    """Sign in as an operator of a plane and keep the token in the keyring.

    The token is the one that `operators add` showed. On the machine of an embedded plane, without any token: as its first
    operator. Signing in through an identity provider (OIDC) is not there yet.
    """
    place = place_of(session.options)
    token = _given(session, token_stdin=token_stdin) or _first_operator(place) or _asked()
    target = resolve(session.options)
    async with LeaseholdClient(target.authorization_url, target.broker_url, lambda: token) as client:
        who = await client.show_whoami()
    KeyringSecrets().set(place.secret, token)
    _tell(session, who, "You are signed in.")


@click.command()
@connected
def logout(session: Session) -> None:
    """Forget the token that is kept in the keyring. The plane is not asked: to end the token itself, remove the operator."""
    place = place_of(session.options)
    keyring = KeyringSecrets()
    known = keyring.get(place.secret) is not None
    keyring.delete(place.secret)
    if session.out.as_json:
        session.out.document({"signed_out": known})
    else:
        session.out.say("You are signed out." if known else "You were not signed in here.")
    if os.environ.get(TOKEN_VARIABLE):
        session.out.note(f"{TOKEN_VARIABLE} is still set in this session.")


@click.command()
@connected
async def whoami(session: Session) -> None:
    """Who you are, as the plane sees it."""
    async with session.client() as client:
        _tell(session, await client.show_whoami(), "")


def _tell(session: Session, who: Whoami, sentence: str) -> None:
    if session.out.as_json:
        session.out.document(who)
        return
    if sentence:
        session.out.say(sentence)
    session.out.pairs(
        [
            ("name", who.name),
            ("kind", who.kind),
            ("roles", joined(tuple(role.value for role in who.roles))),
            ("groups", joined(who.groups)),
            ("until", f"{moment(who.expires_at)} ({left(who.expires_at, who.now) or 'past'})" if who.expires_at else ""),
            ("plane", f"{who.plane} ({who.environment})"),
        ]
    )


def _given(session: Session, *, token_stdin: bool) -> str | None:
    if token_stdin and session.options.token_file is not None:
        raise usage("--token-stdin and --token-file are two tokens.", "Give one of them.")
    if session.options.token_file is not None:
        return CredentialFile(session.options.token_file).get("")
    if not token_stdin:
        return None
    text = sys.stdin.read(MAX_TOKEN + 1).strip()
    if not text or len(text) > MAX_TOKEN:
        raise usage("There is no token on standard input.", "Print the token into it, and nothing else.")
    return text


def _first_operator(place: Place) -> str | None:
    """The token of an embedded plane's first operator, out of where that plane keeps its keys."""
    if place.data is None:
        return None
    # The wiring is imported here alone: signing in anywhere else needs none of it.
    from console.bootstrap import FIRST_OPERATOR, secret_store  # noqa: PLC0415
    from console.cli.planes import server_settings  # noqa: PLC0415

    settings, _ = server_settings(None, place.data)
    return secret_store(settings, place.data).get(FIRST_OPERATOR)


def _asked() -> str:
    if not sys.stdin.isatty():
        raise not_signed_in("There is no token to sign in with.", "Give it with --token-stdin or --token-file.")
    return str(click.prompt("Token", hide_input=True, err=True)).strip()
