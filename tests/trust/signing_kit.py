"""Skills to sign, authorities of every kind, and a signer that can also make what no signer should."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from skillbank.trust.certificates import Certificate

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "signed"
SIGNATURE = "skill.oms.sig"
NOW = datetime.now(UTC)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def make_skill(folder: Path, version: str = "1.0.0") -> Path:
    """Write a small skill that has a file of every kind."""
    files = {
        "SKILL.md": f"---\nname: {folder.name}\ndescription: Trains toys.\nmetadata:\n  version: {version}\n"
        "---\n# Toys\n\nRead it.\n",
        "references/skill_info.yaml": "network_arch: toy\nactions:\n  train:\n    command: toy train\n",
        "references/spec_template_train.yaml": "epochs: 1\n",
        "references/notes.md": "# Notes\n\nTwo lines.\n",
        "schemas/train.schema.json": '{"type": "object", "properties": {"epochs": {"type": "integer"}}}\n',
        "evals/evals.json": "[]\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@lru_cache(maxsize=32)
def new_key(number: int = 0, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Return a key; the same one for the same number, as making them takes time."""
    return ec.generate_private_key(curve())


def usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in wanted for name in _USAGES})


@dataclass(frozen=True)
class Holder:
    """Somebody with a key and a certificate."""

    key: Any
    certificate: x509.Certificate

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pinned(self) -> Certificate:
        return Certificate(self.der)

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write the key and the certificate as PEM."""
        key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        certificate.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return key, certificate


def issue(
    name: str,
    by: Holder | None = None,
    *,
    key: Any = None,
    ca: bool | None = False,
    path_length: int | None = None,
    use: x509.KeyUsage | None = None,
    no_usage: bool = False,
    begins: datetime = NOW - timedelta(days=1),
    ends: datetime = NOW + timedelta(days=30),
    more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    issuer_name: str | None = None,
    digest: hashes.SHA256 | hashes.SHA3_256 | None = None,
) -> Holder:
    """Issue a certificate; without `by` it is its own."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer = by.certificate.subject if by else subject
    if issuer_name:
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length), critical=True)
    if not no_usage:
        default = usage("key_cert_sign", "crl_sign") if ca else usage("digital_signature")
        builder = builder.add_extension(use or default, critical=True)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    signed = builder.sign(by.key if by else key, digest or hashes.SHA256())
    return Holder(key, signed)


@dataclass(frozen=True)
class House:
    """A root, an authority below it, and a signer below that."""

    root: Holder
    middle: Holder
    leaf: Holder
    chain: tuple[Holder, ...] = field(default=())

    @classmethod
    def build(cls) -> House:
        root = issue("Toy Root", ca=True)
        middle = issue("Toy Authority", root, ca=True, path_length=0)
        leaf = issue("Toy Signer", middle)
        return cls(root, middle, leaf, (leaf, middle, root))


@lru_cache(maxsize=1)
def house() -> House:
    """Return one house for all tests that change nothing of it."""
    return House.build()


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        f.relative_to(folder).as_posix(): f.read_bytes()
        for f in sorted(folder.rglob("*"))
        if f.is_file() and f.name != SIGNATURE
    }


def statement_of(folder: Path, name: str | None = None) -> dict[str, Any]:
    """Return the statement about a folder, as a document that a test may spoil."""
    digests = {n: hashlib.sha256(content) for n, content in files_of(folder).items()}
    joint = hashlib.sha256(b"".join(d.digest() for d in digests.values())).hexdigest()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name or folder.name, "digest": {"sha256": joint}}],
        "predicateType": "https://model_signing/signature/v1.0",
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [".github", ".git", ".gitattributes", ".gitignore"],
            },
            "resources": [
                {"name": n, "digest": d.hexdigest(), "algorithm": "sha256"} for n, d in digests.items()
            ],
        },
    }


def bundle_of(payload: bytes, by: Holder, chain: tuple[Holder, ...] = ()) -> dict[str, Any]:
    """Return the bundle around a payload, signed."""
    kind = "application/vnd.in-toto+json"
    signed = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    curve = getattr(getattr(by.key, "curve", None), "name", "secp256r1")
    digest = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}
    if isinstance(by.key, ec.EllipticCurvePrivateKey):
        signature = by.key.sign(signed, ec.ECDSA(digest.get(curve, hashes.SHA256())))
    else:
        signature = b"\x30\x06\x02\x01\x01\x02\x01\x01"
    return {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "x509CertificateChain": {"certificates": [{"rawBytes": text(h.der)} for h in (chain or (by,))]},
            "tlogEntries": [],
        },
        "dsseEnvelope": {
            "payload": text(payload),
            "payloadType": kind,
            "signatures": [{"sig": text(signature), "keyid": ""}],
        },
    }


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def sign(
    folder: Path,
    by: Holder | None = None,
    chain: tuple[Holder, ...] | None = None,
    statement: Mapping[str, Any] | bytes | None = None,
    spoil: Callable[[dict[str, Any]], None] | None = None,
) -> Path:
    """Sign a skill by hand, whatever it may be worth."""
    statement = statement if statement is not None else statement_of(folder)
    payload = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    whole = house()
    bundle = bundle_of(payload, by or whole.leaf, whole.chain if chain is None else chain)
    if spoil:
        spoil(bundle)
    file = folder / SIGNATURE
    file.write_text(json.dumps(bundle))
    return file
