"""`leasehold doctor`: what is wrong here, and what to do about each finding."""

import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import click

from console.cli.failures import Failure, Status, failure_of
from console.cli.session import Place, Session, connected, console_settings, place_of, resolve
from console.cli.tables import Column
from console.cli.text import span
from console.client import LeaseholdClient
from console.client.errors import ClientError, NotAllowed
from console.model.audit import AuditVerification
from console.model.notices import WebhookStatus
from console.model.operators import Whoami
from console.settings.console import ConsoleSettings
from console.settings.errors import SettingsError
from console.settings.secrets import TOKEN_VARIABLE, KeyringSecrets

MOST_CLOCK_SECONDS = 5.0
SOON_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `fix` says what to do where it is not well."""

    check: str
    state: Literal["ok", "warning", "error", "not checked"]
    text: str
    fix: str = ""


_COLUMNS = (
    Column[Finding]("CHECK", lambda row: row.check),
    Column[Finding]("STATE", lambda row: row.state),
    Column[Finding]("FOUND", lambda row: row.text),
)


@click.command()
@connected
async def doctor(session: Session) -> Status | None:
    """Check configuration, keyring, connection, clock, policy and the audit log. Exit status 1 when one of them fails."""
    findings = [finding async for finding in _look(session)]
    failed = any(finding.state == "error" for finding in findings)
    if session.out.as_json:
        shown = [{"check": one.check, "state": one.state, "text": one.text, "fix": one.fix} for one in findings]
        session.out.document({"ok": not failed, "findings": shown})
    else:
        session.out.table(_COLUMNS, findings, nothing="Nothing was looked at.")
        for finding in findings:
            if finding.fix:
                session.out.say(f"{finding.check}: {finding.fix}")
    return Status.FAILED if failed else None


async def _look(session: Session) -> AsyncIterator[Finding]:
    try:
        settings, place = console_settings(), place_of(session.options)
    except (SettingsError, Failure) as error:
        yield _bad("configuration", error)
        return
    yield Finding("configuration", "ok", f"{len(settings.profile)} profiles; looking at {place.profile.name}")
    yield _keymap(settings)
    yield _keyring(session, place)
    try:
        target = resolve(session.options)
    except (SettingsError, Failure) as error:
        yield _bad("connection", error)
        return
    async with LeaseholdClient(target.authorization_url, target.broker_url, target.token) as client:
        try:
            ready = await client.is_ready()
        except ClientError as error:
            yield _bad("connection", error)
            return
        where = target.authorization_url
        if ready:
            yield Finding("connection", "ok", f"{where} answers and decides")
        else:
            fix = "See its log: it needs a policy bundle, or room on its disk."
            yield Finding("connection", "error", f"{where} answers but does not decide", fix)
        try:
            asked_at = datetime.now(UTC)
            who = await client.show_whoami()
        except (ClientError, SettingsError, Failure) as error:
            yield _bad("sign-in", error)
            return
        yield _sign_in(who)
        yield _clock(who, asked_at, datetime.now(UTC))
        yield await _guarded("policy", lambda: _policy(client))
        yield await _guarded("issuers", lambda: _issuers(client))
        yield await _guarded("audit log", lambda: _audit(client, place))
        yield await _guarded("notices", lambda: _notices(client))


def _keymap(settings: ConsoleSettings) -> Finding:
    from console.tui.ui.keymap import keymap_of  # noqa: PLC0415 (only what looks at keys loads their registry)

    keymap = keymap_of(settings.keymap)
    if keymap.faults:
        fix = "Correct [keymap] in console.toml; until then those keys stay what they were."
        return Finding("keymap", "warning", "; ".join(one.removeprefix("keymap: ") for one in keymap.faults), fix)
    return Finding("keymap", "ok", f"{len(keymap.overrides)} keys of your own")


def _keyring(session: Session, place: Place) -> Finding:
    options, source = session.options, place.profile.sign_in.source
    if options.token_file is not None or os.environ.get(TOKEN_VARIABLE) or source != "keyring":
        return Finding("keyring", "not checked", "the token does not come from the keyring here")
    try:
        held = KeyringSecrets().get(place.secret) is not None
    except SettingsError as error:
        return _bad("keyring", error)
    fix = "" if held else "Sign in: leasehold login."
    return Finding("keyring", "ok" if held else "warning", "holds a token" if held else "holds no token for this plane", fix)


def _sign_in(who: Whoami) -> Finding:
    roles = ", ".join(role.value for role in who.roles)
    if who.expires_at is not None and (seconds := (who.expires_at - who.now).total_seconds()) < SOON_SECONDS:
        text = f"{who.name} ({roles}), for {span(seconds)} more"
        return Finding("sign-in", "warning", text, "Sign in again soon; an admin renews it: leasehold operators renew.")
    return Finding("sign-in", "ok", f"{who.name} ({roles})")


def _clock(who: Whoami, asked_at: datetime, answered_at: datetime) -> Finding:
    middle = asked_at + (answered_at - asked_at) / 2
    off = (who.now - middle).total_seconds()
    if abs(off) > MOST_CLOCK_SECONDS:
        return Finding("clock", "error", f"{off:+.1f} s from the plane's", "Set this machine's clock (NTP).")
    return Finding("clock", "ok", f"{off:+.1f} s from the plane's")


async def _policy(client: LeaseholdClient) -> Finding:
    view = await client.show_current_bundle()
    bundle = view.bundle
    errors = sum(finding.severity == "error" for finding in bundle.findings)
    text = f"revision {bundle.revision}, {bundle.policies} policies, {view.tests_passed} of {view.tests_total} tests pass"
    if errors or view.tests_passed < view.tests_total:
        return Finding("policy", "error", f"{text}, {errors} errors", "See leasehold policy show.")
    if bundle.findings:
        return Finding("policy", "warning", f"{text}, {len(bundle.findings)} findings", "See leasehold policy show.")
    return Finding("policy", "ok", text)


async def _issuers(client: LeaseholdClient) -> Finding:
    found = (await client.list_issuers()).items
    ill = [issuer.name for issuer in found if not issuer.healthy]
    stuck = sum(issuer.irrevocable for issuer in found)
    if ill or stuck:
        text = f"failing: {', '.join(ill) or 'none'}; stuck revocations: {stuck}"
        return Finding(
            "issuers", "error", text, "See leasehold issuers list and leasehold leases list --filter state:irrevocable."
        )
    return Finding("issuers", "ok", f"{len(found)} healthy, nothing stuck")


def of_webhooks(found: Sequence[WebhookStatus]) -> Finding:
    """Whether word goes out: an error while a webhook fails, a warning when its last notice was given up."""
    if not found:
        fix = "Name a webhook in server.toml ([[webhook]]): then word goes out when nobody is looking."
        return Finding("notices", "not checked", "no webhook is configured; who is not looking hears nothing", fix)
    failing = [f"{one.name} (tried {one.attempts} times: {one.last_error})" for one in found if one.failing_since is not None]
    lost = [f"{one.name} {one.given_up}" for one in found if one.last_error and one.failing_since is None]
    if failing or lost:
        text = f"failing: {', '.join(failing) or 'none'}; given up: {', '.join(lost) or 'none'}"
        fix = "See leasehold notices list, then leasehold notices test NAME."
        return Finding("notices", "error" if failing else "warning", text, fix)
    return Finding("notices", "ok", f"{len(found)} webhooks, {sum(one.delivered for one in found)} delivered")


async def _notices(client: LeaseholdClient) -> Finding:
    return of_webhooks((await client.list_webhooks()).items)


async def _audit(client: LeaseholdClient, place: Place) -> Finding:
    # Verification brings the server's half with it; no other command pays for that.
    from console.cli.verifying import verify_offline, verify_online  # noqa: PLC0415

    result: AuditVerification | None = None
    if place.data is not None:
        # Without the plane's keys the files cannot be verified; what the API tells can.
        with contextlib.suppress(SettingsError, Failure):
            result = verify_offline(place.data, None, None)
    if result is None:
        result = await verify_online(client, None)
    if not result.ok:
        return Finding("audit log", "error", result.faults[0].text, "Run leasehold audit verify, and keep the data as it is.")
    return Finding("audit log", "ok", f"whole: {result.size} records, {result.checkpoints} checkpoints")


async def _guarded(check: str, look: Callable[[], Awaitable[Finding]]) -> Finding:
    try:
        return await look()
    except NotAllowed as error:
        return Finding(check, "not checked", str(error))
    except ClientError as error:
        return _bad(check, error)


def _bad(check: str, error: Exception) -> Finding:
    failure = failure_of(error)
    if failure is None:
        return Finding(check, "error", str(error))
    return Finding(check, "error", failure.detail, failure.next_step)
