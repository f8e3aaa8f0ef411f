"""DKIM signatures: those who did not write them verify them."""

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from services.messenger.mail import Draft, Identity, compose
from services.messenger.mime import quoted
from services.messenger.model import Letter
from services.messenger.signatures import Key, KeyFaults, Signatures, load
from services.messenger.tenants import Tenant

DOMAIN = "bank.example"
IDENTITY = Identity("Müller & Söhne", f"care@{DOMAIN}", f"a@{DOMAIN}", f"u@{DOMAIN}", "m.example")
RSA = Key(DOMAIN, "r1", generate_private_key(65537, 2048))
EDWARDS = Key(DOMAIN, "e1", Ed25519PrivateKey.generate())


def letter(**changes: str) -> Letter:
    values = {
        "message_id": "0190-ab",
        "name": "花子",
        "email": "hanako@example.com",
        "locale": "ja",
        "subject": "お支払いのお知らせ  €1,234",
        "text": "hello  \n.\nbye \n\n",
        "unsubscribe_url": "https://mail.bank.example/u/" + "t" * 180,
    }
    draft = Draft(
        **(values | changes),
        html_quoted=quoted("<p>hello  \n\t.</p>"),
        date=datetime(2026, 3, 2, 9, tzinfo=UTC),
    )
    return compose(draft, IDENTITY)


def published(*keys: Key) -> "object":
    records = dict(key.record for key in keys)

    def txt(name: bytes, timeout: int = 5) -> bytes | None:
        del timeout
        record = records.get(name.decode().rstrip("."))
        return record.encode() if record else None

    return txt


def covered(copy: bytes) -> list[str]:
    field = copy.partition(b"h=")[2].partition(b";")[0].decode()
    return [name.strip().lower() for name in field.split(":")]


@pytest.mark.parametrize("subject", ["Hello", "お支払い" * 30, "  two   spaces "])
def test_dkimpy_verifies_what_is_signed(subject: str) -> None:
    signed = Signatures([RSA]).sign(letter(subject=subject), DOMAIN)
    assert dkim.verify(signed.copy, dnsfunc=published(RSA))
    assert signed.copy.endswith(letter(subject=subject).copy)
    assert {"from", "list-unsubscribe", "list-unsubscribe-post"} <= set(covered(signed.copy))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"hello", b"hullo"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
        (b"/u/t", b"/u/x"),
        (b"Date: Mon", b"From: eve@evil.example\r\nDate: Mon"),
    ],
)
def test_what_was_changed_on_the_way_does_not_verify(old: bytes, new: bytes) -> None:
    copy = Signatures([RSA]).sign(letter(), DOMAIN).copy
    assert old in copy
    assert not dkim.verify(copy.replace(old, new, 1), dnsfunc=published(RSA))


def test_an_edwards_key_signs_the_same_form() -> None:
    copy = Signatures([EDWARDS]).sign(letter(), DOMAIN).copy
    headers, _ = dkim.rfc822_parse(copy)
    own = headers[0]
    relaxed = dkim.canonicalization.Relaxed.canonicalize_headers(headers[1:])
    by_name = {name.strip(): value for name, value in relaxed}
    signature = b"".join(own[1].partition(b" b=")[2].split())
    bare = own[1].partition(b" b=")[0] + b" b="
    [(_, value)] = dkim.canonicalization.Relaxed.canonicalize_headers([(own[0], bare)])
    names = [name.encode() for name in covered(copy)][:-1]
    data = b"".join(name + b":" + by_name[name] for name in names)
    data += b"dkim-signature:" + value.rstrip(b"\r\n")
    assert isinstance(EDWARDS.secret, Ed25519PrivateKey)
    EDWARDS.secret.public_key().verify(base64.b64decode(signature), hashlib.sha256(data).digest())
    assert EDWARDS.record[1].startswith("v=DKIM1; k=ed25519; p=")


def test_each_key_of_the_domain_signs_and_no_other() -> None:
    elsewhere = Key("other.example", "r1", RSA.secret)
    signed = Signatures([RSA, EDWARDS, elsewhere]).sign(letter(), DOMAIN)
    assert signed.copy.count(b"DKIM-Signature: ") == 2
    assert b"d=other.example" not in signed.copy
    assert Signatures([elsewhere]).sign(letter(), DOMAIN) == letter()


def _write(folder: Path, name: str, key: object) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    assert isinstance(key, RSAPrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def test_keys_are_read_from_their_folder(tmp_path: Path) -> None:
    _write(tmp_path, f"{DOMAIN}/r1.pem", RSA.secret)
    assert load(tmp_path).sign(letter(), DOMAIN) == Signatures([RSA]).sign(letter(), DOMAIN)
    assert load(None).sign(letter(), DOMAIN) == letter()


def test_each_tenant_and_creditor_signs_with_a_key_of_its_own(tmp_path: Path) -> None:
    keys = {}
    for name in ("harbour", "bank", "nordbank"):
        keys[name] = generate_private_key(65537, 2048)
        _write(tmp_path, f"{name}.pem", keys[name])

    def tenant(name: str, domain: str, **more: object) -> Tenant:
        own = {"selector": "s1", "key_file": tmp_path / f"{name}.pem"}
        addresses = {one: f"{one}@{domain}" for one in ("address", "reply_to", "unsubscribe_to")}
        return Tenant.model_validate(
            {"tenant": name, "name": "X", "postal_address": "12 Quay Street", "dkim": own,
             "message_id_domain": domain, **addresses, **more}
        )  # fmt: skip

    creditor = {
        "address": "service@nordbank.example",
        "dkim": {"selector": "n1", "key_file": tmp_path / "nordbank.pem"},
    }
    signatures = load(
        None,
        [tenant("harbour", "harbour.example", creditors={"Nordbank": creditor}),
         tenant("bank", DOMAIN)],
    )  # fmt: skip
    for domain, selector, name in (
        ("harbour.example", "s1", "harbour"),
        (DOMAIN, "s1", "bank"),
        ("nordbank.example", "n1", "nordbank"),
    ):
        copy = signatures.sign(letter(), domain).copy
        assert copy.count(b"DKIM-Signature: ") == 1
        assert dkim.verify(copy, dnsfunc=published(Key(domain, selector, keys[name])))


def test_a_key_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    _write(tmp_path, f"{DOMAIN}/p256.pem", ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(KeyFaults, match="make an RSA or an Ed25519 key"):
        load(tmp_path)
    (tmp_path / DOMAIN / "p256.pem").write_text("not a key")
    with pytest.raises(KeyFaults, match="not an unlocked private key"):
        load(tmp_path)
