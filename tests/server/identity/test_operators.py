"""Operators: a token is shown once, ends by itself, and only its digest is kept."""

from pathlib import Path
from typing import Any

import pytest

from console.model.actors import PLANE, Actor, ActorKind, Role
from console.model.operators import Operator, OperatorInput, OperatorToken
from console.model.problems import ProblemError
from console.server.identity.operators import Operators, looks_like_token, new_token, token_digest

ADMIN = Actor(kind=ActorKind.OPERATOR, id="ada", name="ada")
MAYA = OperatorInput(name="maya", roles=(Role.APPROVER,), groups=("security",), token_seconds=600)
FIRST = OperatorInput(name="ada", roles=(Role.ADMIN,))


async def code_of(awaitable: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        await awaitable
    return caught.value.code


def refusal(operators: Operators, token: str, now: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        operators.authenticate(token, now)
    assert token not in caught.value.detail
    return caught.value.code


def files_with(folder: Path, text: str) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


async def test_an_enrolled_operator_signs_in(operators: Operators, clock: Any) -> None:
    enrolled = await operators.enrol(MAYA, ADMIN)
    assert looks_like_token(enrolled.token)
    operator = operators.authenticate(enrolled.token, clock.now())
    assert operator == enrolled.operator
    assert (operator.id, operator.roles, operator.groups, operator.enrolled_by) == (
        "maya",
        (Role.APPROVER,),
        ("security",),
        "ada",
    )
    assert [listed.id for listed in operators.list()] == ["maya"]


async def test_a_token_ends_by_the_clock(operators: Operators, clock: Any) -> None:
    token = (await operators.enrol(MAYA, ADMIN)).token
    clock.move(599)
    assert operators.authenticate(token, clock.now()).id == "maya"
    clock.move(1)
    assert refusal(operators, token, clock.now()) == "credential_expired"


async def test_unknown_tokens_are_refused(operators: Operators, clock: Any) -> None:
    await operators.enrol(MAYA, ADMIN)
    for token in (new_token(), "lho_short", "lho_" + "é" * 43, "lho_" + "a" * 44, ""):
        with pytest.raises(ProblemError) as caught:
            operators.authenticate(token, clock.now())
        assert caught.value.code == "not_signed_in"


async def test_the_token_is_kept_nowhere(operators: Operators, store: Any, tmp_path: Path) -> None:
    enrolled = await operators.enrol(MAYA, ADMIN)
    renewed = await operators.renew("maya", 600, ADMIN)
    assert files_with(tmp_path, token_digest(renewed.token))
    for token in (enrolled.token, renewed.token):
        assert token not in repr(enrolled) + repr(renewed)
        assert not files_with(tmp_path, token)
    assert [record.kind for record in store.audit()] == ["operator.enrolled", "operator.enrolled"]
    assert all(token_digest(renewed.token) not in record.model_dump_json() for record in store.audit())


async def test_removing_ends_the_token_at_once(operators: Operators, store: Any, clock: Any) -> None:
    token = (await operators.enrol(MAYA, ADMIN)).token
    removed = await operators.remove("maya", ADMIN)
    assert removed.removed
    assert removed.removed_at == clock.now()
    assert refusal(operators, token, clock.now()) == "not_signed_in"
    assert await operators.remove("maya", ADMIN) == removed
    assert store.count(OperatorToken) == 0
    assert operators.list() == []
    assert [operator.id for operator in operators.list(removed=True)] == ["maya"]
    with pytest.raises(ProblemError):
        operators.get("maya")
    assert [record.kind for record in store.audit()] == ["operator.enrolled", "operator.removed"]


async def test_renewing_replaces_the_token_and_keeps_the_day_of_enrolment(operators: Operators, clock: Any) -> None:
    enrolled = await operators.enrol(MAYA, ADMIN)
    clock.move(60)
    renewed = await operators.renew("maya", 600, ADMIN)
    assert renewed.operator.enrolled_at == enrolled.operator.enrolled_at
    assert refusal(operators, enrolled.token, clock.now()) == "not_signed_in"
    clock.move(599)
    assert operators.authenticate(renewed.token, clock.now()).id == "maya"


async def test_who_was_removed_can_be_enrolled_again_from_that_day_on(operators: Operators, clock: Any) -> None:
    first = await operators.enrol(MAYA, ADMIN)
    await operators.remove("maya", ADMIN)
    clock.move(60)
    second = await operators.enrol(MAYA, ADMIN)
    assert second.operator.enrolled_at > first.operator.enrolled_at
    assert operators.authenticate(second.token, clock.now()).id == "maya"
    assert refusal(operators, first.token, clock.now()) == "not_signed_in"


async def test_what_cannot_be_done_is_told_apart(operators: Operators) -> None:
    await operators.enrol(MAYA, ADMIN)
    assert await code_of(operators.enrol(MAYA, ADMIN)) == "conflict"
    assert await code_of(operators.remove("nobody", ADMIN)) == "not_found"
    assert await code_of(operators.renew("nobody", 600, ADMIN)) == "not_found"
    assert await code_of(operators.renew("maya", 31 * 86_400, ADMIN)) == "invalid"


async def test_the_first_operator_is_an_admin_and_only_the_first(operators: Operators, store: Any) -> None:
    assert await code_of(operators.enrol_first(MAYA, PLANE)) == "invalid"
    assert store.count(Operator) == 0
    await operators.enrol_first(FIRST, PLANE)
    other = OperatorInput(name="eve", roles=(Role.ADMIN,))
    assert await code_of(operators.enrol_first(other, PLANE)) == "not_allowed"
    await operators.remove("ada", ADMIN)
    assert await code_of(operators.enrol_first(other, PLANE)) == "not_allowed"


async def test_a_digest_that_does_not_match_its_place_is_refused(operators: Operators, store: Any, clock: Any) -> None:
    """Found under the digest of one token, but kept with the digest of another."""
    await operators.enrol(MAYA, ADMIN)
    token = new_token()
    moved = OperatorToken(
        id=token_digest(token),
        operator="maya",
        token_digest=token_digest(new_token()),
        expires_at=clock.now().replace(year=2030),
    )
    await store.write(lambda tx: tx.put(moved, "operator.enrolled", ADMIN, audit=False, event=False))
    assert refusal(operators, token, clock.now()) == "not_signed_in"
