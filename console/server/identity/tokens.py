"""Signing and verifying JSON Web Tokens: the one place that calls the library for either.

The library accepts a token without `exp`, reads its own clock and takes numbers in strings; so it checks the signature and
the audience here, and everything about time is decided on the instant that the caller hands in (RFC 7519, RFC 8725).
Anyone in the server wing may import it.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from jwt.exceptions import InvalidAudienceError, PyJWTError

from console.model.base import Json
from console.model.problems import ProblemError
from console.server.identity.keys import KeyRing, KeySource, SigningKey

MAX_TOKEN_BYTES = 8192
LEEWAY_SECONDS = 30
MAX_LEEWAY_SECONDS = 300
_LAST_INSTANT = 253_402_300_799

ACCESS_TOKEN = frozenset({"at+jwt", "application/at+jwt"})
"""The `typ` of RFC 9068, section 2.1."""

JWT_SVID = frozenset({"JWT", "JOSE", ""})
"""The `typ` of a JWT-SVID: optional (the empty word stands for its absence), and otherwise one of these two."""

_VERIFIER = jwt.PyJWT(
    options={
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": True,
        "verify_iss": True,
        "require": ["exp", "aud", "sub"],
    }
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a verifier asks of a token.

    `types` are the accepted `typ` headers, compared without case. `require` names the claims that must be there besides
    `exp`, `aud` and `sub`. `leeway_seconds` is the clock skew that is borne, at most 300.
    """

    audience: str
    types: frozenset[str] = ACCESS_TOKEN
    issuer: str | None = None
    require: tuple[str, ...] = ("iat",)
    leeway_seconds: int = LEEWAY_SECONDS

    def __post_init__(self) -> None:
        if not self.audience:
            raise ValueError("a verifier must name its audience")
        if not 0 <= self.leeway_seconds <= MAX_LEEWAY_SECONDS:
            raise ValueError(f"leeway is 0 to {MAX_LEEWAY_SECONDS} seconds")


@dataclass(frozen=True, slots=True)
class Verified:
    """A token whose signature, audience and times hold. `issued_at` is None where the token does not say."""

    claims: Mapping[str, Any]
    subject: str
    audiences: tuple[str, ...]
    key_id: str
    expires_at: datetime
    issued_at: datetime | None


class OwnTokens:
    """The plane's own tokens: signed with the current key of its ring, verified against the same ring, with no leeway.

    Signer and verifier share one clock, so a token of the plane ends at its very second.
    """

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def sign(self, claims: Mapping[str, Json], *, typ: str) -> str:
        """A compact JWS over the claims; raises what `tokens.sign` raises."""
        return sign(claims, self._ring.current, typ)

    def verify(self, token: str, *, audience: str, typ: str, now: datetime, issuer: str | None = None) -> Mapping[str, Any]:
        """The claims of a token of this plane; raises what `tokens.verify` raises."""
        expected = Expected(audience=audience, types=frozenset({typ}), issuer=issuer, leeway_seconds=0)
        return verify(token, self._ring, expected, now).claims


def sign(claims: Mapping[str, Json], key: SigningKey, typ: str = "at+jwt") -> str:
    """Sign claims with ES256. Times are integers, seconds since 1970 in UTC.

    Raises ValueError when `exp`, `aud` or `sub` is missing, or when the token would be larger than anybody accepts.
    """
    for name in ("exp", "aud", "sub"):
        if not claims.get(name):
            raise ValueError(f"a token must have {name}")
    token = jwt.encode(dict(claims), key.private, algorithm="ES256", headers={"kid": key.key_id, "typ": typ})
    if len(token) > MAX_TOKEN_BYTES:
        raise ValueError(f"a token is at most {MAX_TOKEN_BYTES} bytes")
    return token


def verify(token: str, keys: KeySource, expected: Expected, now: datetime) -> Verified:
    """Verify a token against the key that its `kid` names, and against an instant.

    Raises ProblemError: `not_signed_in` (not a token, no or unknown key, bad signature, wrong type or issuer, a claim
    missing), `wrong_audience`, `credential_expired`, `clock_off`. No message quotes the token.
    """
    header = peek_header(token)
    key_id = header.get("kid")
    key = keys.find(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise ProblemError("not_signed_in", "The credential was signed with a key that is not known here.")
    if header.get("alg") not in key.algorithms:
        raise ProblemError("not_signed_in", "The credential's algorithm is not one that its key may be used with.")
    _check_type(header, expected.types)
    try:
        claims: dict[str, Any] = _VERIFIER.decode(
            token,
            key.public,
            algorithms=list(key.algorithms),
            audience=expected.audience,
            issuer=expected.issuer,
        )
    except InvalidAudienceError:
        raise ProblemError(
            "wrong_audience", "The credential is meant for another audience.", audience=expected.audience
        ) from None
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise ProblemError("not_signed_in", "The credential does not verify.") from None
    _check_present(claims, expected.require)
    return _check_times(claims, str(key_id), expected.leeway_seconds, now)


def peek_header(token: str) -> Mapping[str, Any]:
    """The header of a token, unverified: good for choosing a key, never for anything else.

    Raises ProblemError `not_signed_in` for what is no token, or is larger than 8 KiB.
    """
    _check_form(token)
    try:
        return jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise ProblemError("not_signed_in", "The credential is not a JSON Web Token.") from None


def peek_subject(token: str) -> str:
    """The `sub` of a token, unverified: good for choosing a trust domain, never for anything else.

    Raises ProblemError `not_signed_in` for what is no token, or has no subject.
    """
    _check_form(token)
    try:
        payload = json.loads(jwt.utils.base64url_decode(token.split(".")[1]))
        subject = payload["sub"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ProblemError("not_signed_in", "The credential is not a JSON Web Token with a subject.") from None
    if not isinstance(subject, str) or not subject:
        raise ProblemError("not_signed_in", "The credential has no subject.")
    return subject


def _check_form(token: str) -> None:
    if len(token) > MAX_TOKEN_BYTES:
        raise ProblemError("not_signed_in", f"The credential is larger than {MAX_TOKEN_BYTES} bytes.")
    if not token.isascii() or token.count(".") != 2:
        raise ProblemError("not_signed_in", "The credential is not a JSON Web Token in compact form.")


def _check_type(header: Mapping[str, Any], types: frozenset[str]) -> None:
    typ = header.get("typ", "")
    if not isinstance(typ, str) or typ.lower() not in {accepted.lower() for accepted in types}:
        raise ProblemError("not_signed_in", "The credential is of another type than this call takes.")


def _check_present(claims: Mapping[str, Any], require: tuple[str, ...]) -> None:
    for name in require:
        if claims.get(name) in (None, ""):
            raise ProblemError("not_signed_in", f"The credential lacks the claim {name}.")
    if not claims["sub"]:
        raise ProblemError("not_signed_in", "The credential has no subject.")


def _check_times(claims: Mapping[str, Any], key_id: str, leeway: int, now: datetime) -> Verified:
    at = now.timestamp()
    expires = _seconds(claims, "exp")
    issued = _seconds(claims, "iat") if "iat" in claims else None
    not_before = _seconds(claims, "nbf") if "nbf" in claims else None
    for name, seconds in (("iat", issued), ("nbf", not_before)):
        if seconds is not None and seconds > at + leeway:
            raise ProblemError(
                "clock_off",
                f"The credential's {name} lies {math.ceil(seconds - at)} seconds in the future; {leeway} are borne.",
                ahead_seconds=math.ceil(seconds - at),
            )
    if at >= expires + leeway:
        raise ProblemError("credential_expired", f"The credential expired {math.floor(at - expires)} seconds ago.")
    audiences = claims["aud"]
    return Verified(
        claims=claims,
        subject=claims["sub"],
        audiences=(audiences,) if isinstance(audiences, str) else tuple(audiences),
        key_id=key_id,
        expires_at=datetime.fromtimestamp(expires, UTC),
        issued_at=None if issued is None else datetime.fromtimestamp(issued, UTC),
    )


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_INSTANT:
        raise ProblemError("not_signed_in", f"The credential's {name} is not a time.")
    return value
