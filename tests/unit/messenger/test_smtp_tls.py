"""What goes to a relay is encrypted wherever it can be, and a password never goes in clear."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP as Server
from aiosmtpd.smtp import AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.messenger.model import Accepted, Letter
from services.messenger.providers import Unavailable
from services.messenger.providers.smtp import Relay, SmtpPool
from services.runtime.clock import Clock
from services.runtime.embedded.children import free_port

ELSEWHERE = "127.0.0.2"
"""A relay on this machine that is treated as one that is not."""
LETTER = Letter("m-1@m.example", "care@bank.example", "ana@example.com", b"Subject: x\r\n\r\ny\r\n")


class Seen:
    """What a relay was told. encrypted: of each letter, whether it came over TLS."""

    def __init__(self) -> None:
        self.encrypted: list[bool] = []
        self.logins: list[bytes] = []

    def login(self, _server: Server, _session: Session, _envelope: Envelope, _mechanism: str,
              given: Any) -> AuthResult:  # fmt: skip
        self.logins.append(given.password)
        return AuthResult(success=True)

    async def handle_DATA(self, _server: Server, session: Session, _envelope: Envelope) -> str:
        self.encrypted.append(session.ssl is not None)
        return "250 2.0.0 ok"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of the relay's, with its key, that signs itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), Clock().real()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "relay")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(ELSEWHERE))]), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    own = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path / "relay.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + own)
    return file


@contextmanager
def relay(seen: Seen, certificate: Path | None) -> Iterator[SmtpPool]:
    """Connections, with a password, to a relay that offers TLS if it has a certificate."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    port = free_port()
    server = Controller(
        seen,
        hostname=ELSEWHERE,
        port=port,
        tls_context=tls,
        require_starttls=tls is not None,
        auth_require_tls=False,
        authenticator=seen.login,
    )
    server.start()
    pool = SmtpPool(Relay.parse(f"smtp://ana:geheim@{ELSEWHERE}:{port}"), Clock(), 5.0)
    try:
        yield pool
    finally:
        pool.close()
        server.stop()


def test_letters_and_password_go_over_tls_where_the_relay_has_it(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    seen = Seen()
    with relay(seen, certificate) as pool:
        connection = pool.lease()
        assert [*connection.send(iter([LETTER]))] == [Accepted("<m-1@m.example>")]
        pool.release(connection)
    assert (seen.encrypted, seen.logins) == ([True], [b"geheim"])


def test_a_relay_that_cannot_prove_who_it_is_gets_nothing(certificate: Path) -> None:
    seen = Seen()
    with relay(seen, certificate) as pool, pytest.raises(Unavailable, match="SSLCertVerif"):
        pool.lease()
    assert (seen.encrypted, seen.logins) == ([], [])


def test_a_password_is_never_sent_in_clear() -> None:
    seen = Seen()
    with relay(seen, None) as pool, pytest.raises(Unavailable, match="LoginInClear"):
        pool.lease()
    assert (seen.encrypted, seen.logins) == ([], [])
