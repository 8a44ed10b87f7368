"""The settings of the planes that are killed and measured, and the identities that call them."""

from datetime import UTC, datetime
from pathlib import Path

from console.bootstrap import FIRST_OPERATOR, development_domain, secret_store
from console.settings.server import KeySettings, ResourceServerSettings, ServerSettings

BESIDE = Path(__file__).parents[1] / "sample_config"
DOMAIN = "leasehold.local"
CRM = f"spiffe://{DOMAIN}/servers/crm"
DOCS = f"spiffe://{DOMAIN}/servers/docs"


def plane_settings() -> ServerSettings:
    """A plane with the sample bundle, keys in files, and two introspecting resource servers."""
    return ServerSettings(
        keys=KeySettings(source="file", folder=Path("keys")),
        bundle=Path("bundle"),
        resource_server=(
            ResourceServerSettings(name="crm", spiffe_id=CRM),
            ResourceServerSettings(name="docs", spiffe_id=DOCS),
        ),
    )


def svid(data: Path, spiffe_id: str) -> str:
    """A JWT-SVID of the development trust domain, for both APIs."""
    settings = plane_settings()
    now = datetime.now(UTC)
    domain = development_domain(settings, data, now)
    assert domain is not None
    return domain.mint(spiffe_id, [settings.authorization_audience, settings.broker_audience], 3600, now)


def first_token(data: Path) -> str:
    """The token of the first operator."""
    token = secret_store(plane_settings(), data).get(FIRST_OPERATOR)
    assert token is not None
    return token
