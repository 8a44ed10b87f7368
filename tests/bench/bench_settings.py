"""The settings of the plane that is measured, and the identities that call it."""

from datetime import UTC, datetime
from pathlib import Path

from console.bootstrap import FIRST_OPERATOR, development_domain, secret_store
from console.settings.server import KeySettings, ResourceServerSettings, ServerSettings

BESIDE = Path(__file__).parents[2] / "sample_config"
DOMAIN = "leasehold.local"
DOCS = f"spiffe://{DOMAIN}/servers/docs"


def bench_settings() -> ServerSettings:
    """A plane with the sample bundle, keys in files, and one introspecting resource server."""
    return ServerSettings(
        keys=KeySettings(source="file", folder=Path("keys")),
        bundle=Path("bundle"),
        resource_server=(ResourceServerSettings(name="docs", spiffe_id=DOCS),),
    )


def svid(data: Path, spiffe_id: str) -> str:
    """A JWT-SVID of the development trust domain, for both APIs."""
    settings = bench_settings()
    now = datetime.now(UTC)
    domain = development_domain(settings, data, now)
    assert domain is not None
    return domain.mint(spiffe_id, [settings.authorization_audience, settings.broker_audience], 3600, now)


def first_token(data: Path) -> str:
    """The token of the first operator."""
    token = secret_store(bench_settings(), data).get(FIRST_OPERATOR)
    assert token is not None
    return token
