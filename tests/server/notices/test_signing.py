"""Signatures after the Standard Webhooks specification, against its own example and against an independent reckoning."""

import base64
import hashlib
import hmac

import pytest

from console.server.notices.signing import key_of, signed_headers, unsigned_headers


def test_the_example_of_the_standard() -> None:
    # The test vector of the specification's reference libraries.
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"


def test_another_time_body_or_id_is_another_signature() -> None:
    key = bytes(range(32))
    first = signed_headers(key, "a", 1, b"x")["webhook-signature"]
    others = [signed_headers(key, "b", 1, b"x"), signed_headers(key, "a", 2, b"x"), signed_headers(key, "a", 1, b"y")]
    assert len({first, *(one["webhook-signature"] for one in others)}) == 4
    expected = base64.b64encode(hmac.new(key, b"a.1.x", hashlib.sha256).digest()).decode()
    assert first == f"v1,{expected}"


def test_without_a_key_the_id_and_the_time_are_still_there() -> None:
    assert unsigned_headers("a", 1) == {"webhook-id": "a", "webhook-timestamp": "1"}


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_c2hvcnQ=", "whsec_" + "QUFB" * 40])
def test_a_secret_of_another_shape_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="signing secret") as caught:
        key_of(secret)
    assert "c2hvcnQ" not in str(caught.value)
