"""SPIFFE JWT-SVIDs: who a workload is, proven by the trust domain that it belongs to.

Owns the reading of SPIFFE IDs (SPIFFE-ID, section 2), of trust bundles (SPIFFE Trust Domain and Bundle, section 4) and of
JWT-SVIDs (JWT-SVID, sections 2 to 5), and the development trust domain that mints them for an embedded plane. The root of
a trust domain says who may speak for it, so a bundle of one domain never verifies a subject of another.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from console.model.base import Json
from console.model.problems import ProblemError
from console.server.identity.keys import BadKeys, KeyRing, KeySource, VerifyKey, read_keys, read_public_key
from console.server.identity.tokens import JWT_SVID, LEEWAY_SECONDS, Expected, peek_subject, sign, verify

MAX_SVID_SECONDS = 3600
MAX_AUDIENCES = 16
MAX_PROVEN = 4096
"""How many verified SVIDs are remembered, by digest."""
_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_SEGMENT = re.compile(r"[A-Za-z0-9._-]+")


class DevelopmentRefused(Exception):
    """The development trust domain was asked to mint for a domain that has a production trust bundle."""


@dataclass(frozen=True, slots=True)
class SpiffeId:
    """A SPIFFE ID in its two parts. `path` begins with a slash, and is empty for the trust domain itself."""

    trust_domain: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "SpiffeId":
        """Read a SPIFFE ID (SPIFFE-ID, sections 2.1 and 2.2). Raises ValueError that says what is wrong with it."""
        if len(text) > 2048:
            raise ValueError("a SPIFFE ID is at most 2048 bytes")
        if not text.startswith("spiffe://"):
            raise ValueError("a SPIFFE ID begins with spiffe://")
        domain, slash, path = text.removeprefix("spiffe://").partition("/")
        if not _TRUST_DOMAIN.fullmatch(domain):
            raise ValueError("a trust domain is 1 to 255 of a-z, 0-9, dot, underscore and hyphen")
        if not slash:
            return cls(domain, "")
        for segment in path.split("/"):
            if segment in (".", "..") or not _SEGMENT.fullmatch(segment):
                raise ValueError(
                    "a path is made of segments of A-Z, a-z, 0-9, dot, underscore and hyphen; none is empty, . or .."
                )
        return cls(domain, f"/{path}")

    def __str__(self) -> str:
        return f"spiffe://{self.trust_domain}{self.path}"


@dataclass(frozen=True, slots=True)
class Svid:
    """A verified JWT-SVID."""

    spiffe_id: SpiffeId
    audiences: tuple[str, ...]
    expires_at: datetime
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Proven:
    """An SVID that verified at an instant, and the key that it verified against."""

    svid: Svid
    key: VerifyKey
    since: datetime


class TrustBundle:
    """The public keys of one trust domain that may sign JWT-SVIDs."""

    def __init__(self, trust_domain: str, keys: Mapping[str, VerifyKey]) -> None:
        self.trust_domain = trust_domain
        self._keys = dict(keys)

    @classmethod
    def read(cls, trust_domain: str, text: str) -> "TrustBundle":
        """Read a SPIFFE bundle document: a key set whose keys say `use: jwt-svid`; other uses are passed over, as the
        standard asks. Raises BadKeys when it holds no such key, one key id twice, or a key that may not be used.
        """
        if not _TRUST_DOMAIN.fullmatch(trust_domain):
            raise BadKeys(f"{trust_domain!r} is not a trust domain")
        keys: dict[str, VerifyKey] = {}
        for jwk in read_keys(text):
            if jwk.get("use") != "jwt-svid":
                continue
            key = read_public_key(jwk)
            if key.key_id in keys:
                raise BadKeys(f"the bundle of {trust_domain} has the key {key.key_id!r} twice")
            keys[key.key_id] = key
        if not keys:
            raise BadKeys(f"the bundle of {trust_domain} has no key with use jwt-svid")
        return cls(trust_domain, keys)

    def find(self, key_id: str) -> VerifyKey | None:
        """The key of an id."""
        return self._keys.get(key_id)


class TrustDomains:
    """Every trust domain that is trusted here, and the keys that speak for each."""

    def __init__(self, domains: Mapping[str, KeySource], leeway_seconds: int = LEEWAY_SECONDS) -> None:
        self._domains = dict(domains)
        self._leeway = leeway_seconds
        self._proven: OrderedDict[bytes, _Proven] = OrderedDict()

    @property
    def names(self) -> tuple[str, ...]:
        """The trusted domains, sorted."""
        return tuple(sorted(self._domains))

    def verify(self, token: str, audience: str, now: datetime) -> Svid:
        """Verify a JWT-SVID that is meant for an audience (JWT-SVID, section 4).

        `iat` may be missing, as the standard has it. A workload presents the same SVID many times: of one that verified,
        the digest is kept until it expires, and it counts for as long as its key is still its trust domain's.
        Raises ProblemError: `unknown_trust_domain`, and what `tokens.verify` raises.
        """
        mark = hashlib.sha256(f"{audience}\n{token}".encode(errors="surrogatepass")).digest()
        proven = self._proven.get(mark)
        if proven is not None and proven.since <= now < proven.svid.expires_at:
            keys = self._domains[proven.svid.spiffe_id.trust_domain]
            if keys.find(proven.key.key_id) is proven.key:
                return proven.svid
        proven = self._verify(token, audience, now)
        self._proven[mark] = proven
        while len(self._proven) > MAX_PROVEN:
            self._proven.popitem(last=False)
        return proven.svid

    def _verify(self, token: str, audience: str, now: datetime) -> "_Proven":
        try:
            claimed = SpiffeId.parse(peek_subject(token))
        except ValueError as error:
            raise ProblemError("not_signed_in", f"The credential's subject is not a SPIFFE ID: {error}.") from None
        keys = self._domains.get(claimed.trust_domain)
        if keys is None:
            raise ProblemError(
                "unknown_trust_domain",
                f"The trust domain {claimed.trust_domain} is not trusted here.",
                trust_domain=claimed.trust_domain,
            )
        expected = Expected(audience=audience, types=JWT_SVID, require=(), leeway_seconds=self._leeway)
        verified = verify(token, keys, expected, now)
        if verified.subject != str(claimed) or not claimed.path:
            raise ProblemError("not_signed_in", "The credential's subject is not the SPIFFE ID of a workload.")
        key = keys.find(verified.key_id)
        if key is None:
            raise ProblemError("not_signed_in", "The credential was signed with a key that is not known here.")
        return _Proven(Svid(claimed, verified.audiences, verified.expires_at, verified.issued_at), key, now)


class DevelopmentTrustDomain:
    """A trust domain whose keys the embedded plane holds itself, so that it can be tried without a SPIRE server."""

    def __init__(self, name: str, ring: KeyRing, production: Collection[str] = ()) -> None:
        """`production` names the trust domains that have a configured bundle.

        Raises DevelopmentRefused when `name` is among them, ValueError when it is no trust domain.
        """
        if not _TRUST_DOMAIN.fullmatch(name):
            raise ValueError(f"{name!r} is not a trust domain")
        if name in production:
            raise DevelopmentRefused(
                f"{name} has a production trust bundle; take development = true away, or the bundle, in server.toml"
            )
        self.name = name
        self._ring = ring

    def find(self, key_id: str) -> VerifyKey | None:
        """The public key of an id: the development trust domain is its own bundle."""
        return self._ring.find(key_id)

    def bundle(self) -> dict[str, object]:
        """Its SPIFFE bundle document."""
        return {**self._ring.jwks(use="jwt-svid"), "spiffe_refresh_hint": 300}

    def mint(self, spiffe_id: str, audiences: Iterable[str], ttl_seconds: int, now: datetime) -> str:
        """A JWT-SVID for a workload of this domain (JWT-SVID, section 3).

        Raises ValueError for another domain's id, an id without a path, no audience, or a life beyond an hour.
        """
        subject = SpiffeId.parse(spiffe_id)
        meant_for = list(dict.fromkeys(audiences))
        if subject.trust_domain != self.name or not subject.path:
            raise ValueError(f"this mints for workloads of {self.name} only, such as spiffe://{self.name}/agent/planner")
        if not 1 <= len(meant_for) <= MAX_AUDIENCES or any(not 1 <= len(audience) <= 256 for audience in meant_for):
            raise ValueError(f"name 1 to {MAX_AUDIENCES} audiences of at most 256 characters")
        if not 1 <= ttl_seconds <= MAX_SVID_SECONDS:
            raise ValueError(f"a development JWT-SVID lives 1 to {MAX_SVID_SECONDS} seconds")
        issued = int(now.timestamp())
        claims: dict[str, Json] = {"sub": spiffe_id, "aud": [*meant_for], "iat": issued, "exp": issued + ttl_seconds}
        return sign(claims, self._ring.current, typ="JWT")
