"""DKIM signatures (RFC 6376; Ed25519 by RFC 8463): what shows that a letter is its domain's own.

Keys rest in files: DOMAIN/SELECTOR.pem in a folder, or wherever a tenant's file names one. Each
key of the domain in From signs, so that one can be changed for another while both are published.
Signed here and not by dkimpy, whose RSA takes 7.5 ms a letter and whose Ed25519 wants another
library; that it verifies what is signed is tested.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from services.messenger.model import Letter
from services.messenger.tenants import Tenant

# RFC 8058 section 4: both List-Unsubscribe fields must be covered.
SIGNED = (
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Auto-Submitted", "MIME-Version", "Content-Type",
)  # fmt: skip
LEAST_RSA_BITS = 1024
"""RFC 8301: shorter keys must not be used; 2048 is what it asks for."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_SPACE = re.compile(rb"[ \t\r\n]+")


class KeyFaults(Exception):
    """A key that cannot be used; the text names its file and what to mend."""


@dataclass(frozen=True, slots=True)
class Key:
    """One private key of a domain, published in the DNS under its selector."""

    domain: str
    selector: str
    secret: RSAPrivateKey | Ed25519PrivateKey

    @property
    def algorithm(self) -> str:
        """Its name in a signature."""
        return "rsa-sha256" if isinstance(self.secret, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> tuple[str, str]:
        """Name and text of the TXT record to publish."""
        public = self.secret.public_key()
        if isinstance(self.secret, RSAPrivateKey):
            kind, form = "rsa", serialization.PublicFormat.SubjectPublicKeyInfo
            told = public.public_bytes(serialization.Encoding.DER, form)
        else:
            kind, form = "ed25519", serialization.PublicFormat.Raw
            told = public.public_bytes(serialization.Encoding.Raw, form)
        name = f"{self.selector}._domainkey.{self.domain}"
        return name, f"v=DKIM1; k={kind}; p={base64.b64encode(told).decode()}"

    def sign(self, data: bytes) -> bytes:
        """The signature over what DKIM has made of head and body."""
        if isinstance(self.secret, RSAPrivateKey):
            return self.secret.sign(data, PKCS1v15(), hashes.SHA256())
        return self.secret.sign(hashlib.sha256(data).digest())


class Signatures:
    """Signs letters with the keys of their domains."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._keys: dict[str, list[Key]] = {}
        for key in keys:
            self._keys.setdefault(key.domain, []).append(key)

    def sign(self, letter: Letter, domain: str) -> Letter:
        """The letter with a signature of each key that the domain has; else as it is."""
        keys = self._keys.get(domain)
        if not keys:
            return letter
        head, _, body = letter.copy.partition(b"\r\n\r\n")
        digest = hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()
        fields = _fields(head)
        signatures = [_signature(key, fields, base64.b64encode(digest).decode()) for key in keys]
        return replace(letter, copy=b"".join(signatures) + letter.copy)


def load(folder: Path | None, tenants: Iterable[Tenant] = ()) -> Signatures:
    """The keys of a folder, and those that tenants' files name. Raises KeyFaults."""
    named = [
        _read(voice.dkim.key_file, domain_of(voice.identity.address), voice.dkim.selector)
        for tenant in tenants
        for voice in map(tenant.on_behalf_of, (None, *tenant.creditors))
        if voice.dkim is not None
    ]
    known = {(key.domain, key.selector): key for key in named}
    known |= {(key.domain, key.selector): key for key in (keys_of(folder) if folder else ())}
    return Signatures(list(known.values()))


def keys_of(folder: Path) -> list[Key]:
    """The keys of a folder. Raises KeyFaults."""
    return [_read(file, file.parent.name, file.stem) for file in sorted(folder.glob("*/*.pem"))]


def domain_of(address: str) -> str:
    """What follows the @, in small letters."""
    return address.rpartition("@")[2].lower()


def make(folder: Path, domain: str) -> None:
    """Make a key for a domain that has none in the folder."""
    file = folder / domain / "rapport.pem"
    if file.parent.exists():
        return
    file.parent.mkdir(parents=True)
    file.touch(mode=0o600)
    file.write_bytes(
        generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _read(file: Path, domain: str, selector: str) -> Key:
    if not _NAME.fullmatch(domain) or not _NAME.fullmatch(selector):
        raise KeyFaults(f"{file}: name it DOMAIN/SELECTOR.pem, in small letters")
    try:
        secret = serialization.load_pem_private_key(file.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyFaults(f"{file}: not an unlocked private key ({type(error).__name__})") from None
    if isinstance(secret, RSAPrivateKey) and secret.key_size < LEAST_RSA_BITS:
        raise KeyFaults(f"{file}: {secret.key_size} bits are too few; make a key of 2048")
    if not isinstance(secret, RSAPrivateKey | Ed25519PrivateKey):
        raise KeyFaults(f"{file}: make an RSA or an Ed25519 key")
    return Key(domain, selector, secret)


def _fields(head: bytes) -> Mapping[str, bytes]:
    """The header's fields in relaxed form (RFC 6376 3.4.2), by their names in small letters."""
    unfolded = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    fields: dict[str, bytes] = {}
    for line in unfolded.split(b"\r\n"):
        name, _, value = line.partition(b":")
        small = name.strip().lower()
        fields[small.decode()] = small + b":" + _SPACE.sub(b" ", value).strip()
    return fields


def _signature(key: Key, fields: Mapping[str, bytes], digest: str) -> bytes:
    names = [name for name in SIGNED if name.lower() in fields]
    # Named once more than it is there: nobody can add another From (RFC 6376 8.15).
    covered = ":".join([*names, "From"])
    own = (
        f"v=1; a={key.algorithm}; c=relaxed/simple; d={key.domain}; s={key.selector};\r\n"
        f" h={covered};\r\n bh={digest};\r\n b="
    )
    signed = [fields[name.lower()] for name in names]
    signed.append(b"dkim-signature:" + _SPACE.sub(b" ", own.encode()).strip())
    value = base64.b64encode(key.sign(b"\r\n".join(signed))).decode()
    folded = "\r\n ".join(value[start : start + 72] for start in range(0, len(value), 72))
    return f"DKIM-Signature: {own}{folded}\r\n".encode()
