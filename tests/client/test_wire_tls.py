"""The wire over TLS: a certificate that is trusted is spoken to, any other is not."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from console.client.errors import Unreachable
from console.client.follow import Follower

WHO = b'{"name":"maya","roles":["approver"],"groups":[],"expires_at":null}'


def certificate(folder: Path, host: str) -> Path:
    """A self-signed certificate for an address, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


async def asked(shown: Path, trusted: Path | None) -> str:
    """Who a server that shows one certificate says is here, to somebody who trusts another."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(WHO) + WHO)
        await writer.drain()
        writer.close()

    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(shown)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=own)
    trust = ssl.create_default_context(cafile=str(trusted)) if trusted is not None else None
    try:
        port = server.sockets[0].getsockname()[1]
        return (await Follower(f"https://127.0.0.1:{port}", lambda: "a-token", trust=trust).whoami()).name
    finally:
        server.close()


async def test_a_trusted_certificate_is_spoken_to(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "127.0.0.1")
    assert await asked(shown, shown) == "maya"


async def test_a_certificate_that_nobody_trusts_is_not(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="its certificate does not hold"):
        await asked(certificate(tmp_path, "127.0.0.1"), None)


async def test_a_certificate_for_another_address_is_not(tmp_path: Path) -> None:
    shown = certificate(tmp_path, "127.0.0.2")
    with pytest.raises(Unreachable, match="its certificate does not hold"):
        await asked(shown, shown)
