"""Signing keys and the public keys that verify: what a key is called, what it may be used for, how it travels.

Owns key ids (RFC 7638 thumbprints), key rings with one signing key and older ones that only verify, and the reading and
writing of JSON Web Keys (RFC 7517). Where a ring is kept is not its business: it is loaded from a text and exported to one.
Anyone in the server wing may import it; only `tokens` signs and verifies with what is here.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.algorithms import ECAlgorithm
from jwt.exceptions import PyJWTError

from console.model.canonical import canonical

PublicKey: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey

MAX_KEYS = 64
MAX_TEXT = 262_144
_PUBLIC_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


class BadKeys(ValueError):
    """Keys that cannot be read, or may not be used. The message names the key id, never key material."""


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key, its id, and the only algorithms that it may verify (RFC 8725, section 3.1)."""

    key_id: str
    public: PublicKey = field(repr=False)
    algorithms: tuple[str, ...]
    jwk: Mapping[str, str] = field(repr=False)


class KeySource(Protocol):
    """Where a public key is found by its id."""

    def find(self, key_id: str) -> VerifyKey | None: ...


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An ES256 key pair. Its id is its thumbprint."""

    key_id: str
    private: EllipticCurvePrivateKey = field(repr=False)
    created_at: datetime

    @classmethod
    def generate(cls, at: datetime) -> "SigningKey":
        """A fresh P-256 key."""
        return cls.of(generate_private_key(SECP256R1()), at)

    @classmethod
    def of(cls, private: EllipticCurvePrivateKey, at: datetime) -> "SigningKey":
        """The signing key of a private key. Raises BadKeys unless it is on P-256."""
        if not isinstance(private.curve, SECP256R1):
            raise BadKeys("a signing key must be on the curve P-256")
        return cls(thumbprint(_jwk_of(private.public_key())), private, at)

    def verify_key(self) -> VerifyKey:
        """Its public half."""
        public = self.private.public_key()
        return VerifyKey(self.key_id, public, ("ES256",), _jwk_of(public))


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The key's SHA-256 thumbprint in base64url (RFC 7638, section 3). Raises BadKeys for an unknown kind of key."""
    members = _PUBLIC_MEMBERS.get(str(jwk.get("kty")))
    if members is None or any(not isinstance(jwk.get(member), str) for member in members):
        raise BadKeys("a key has no thumbprint: it must be EC, RSA or OKP with all its public members")
    hashed = hashlib.sha256(canonical({member: jwk[member] for member in members})).digest()
    return base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()


def read_public_key(jwk: Mapping[str, Any]) -> VerifyKey:
    """The public key of a JSON Web Key (RFC 7517, section 4).

    Accepts P-256, P-384, Ed25519 and RSA of at least 2048 bits, each with its own explicit algorithms. Raises BadKeys for
    everything else: symmetric keys, private parts, an `alg` that does not belong to the key, a missing `kid`.
    """
    key_id = jwk.get("kid")
    if not isinstance(key_id, str) or not 1 <= len(key_id) <= 256:
        raise BadKeys("a key has no kid of 1 to 256 characters")
    members = _PUBLIC_MEMBERS.get(str(jwk.get("kty")))
    if members is None:
        raise BadKeys(f"key {key_id!r} is neither EC, RSA nor OKP")
    if "d" in jwk or "k" in jwk:
        raise BadKeys(f"key {key_id!r} carries private key material; only public keys belong here")
    if any(not isinstance(jwk.get(member), str) for member in members):
        raise BadKeys(f"key {key_id!r} lacks one of {', '.join(members)}")
    plain = {member: str(jwk[member]) for member in members}
    try:
        public = PyJWK(dict(plain)).key
    except (PyJWTError, ValueError, TypeError):
        raise BadKeys(f"key {key_id!r} cannot be read") from None
    algorithms = _algorithms(public)
    if not algorithms:
        raise BadKeys(f"key {key_id!r} must be P-256, P-384, Ed25519, or RSA of at least 2048 bits")
    wanted = jwk.get("alg")
    if wanted is not None:
        if wanted not in algorithms:
            raise BadKeys(f"key {key_id!r} names an algorithm that it may not be used with")
        algorithms = (str(wanted),)
    return VerifyKey(key_id, public, algorithms, plain)


def read_keys(text: str) -> list[dict[str, Any]]:
    """The `keys` of a JSON Web Key Set (RFC 7517, section 5). Raises BadKeys for anything else, or too much of it."""
    if len(text) > MAX_TEXT:
        raise BadKeys("a key set is at most 256 KiB")
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise BadKeys("a key set must be JSON") from None
    keys = parsed.get("keys") if isinstance(parsed, dict) else None
    if not isinstance(keys, list) or len(keys) > MAX_KEYS or any(not isinstance(key, dict) for key in keys):
        raise BadKeys(f"a key set is an object whose `keys` lists at most {MAX_KEYS} keys")
    return keys


class KeyRing:
    """One key that signs, and older ones that verify until the tokens that they signed are gone.

    Rotation swaps the ring's inside in one step, so that a reader sees either the ring before or the ring after.
    """

    __slots__ = ("_current", "_keys", "_until")

    def __init__(
        self, current: SigningKey, older: Mapping[str, VerifyKey] | None = None, until: Mapping[str, datetime] | None = None
    ) -> None:
        self._current = current
        self._keys = {current.key_id: current.verify_key(), **(older or {})}
        self._until = dict(until or {})

    def __repr__(self) -> str:
        return f"KeyRing(current={self._current.key_id!r}, older={sorted(self._until)!r})"

    @classmethod
    def create(cls, at: datetime) -> "KeyRing":
        """A ring with one fresh key."""
        return cls(SigningKey.generate(at))

    @property
    def current(self) -> SigningKey:
        """The key that signs."""
        return self._current

    def find(self, key_id: str) -> VerifyKey | None:
        """The public key of an id; None when it is not, or no longer, in the ring."""
        return self._keys.get(key_id)

    def rotate(self, at: datetime, verify_seconds: int) -> SigningKey:
        """Sign with a fresh key from now on. The old one verifies for `verify_seconds` more, its private half is forgotten."""
        old, fresh = self._current, SigningKey.generate(at)
        self._until = {**self._until, old.key_id: at + timedelta(seconds=verify_seconds)}
        self._keys = {fresh.key_id: fresh.verify_key(), **self._keys}
        self._current = fresh
        self.forget(at)
        return fresh

    def forget(self, at: datetime) -> tuple[str, ...]:
        """Drop the older keys whose time has come. Returns their ids."""
        gone = tuple(key_id for key_id, until in self._until.items() if until <= at)
        self._keys = {key_id: key for key_id, key in self._keys.items() if key_id not in gone}
        self._until = {key_id: until for key_id, until in self._until.items() if key_id not in gone}
        return gone

    def jwks(self, use: str = "sig") -> dict[str, Any]:
        """The public key set (RFC 7517, section 5), the current key first. Carries no private part."""
        return {"keys": [_public(key, use) for key in self._keys.values()]}

    def export(self) -> str:
        """The whole ring as JSON text, private key included: for the secret store and for nobody else."""
        jwk = ECAlgorithm.to_jwk(self._current.private, as_dict=True)
        older = [{**_public(self._keys[key_id], "sig"), "until": until.isoformat()} for key_id, until in self._until.items()]
        return json.dumps({"current": {**jwk, "created_at": self._current.created_at.isoformat()}, "older": older})

    @classmethod
    def load(cls, text: str) -> "KeyRing":
        """The ring of a text that `export` made. Raises BadKeys when it is anything else; the message quotes none of it."""
        try:
            parsed = json.loads(text)
            current, older = dict(parsed["current"]), list(parsed["older"])
            created_at = _instant(current.pop("created_at"))
            private = ECAlgorithm.from_jwk(current)
            until = {str(key["kid"]): _instant(key["until"]) for key in older}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, PyJWTError):
            raise BadKeys("the key ring cannot be read") from None
        if not isinstance(private, EllipticCurvePrivateKey):
            raise BadKeys("the key ring holds no private key")
        keys = [read_public_key(key) for key in older]
        return cls(SigningKey.of(private, created_at), {key.key_id: key for key in keys}, until)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant must be aware")
    return at.astimezone(UTC)


def _public(key: VerifyKey, use: str) -> dict[str, str]:
    return {**key.jwk, "kid": key.key_id, "use": use, "alg": key.algorithms[0]}


def _jwk_of(public: EllipticCurvePublicKey) -> dict[str, str]:
    jwk = ECAlgorithm.to_jwk(public, as_dict=True)
    return {member: str(jwk[member]) for member in _PUBLIC_MEMBERS["EC"]}


def _algorithms(public: object) -> tuple[str, ...]:
    if isinstance(public, EllipticCurvePublicKey):
        if isinstance(public.curve, SECP256R1):
            return ("ES256",)
        return ("ES384",) if isinstance(public.curve, SECP384R1) else ()
    if isinstance(public, RSAPublicKey):
        return ("RS256", "PS256") if public.key_size >= 2048 else ()
    return ("EdDSA",) if isinstance(public, Ed25519PublicKey) else ()
