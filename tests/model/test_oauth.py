"""The shapes of OAuth: what is absent stays absent, what is secret is not printed, what is unknown is ignored."""

import pytest
from pydantic import ValidationError

from console.model.oauth import (
    EXCHANGE_GRANT,
    INACTIVE,
    JWT,
    MAX_TOKEN,
    ExchangeAnswer,
    ExchangeInput,
    IntrospectionAnswer,
    IntrospectionInput,
    OAuthError,
    TokenRevocationInput,
)

LEASE = "ls_01m835h6w0e008000000000099"


def test_inactive_says_nothing_else() -> None:
    assert INACTIVE.wire() == {"active": False}


def test_an_answer_leaves_out_what_is_not_known() -> None:
    told = IntrospectionAnswer(active=True, sub="a-customer", lease_id=LEASE, cache_seconds=0).wire()
    assert told == {"active": True, "sub": "a-customer", "lease_id": LEASE, "cache_seconds": 0}


@pytest.mark.parametrize("shape", [IntrospectionInput, TokenRevocationInput])
def test_a_token_is_bounded_and_never_printed(shape: type[IntrospectionInput] | type[TokenRevocationInput]) -> None:
    asked = shape.model_validate({"token": "very-secret", "token_type_hint": "access_token", "unknown": "ignored"})
    assert "very-secret" not in repr(asked)
    for wrong in ("", "x" * (MAX_TOKEN + 1)):
        with pytest.raises(ValidationError):
            shape.model_validate({"token": wrong})


def test_an_exchange_never_prints_its_tokens() -> None:
    fields = {"grant_type": EXCHANGE_GRANT, "subject_token": "very-secret", "subject_token_type": JWT, "unknown": "ignored"}
    assert "very-secret" not in repr(ExchangeInput.model_validate(fields))
    answer = ExchangeAnswer(access_token="very-secret", expires_in=60, authorization_details=(), lease_id=LEASE)
    assert "very-secret" not in repr(answer)
    assert answer.model_dump()["access_token"] == "very-secret"
    with pytest.raises(ValidationError):
        ExchangeInput.model_validate(fields | {"subject_token": "x" * (MAX_TOKEN + 1)})


def test_a_fault_carries_the_facts_and_no_fact_replaces_its_code() -> None:
    error = OAuthError("authorization_pending", "a person must approve this first", approval_id="ap_1")
    assert (error.status, error.fault().model_dump()) == (
        400,
        {"error": "authorization_pending", "error_description": "a person must approve this first", "approval_id": "ap_1"},
    )
