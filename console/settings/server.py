"""The settings of a plane: server.toml as a model, every key with its default and its bound.

Read by the roof, which hands the values down in shapes of the server's own. Spans are seconds, sizes are bytes.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from console.settings.load import Settings
from console.settings.webhooks import WebhookSettings

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
AudienceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._/@:-]{0,126}[a-z0-9]$|^[a-z0-9]$")]
TrustDomainName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{1,255}$")]
WorkloadId = Annotated[
    str, StringConstraints(pattern=r"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]{1,255})+$", max_length=2048)
]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$", max_length=2048)]


class StoreSettings(Settings):
    """Where the plane keeps its state. A path that is not absolute lies in the data folder."""

    path: Path = Path("store")
    reserve_bytes: int = Field(default=8_388_608, ge=1_048_576, le=1_073_741_824)


class KeySettings(Settings):
    """Where signing keys are kept, and how long one signs before it is rotated."""

    source: Literal["keyring", "file"] = "keyring"
    folder: Path | None = None
    rotate_seconds: int = Field(default=30 * 86_400, ge=3600, le=365 * 86_400)

    @model_validator(mode="after")
    def folder_where_needed(self) -> "KeySettings":
        if (self.source == "file") != (self.folder is not None):
            raise ValueError('a folder belongs to source = "file", and only to it')
        return self


class TrustDomainSettings(Settings):
    """A trust domain: either its SPIFFE bundle in a file, or the development domain that this plane mints for itself."""

    name: TrustDomainName
    bundle_file: Path | None = None
    development: bool = False

    @model_validator(mode="after")
    def one_of_both(self) -> "TrustDomainSettings":
        if self.development == (self.bundle_file is not None):
            raise ValueError("a trust domain has either a bundle_file or development = true")
        return self


class ResourceServerSettings(Settings):
    """A resource server: its audience, its identity, and how it checks tokens."""

    name: AudienceName
    spiffe_id: WorkloadId
    check: Literal["introspect", "offline"] = "introspect"
    cache_seconds: int = Field(default=0, ge=0, le=3600)
    skew_seconds: int = Field(default=0, ge=0, le=300)

    @model_validator(mode="after")
    def spans_that_apply(self) -> "ResourceServerSettings":
        if self.check == "offline" and self.cache_seconds:
            raise ValueError('cache_seconds belongs to check = "introspect"; an offline audience has skew_seconds')
        return self


class EnforcementPointSettings(Settings):
    """An enforcement point's identity."""

    spiffe_id: WorkloadId


class LimitSettings(Settings):
    """Bounds on what callers send and get."""

    body_bytes: int = Field(default=1_048_576, ge=4096, le=16_777_216)
    header_bytes: int = Field(default=16_384, ge=9216, le=65_536)
    page_size: int = Field(default=1000, ge=1, le=10_000)
    json_depth: int = Field(default=32, ge=8, le=128)
    subscribers: int = Field(default=128, ge=1, le=4096)
    subscriber_queue: int = Field(default=10_000, ge=100, le=1_000_000)


class EventSettings(Settings):
    """How long events are kept for those who resume, and how often a quiet stream says that it lives."""

    retention_seconds: int = Field(default=86_400, ge=60, le=30 * 86_400)
    heartbeat_seconds: int = Field(default=15, ge=1, le=60)


class ServerSettings(Settings):
    """server.toml."""

    plane: Word = "local"
    environment: Word = "development"
    listen: str = Field(default="127.0.0.1:7420", max_length=262)
    authorization_url: Url | None = None
    broker_url: Url | None = None
    single_operator: bool = False
    bundle: Path | None = None
    leeway_seconds: int = Field(default=30, ge=0, le=300)
    checkpoint_seconds: int = Field(default=60, ge=1, le=86_400)
    store: StoreSettings = StoreSettings()
    keys: KeySettings = KeySettings()
    limits: LimitSettings = LimitSettings()
    events: EventSettings = EventSettings()
    trust_domain: tuple[TrustDomainSettings, ...] = Field(
        default=(TrustDomainSettings(name="leasehold.local", development=True),), min_length=1, max_length=32
    )
    resource_server: tuple[ResourceServerSettings, ...] = Field(default=(), max_length=1024)
    enforcement_point: tuple[EnforcementPointSettings, ...] = Field(default=(), max_length=1024)
    webhook: tuple[WebhookSettings, ...] = Field(default=(), max_length=32)

    @field_validator("listen")
    @classmethod
    def loopback_and_port(cls, listen: str) -> str:
        host, port = split_listen(listen)
        if not (host == "localhost" or ip_address(host).is_loopback):
            raise ValueError("the plane speaks plain HTTP, so it listens on loopback only; put a TLS proxy in front of it")
        if port > 65_535:
            raise ValueError("a port is 0 to 65535, and 0 takes a free one")
        return listen

    @model_validator(mode="after")
    def no_name_twice(self) -> "ServerSettings":
        for what, names in (
            ("trust_domain", [domain.name for domain in self.trust_domain]),
            ("resource_server name", [server.name for server in self.resource_server]),
            ("resource_server spiffe_id", [server.spiffe_id for server in self.resource_server]),
            ("enforcement_point spiffe_id", [point.spiffe_id for point in self.enforcement_point]),
            ("webhook", [webhook.name for webhook in self.webhook]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]} stands here twice")
        if sum(domain.development for domain in self.trust_domain) > 1:
            raise ValueError("only one trust domain can be the development one")
        known = {domain.name for domain in self.trust_domain}
        servers = [server.spiffe_id for server in self.resource_server]
        for spiffe_id in (*servers, *(point.spiffe_id for point in self.enforcement_point)):
            if spiffe_id.removeprefix("spiffe://").partition("/")[0] not in known:
                raise ValueError(f"{spiffe_id} belongs to no trust_domain named here")
        return self

    @property
    def home_domain(self) -> str:
        """The trust domain that the plane's own identities stand in: the first one named."""
        return self.trust_domain[0].name

    @property
    def authorization_audience(self) -> str:
        """What a credential for the authorization API is meant for."""
        return f"spiffe://{self.home_domain}/leasehold/authorization"

    @property
    def broker_audience(self) -> str:
        """What a credential for the broker API is meant for."""
        return f"spiffe://{self.home_domain}/leasehold/broker"


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPv6]:PORT`. Raises ValueError for anything else."""
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit():
        raise ValueError("write it as HOST:PORT, such as 127.0.0.1:7420")
    return host, int(port)
