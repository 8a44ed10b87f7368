"""The roof: reads the settings and wires a plane out of its parts. Imported by the commands and by nobody else."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import SystemRandom
from typing import Any

from console.model.actors import PLANE, Role
from console.model.audit import AuditVerification
from console.model.exposure import Audience
from console.model.notices import NoticeKind
from console.model.operators import OperatorInput
from console.model.problems import ProblemError
from console.server.api.app import Api
from console.server.api.services import Services
from console.server.api.settings import ApiSettings
from console.server.audit.checkpoint import PeriodicCheckpoints, is_signed
from console.server.audit.live import AuditService, LiveEvidence
from console.server.audit.selfcheck import PeriodicChecks
from console.server.audit.verify import LoggedRecord, verify
from console.server.authorization.approvals import Approvals
from console.server.authorization.bundles import Bundles
from console.server.authorization.decisions import Decisions
from console.server.authorization.drafts import Drafts
from console.server.authorization.grants import Grants
from console.server.authorization.previews import Previews
from console.server.authorization.publications import Publications
from console.server.authorization.registry import Registry
from console.server.authorization.sweep import Sweep
from console.server.authorization.task_tokens import TaskTokens
from console.server.authorization.tasks import Tasks
from console.server.broker.bundled import audience_of, budget_of, limits_of
from console.server.broker.debts import Debts
from console.server.broker.exchange import Exchange
from console.server.broker.followups import attach
from console.server.broker.introspection import Introspection
from console.server.broker.issuers.base import Issuer
from console.server.broker.issuers.tokens import TokenIssuer
from console.server.broker.leases import Leases
from console.server.broker.minting import Minting
from console.server.broker.revocation import Revocations
from console.server.clock import SystemClock
from console.server.containment import Containment
from console.server.holds import Holds
from console.server.identity.callers import Authenticator
from console.server.identity.keys import KeyRing, KeySource
from console.server.identity.operators import Operators
from console.server.identity.payloads import PayloadSigner
from console.server.identity.svid import DevelopmentTrustDomain, TrustBundle, TrustDomains
from console.server.identity.tokens import OwnTokens
from console.server.notices.notices import Notices
from console.server.notices.sending import PAGERDUTY_URL, Webhook
from console.server.notices.signing import key_of
from console.server.ports import Hooks
from console.server.store.offline import OfflineLog
from console.server.store.sqlite import SqliteStore
from console.settings.errors import SettingsError
from console.settings.folders import APPLICATION
from console.settings.secrets import KeyringSecrets, SecretFolder, SecretReader, SecretStore
from console.settings.server import ServerSettings, TrustDomainSettings
from console.settings.webhooks import WebhookSettings, safe_target, secret_of

SIGNING_KEYS = "signing-keys"
AUDIT_KEYS = "audit-keys"
DEVELOPMENT_KEYS = "development-trust-domain"
FOR_EVER_SECONDS = 100 * 365 * 86_400
"""For how long a key of the audit log verifies after it was rotated: a checkpoint must hold as long as its log."""
FIRST_OPERATOR = "first-operator"
FIRST_NAME = "admin"
FIRST_SECONDS = 8 * 3600
CACHED_ANSWERS = 4096

Work = Callable[[], Coroutine[Any, Any, None]]
"""Something that goes on for as long as the plane runs."""


def bundle_files(folder: Path) -> dict[str, str]:
    """The files of a policy bundle by their path within it. Raises OSError, UnicodeDecodeError."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }


def store_folder(settings: ServerSettings, data: Path) -> Path:
    """The folder of the plane's store. A path that is not absolute lies in the data folder."""
    return settings.store.path if settings.store.path.is_absolute() else data / settings.store.path


def secret_store(settings: ServerSettings, data: Path) -> SecretStore:
    """Where the plane keeps its keys: the keyring, or the folder that the configuration names."""
    if settings.keys.source == "file" and settings.keys.folder is not None:
        return SecretFolder(data / settings.keys.folder)
    # Two planes of one person share a keyring and must not share keys.
    return KeyringSecrets(service=f"{APPLICATION}:{data.expanduser().absolute()}")


def ring_of(store: SecretStore, name: str, now: datetime, *, rotate_seconds: int, verify_seconds: int) -> KeyRing:
    """A key ring from the secret store: made at the first start, rotated when its key has signed long enough."""
    text = store.get(name)
    ring = KeyRing.load(text) if text is not None else KeyRing.create(now)
    ring.forget(now)
    if (now - ring.current.created_at).total_seconds() >= rotate_seconds:
        ring.rotate(now, verify_seconds)
    if ring.export() != text:
        store.set(name, ring.export())
    return ring


def trust_bundle(domain: TrustDomainSettings, folder: Path) -> TrustBundle:
    """The SPIFFE bundle of a trust domain. A path that is not absolute lies beside the configuration."""
    if domain.bundle_file is None:
        raise ValueError("a development trust domain has no bundle file")
    return TrustBundle.read(domain.name, (folder / domain.bundle_file).read_text(encoding="utf-8"))


def development_domain(settings: ServerSettings, data: Path, now: datetime) -> DevelopmentTrustDomain | None:
    """The trust domain that the plane mints for itself, if the configuration has one."""
    for domain in settings.trust_domain:
        if domain.development:
            production = [other.name for other in settings.trust_domain if other.bundle_file is not None]
            keys = secret_store(settings, data)
            rotate = settings.keys.rotate_seconds
            ring = ring_of(keys, DEVELOPMENT_KEYS, now, rotate_seconds=rotate, verify_seconds=3600)
            return DevelopmentTrustDomain(domain.name, ring, production)
    return None


@dataclass(kw_only=True)
class Plane:
    """A wired plane: its application, and the work that goes on behind it."""

    api: Api
    services: Services
    store: SqliteStore
    settings: ServerSettings
    background: Mapping[str, Work]
    containment: Containment
    subscribers: Callable[[], int]

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Finish what a crash left, then work in the background for as long as the block runs."""
        await self.containment.resume()
        async with asyncio.TaskGroup() as group:
            work = [group.create_task(run(), name=name) for name, run in self.background.items()]
            try:
                yield
            finally:
                for one in work:
                    one.cancel()


async def build_plane(
    settings: ServerSettings,
    *,
    data: Path,
    beside: Path,
    url: str,
    open_store: Callable[[Path, SystemClock], SqliteStore] = SqliteStore.open,
    cached_answers: int = CACHED_ANSWERS,
) -> Plane:
    """Wire a plane. `beside` is the folder that relative paths of the configuration lie in; `url` where it will listen.

    `cached_answers` is how many answers of policy are kept for questions that are asked again; every one is decided under
    its fence and recorded all the same.

    Raises SettingsError, ProblemError of the store, `policy.BundleRefused`, OSError.
    """
    clock = SystemClock()
    store = open_store(store_folder(settings, data), clock)
    try:
        return await _wire(settings, store, clock, data=data, beside=beside, url=url, cached_answers=cached_answers)
    except BaseException:
        await store.close()
        raise


async def _wire(
    settings: ServerSettings,
    store: SqliteStore,
    clock: SystemClock,
    *,
    data: Path,
    beside: Path,
    url: str,
    cached_answers: int,
) -> Plane:
    authorization_url = settings.authorization_url or url
    broker_url = settings.broker_url or url
    keys = secret_store(settings, data)
    ring = ring_of(keys, SIGNING_KEYS, clock.now(), rotate_seconds=settings.keys.rotate_seconds, verify_seconds=2 * 86_400)
    audit_ring = ring_of(
        keys, AUDIT_KEYS, clock.now(), rotate_seconds=settings.keys.rotate_seconds, verify_seconds=FOR_EVER_SECONDS
    )
    own, payloads = OwnTokens(ring), PayloadSigner(audit_ring)
    servers = [Audience(**server.model_dump()) for server in settings.resource_server]
    audiences = {server.name: server for server in servers}
    hooks, holds, random = Hooks(), Holds(), SystemRandom()

    bundles = Bundles(store, clock, cached_answers=cached_answers)
    await bundles.start(bundle_files(beside / settings.bundle) if settings.bundle else None)
    registry = Registry(store, clock)
    drafts = Drafts(store, clock, bundles, registry, audiences, settings.home_domain, holds)
    decisions = Decisions(store, clock, bundles, drafts, hooks)
    task_tokens = TaskTokens(own.sign, own.verify, authorization_url, settings.authorization_audience)
    tasks = Tasks(store, clock, bundles, task_tokens, hooks)
    grants = Grants(store, clock, bundles, hooks, single_operator=settings.single_operator)
    publications = Publications(store, clock, bundles, single_operator=settings.single_operator)
    approvals = Approvals(store, clock, bundles, drafts, grants, publications, single_operator=settings.single_operator)

    attach(hooks, budget_of(bundles))
    minting = Minting()
    debts = Debts(store, holds)
    issuers: dict[str, Issuer] = {"tokens": TokenIssuer(own.sign, broker_url)}
    leases = Leases(
        store,
        clock,
        decisions,
        issuers,
        audience_of(bundles, audiences),
        limits_of(bundles),
        holds,
        minting=minting,
        debts=debts,
    )
    revocations = Revocations(store, clock, issuers, minting=minting, debts=debts, random=random)
    introspection = Introspection(store, clock, holds, own.verify, audiences)
    containment = Containment(store, clock, hooks, holds, single_operator=settings.single_operator)

    operators = Operators(store)
    await first_operator(operators, keys, clock.now())
    authenticator = Authenticator(
        store,
        operators,
        _trust(settings, data, beside, clock.now()),
        resource_servers=servers,
        enforcement_points=[point.spiffe_id for point in settings.enforcement_point],
    )
    evidence = LiveEvidence(store, clock)
    webhooks = [webhook_of(one, keys) for one in settings.webhook]
    notices = Notices(store, clock, webhooks, plane=settings.plane, environment=settings.environment)
    services = Services(
        store=store,
        clock=clock,
        audiences={"authorization": settings.authorization_audience, "broker": settings.broker_audience},
        authenticator=authenticator,
        operators=operators,
        registry=registry,
        tasks=tasks,
        task_tokens=task_tokens,
        decisions=decisions,
        approvals=approvals,
        grants=grants,
        previews=Previews(store, clock, bundles, drafts, approvals, grants),
        bundles=bundles,
        publications=publications,
        leases=leases,
        introspection=introspection,
        exchange=Exchange(leases, clock, task_tokens.read, audience_of(bundles, audiences)),
        revocations=revocations,
        issuers=issuers,
        containment=containment,
        audit=AuditService(store, payloads),
        evidence=evidence,
        notices=notices,
        jwks=lambda: {"keys": [*ring.jwks()["keys"], *audit_ring.jwks(use="audit")["keys"]]},
        ready=lambda: "" if bundles.active is not None else "no policy bundle is active",
    )
    api = Api(services, _api_settings(settings, authorization_url, broker_url))
    background: dict[str, Work] = {
        "sweep": Sweep(tasks, approvals, grants).run,
        "revocations": revocations.run,
        "containment": containment.run,
        "evidence": evidence.run,
        "notices": notices.run,
        "checkpoints": PeriodicCheckpoints(store, payloads, every_seconds=settings.checkpoint_seconds).run,
        "checks": PeriodicChecks(store, log_check(store_folder(settings, data), payloads)).run,
    }
    return Plane(
        api=api,
        services=services,
        store=store,
        settings=settings,
        background=background,
        containment=containment,
        subscribers=lambda: api.pipeline.feed.streams,
    )


async def first_operator(operators: Operators, keys: SecretStore, now: datetime) -> None:
    """At the very first start, enrol an admin whose token is kept where the plane's keys are, for `leasehold login`.

    When that token has ended by a later start, a new one takes its place: whoever holds the plane's keys is never locked out.
    """
    enrolled = {operator.id: operator for operator in operators.list()}
    if not enrolled and not operators.list(removed=True, limit=1):
        asked = OperatorInput(name=FIRST_NAME, roles=(Role.ADMIN,), token_seconds=FIRST_SECONDS)
        keys.set(FIRST_OPERATOR, (await operators.enrol_first(asked, PLANE)).token)
        return
    first = enrolled.get(FIRST_NAME)
    if first is not None and first.token_expires_at <= now and keys.get(FIRST_OPERATOR) is not None:
        keys.set(FIRST_OPERATOR, (await operators.renew(FIRST_NAME, FIRST_SECONDS, PLANE)).token)


def webhook_of(settings: WebhookSettings, keys: SecretReader) -> Webhook:
    """A webhook with its secrets, as they are when the plane starts. Raises SettingsError, never quoting one."""
    secrets = {
        what: secret_of(where, f"webhook.{settings.name}.{what}", keys, os.environ)
        for what, where in (("url", settings.url_from), ("secret", settings.secret))
        if where is not None
    }
    url, secret = secrets.get("url") or settings.url or PAGERDUTY_URL, secrets.get("secret", "")
    try:
        safe_target(url)
        if secret and settings.shape != "pagerduty":
            key_of(secret)
    except ValueError as error:
        raise SettingsError(f"The webhook {settings.name} cannot be used: {error}.", "Correct what it is given.") from None
    return Webhook(
        name=settings.name,
        url=url,
        shape=settings.shape,
        secret=secret,
        events=frozenset(NoticeKind(one) for one in settings.events),
        timeout_seconds=settings.timeout_seconds,
        tries=settings.tries,
        deadline_seconds=settings.deadline_seconds,
    )


def log_check(folder: Path, payloads: PayloadSigner) -> Callable[[], AuditVerification]:
    """How the plane verifies the log in a store's folder, from the files and not from memory. May run in any thread."""

    def read() -> AuditVerification:
        try:
            with OfflineLog(folder) as log:
                records = (LoggedRecord(*record) for record in log.records())
                return verify(
                    records, log.checkpoints(), check_signature=lambda one: is_signed(one, payloads.verify), tree=log.tree
                )
        except sqlite3.Error as error:
            raise ProblemError("store_unavailable", f"The log cannot be read: {error}.") from error

    return read


def _trust(settings: ServerSettings, data: Path, beside: Path, now: datetime) -> TrustDomains:
    domains: dict[str, KeySource] = {
        domain.name: trust_bundle(domain, beside) for domain in settings.trust_domain if domain.bundle_file is not None
    }
    development = development_domain(settings, data, now)
    if development is not None:
        domains[development.name] = development
    return TrustDomains(domains, settings.leeway_seconds)


def _api_settings(settings: ServerSettings, authorization_url: str, broker_url: str) -> ApiSettings:
    return ApiSettings(
        authorization_url=authorization_url,
        broker_url=broker_url,
        environment=settings.environment,
        plane=settings.plane,
        max_body_bytes=settings.limits.body_bytes,
        max_header_bytes=settings.limits.header_bytes,
        max_depth=settings.limits.json_depth,
        max_page=settings.limits.page_size,
        max_streams=settings.limits.subscribers,
        stream_events=settings.limits.subscriber_queue,
    )
