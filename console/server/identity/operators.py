"""Operators of the embedded plane: enrolled by an admin, signed in by a token that is shown once and ends by itself.

Owns the form of the token and the rule that only its digest is kept. A token is found by its digest and then compared in
constant time. May be imported by the API and the roof.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from console.model.actors import Actor, Role
from console.model.operators import Operator, OperatorEnrolled, OperatorInput, OperatorToken
from console.model.problems import ProblemError
from console.server.ports import Store, Transaction

TOKEN_PREFIX = "lho_"  # noqa: S105 - the public beginning of every token, by which scanners find lost ones
MAX_OPERATORS = 10_000
_TOKEN = re.compile(r"lho_[A-Za-z0-9_-]{43}")


def looks_like_token(text: str) -> bool:
    """Whether a credential has the form of an operator's token."""
    return _TOKEN.fullmatch(text) is not None


def new_token() -> str:
    """A fresh operator's token: 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """What is kept of a token. No salt: the token is 256 random bits, so there is nothing to guess."""
    return f"sha256:{hashlib.sha256(token.encode()).hexdigest()}"


class Operators:
    """Enrol, sign in, renew and remove operators."""

    def __init__(self, store: Store, make_token: Callable[[], str] = new_token) -> None:
        self._store = store
        self._make_token = make_token

    async def enrol(self, given: OperatorInput, actor: Actor) -> OperatorEnrolled:
        """Enrol an operator, or enrol again one who was removed. The token is returned here and nowhere else.

        Raises ProblemError `conflict` when an operator of this name is enrolled.
        """
        token = self._make_token()
        operator = await self._store.write(lambda tx: self._enrol(tx, given, actor, token))
        return OperatorEnrolled(operator=operator, token=token)

    async def enrol_first(self, given: OperatorInput, actor: Actor) -> OperatorEnrolled:
        """Enrol the plane's first operator, who must be an admin.

        Raises ProblemError `not_allowed` when any operator was ever enrolled, `invalid` without the role admin.
        """
        if Role.ADMIN not in given.roles:
            raise ProblemError("invalid", "The first operator must have the role admin, to enrol the others.")
        token = self._make_token()

        def verb(tx: Transaction) -> Operator:
            if tx.count(Operator):
                raise ProblemError("not_allowed", "This plane has operators already; an admin enrols the others.")
            return self._enrol(tx, given, actor, token)

        return OperatorEnrolled(operator=await self._store.write(verb), token=token)

    async def renew(self, name: str, token_seconds: int, actor: Actor) -> OperatorEnrolled:
        """Give an operator a new token; the old one ends at once. Since when they are enrolled stays as it was.

        Raises ProblemError `not_found` for an unknown or removed operator, `invalid` for a life beyond 30 days.
        """
        if not 60 <= token_seconds <= 30 * 86_400:
            raise ProblemError("invalid", "A token lives 60 seconds to 30 days.")
        token = self._make_token()

        def verb(tx: Transaction) -> Operator:
            operator = _enrolled(tx.get(Operator, name), name)
            expires_at = tx.now + timedelta(seconds=token_seconds)
            kept = tx.put(
                operator.model_copy(update={"token_expires_at": expires_at}),
                "operator.enrolled",
                actor,
                extra={"renewed": True},
            )
            self._keep_token(tx, name, token, expires_at, actor)
            return kept

        return OperatorEnrolled(operator=await self._store.write(verb), token=token)

    async def remove(self, name: str, actor: Actor) -> Operator:
        """Remove an operator; the token ends with this commit. Removing again changes nothing.

        Raises ProblemError `not_found` for an operator that was never enrolled.
        """

        def verb(tx: Transaction) -> Operator:
            operator = tx.get(Operator, name)
            if operator is None:
                raise ProblemError("not_found", f"There is no operator {name}.")
            if operator.removed:
                return operator
            self._drop_tokens(tx, name)
            return tx.put(operator.model_copy(update={"removed": True, "removed_at": tx.now}), "operator.removed", actor)

        return await self._store.write(verb, takes_power=True)

    def list(self, *, removed: bool = False, limit: int = MAX_OPERATORS) -> list[Operator]:
        """The enrolled operators by name; with `removed` those who were removed."""
        return self._store.find(Operator, removed=removed, limit=limit)

    def get(self, name: str) -> Operator:
        """An enrolled operator. Raises ProblemError `not_found`."""
        return _enrolled(self._store.get(Operator, name), name)

    def authenticate(self, token: str, now: datetime) -> Operator:
        """Whose token it is. Raises ProblemError `not_signed_in` or `credential_expired`; neither quotes the token."""
        if not looks_like_token(token):
            raise ProblemError("not_signed_in", "The credential is not an operator's token.")
        digest = token_digest(token)
        kept = self._store.get(OperatorToken, digest)
        if kept is None or not hmac.compare_digest(kept.token_digest, digest):
            raise ProblemError("not_signed_in", "The operator's token is not known here.")
        operator = self._store.get(Operator, kept.operator)
        if operator is None or operator.removed:
            raise ProblemError("not_signed_in", "The operator's token is not known here.")
        if now >= kept.expires_at:
            raise ProblemError("credential_expired", f"The sign-in of {operator.id} has expired.")
        return operator

    def _enrol(self, tx: Transaction, given: OperatorInput, actor: Actor, token: str) -> Operator:
        before = tx.get(Operator, given.name)
        if before is not None and not before.removed:
            raise ProblemError(
                "conflict",
                f"The operator {given.name} is enrolled already.",
                next_step="Renew the token, or remove the operator first.",
            )
        expires_at = tx.now + timedelta(seconds=given.token_seconds)
        operator = Operator(
            id=given.name,
            version=before.version if before else 0,
            roles=tuple(dict.fromkeys(given.roles)),
            groups=tuple(dict.fromkeys(given.groups)),
            enrolled_at=tx.now,
            enrolled_by=actor.id,
            token_expires_at=expires_at,
        )
        kept = tx.put(operator, "operator.enrolled", actor)
        self._keep_token(tx, given.name, token, expires_at, actor)
        return kept

    def _keep_token(self, tx: Transaction, name: str, token: str, expires_at: datetime, actor: Actor) -> None:
        self._drop_tokens(tx, name)
        digest = token_digest(token)
        kept = OperatorToken(id=digest, operator=name, token_digest=digest, expires_at=expires_at)
        tx.put(kept, "operator.enrolled", actor, audit=False, event=False)

    def _drop_tokens(self, tx: Transaction, name: str) -> None:
        for old in tx.find(OperatorToken, operator=name):
            tx.drop(OperatorToken, old.id)


def _enrolled(operator: Operator | None, name: str) -> Operator:
    if operator is None or operator.removed:
        raise ProblemError("not_found", f"There is no operator {name}.")
    return operator
