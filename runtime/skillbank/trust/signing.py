"""Signing skills: a statement about a folder's files, signed with a key, in the form that `verify` reads."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from skillbank.bank.files import is_there
from skillbank.errors import DataNotFoundError, UsageError, a_few
from skillbank.trust.anchors import read_file
from skillbank.trust.certificates import CURVES, Certificate, find_chain
from skillbank.trust.contents import SIGNATURE_FILE, look
from skillbank.trust.signature import (
    MEDIA_TYPE,
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    STATEMENT_TYPE,
    BrokenSignature,
    joint_digest,
    pae,
    parse_statement,
)
from skillbank.trust.verify import Verification, heading, verify_content
from skillbank.visible import one_line
from skillbank.ways import option
from skillbank.whole_files import replacing

__all__ = [
    "Signature",
    "Signer",
    "kept_certificate",
    "make_certificate",
    "read_key",
    "read_signer",
    "sign_skill",
]

VALID_DAYS = 730
"""How long a certificate that is made for a bare key is valid."""


@dataclass(frozen=True)
class Signer:
    """A key, its certificate, and the certificates above that.

    Raises
    ------
    UsageError
        When the certificate is not the key's, is not valid now, or the chain does not hold.
    """

    key: EllipticCurvePrivateKey
    certificate: Certificate
    chain: tuple[Certificate, ...] = ()

    def __post_init__(self) -> None:
        if self.certificate.parsed.public_key() != self.key.public_key():
            raise UsageError(
                f"The certificate of '{self.certificate.name}' belongs to another key; give this key's own."
            )
        found = find_chain(self.certificate, self.chain, [self.anchor])
        if not found.path:
            raise UsageError(
                f"Nobody could verify what is signed so: {found.fault}; give the whole {option('chain')}."
            )
        if not found.valid(datetime.now(UTC)):
            raise UsageError(
                f"The certificate of '{self.certificate.name}', or one above it, is valid from "
                f"{found.begins:%Y-%m-%d} to {found.ends:%Y-%m-%d} only; renew it."
            )

    @property
    def anchor(self) -> Certificate:
        """The certificate that whoever verifies has to pin: the last of the chain."""
        return self.chain[-1] if self.chain else self.certificate

    def sign(self, payload: bytes) -> bytes:
        """Return the signature file over a statement."""
        signature = self.key.sign(pae(payload), ec.ECDSA(getattr(hashes, CURVES[self.key.curve.name])()))
        certificates = [{"rawBytes": _base64(c.der)} for c in (self.certificate, *self.chain)]
        document = {
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": {
                "x509CertificateChain": {"certificates": certificates},
                "tlogEntries": [],
            },
            "dsseEnvelope": {
                "payload": _base64(payload),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": _base64(signature), "keyid": ""}],
            },
        }
        return json.dumps(document).encode()


def read_key(file: Path, passphrase: Callable[[], bytes]) -> EllipticCurvePrivateKey:
    """Read a private key (PEM) on P-256, P-384 or P-521.

    Parameters
    ----------
    passphrase
        Called only when the key is encrypted.

    Raises
    ------
    DataNotFoundError, UsageError
        When it is not there, is no such key, or the passphrase is wrong. No part of the file is said.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise DataNotFoundError(f"There is no key {file}; name a file with a private key (PEM).") from None
    except OSError as error:
        raise UsageError(f"The key {file} cannot be read: {error.strerror}.") from None
    try:
        try:
            key = load_pem_private_key(content, None)
        except TypeError:  # it is encrypted
            key = load_pem_private_key(content, passphrase())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageError(
            f"{file} holds no private key (PEM) that can be read, or its passphrase is another one."
        ) from None
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name not in CURVES:
        raise UsageError(
            f"{file} holds a key of another kind; skills are signed with ECDSA on P-256, P-384 or P-521 "
            "(openssl ecparam -name secp384r1 -genkey -noout -out key.pem)."
        )
    return key


def make_certificate(key: EllipticCurvePrivateKey, name: str, days: int = VALID_DAYS) -> Certificate:
    """Make a key's own certificate, which is its own anchor and can issue no other."""
    now = datetime.now(UTC)
    try:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    except ValueError:
        raise UsageError(f"'{one_line(name)}' cannot be a signer's name; give 1 to 64 characters.") from None
    usage = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, getattr(hashes, CURVES[key.curve.name])())
    )
    return Certificate(made.public_bytes(Encoding.DER))


def kept_certificate(key: EllipticCurvePrivateKey, file: Path, name: str) -> Certificate:
    """Return the certificate that was made for a bare key, or make it and keep it in a file.

    What was signed with a key at different times can be verified under one anchor only if there is one.
    """
    if is_there(file):
        found = read_file(file)
        if len(found) != 1 or found[0].parsed.public_key() != key.public_key():
            raise UsageError(
                f"{file} is not the certificate of this key; name another place with {option('anchor-out')}."
            )
        return found[0]
    made = make_certificate(key, name)
    _write(file, made.parsed.public_bytes(Encoding.PEM))
    return made


def read_signer(key: EllipticCurvePrivateKey, certificate: Path, chain: Sequence[Path]) -> Signer:
    """Return a signer from files; that of the certificate may hold the chain behind it."""
    leaf, *above = read_file(certificate)
    for file in chain:
        above += [c for c in read_file(file) if c not in above]
    return Signer(key, leaf, tuple(above))


@dataclass(frozen=True)
class Signature:
    """A skill's new signature, which verifies and is still to be written."""

    found: Verification
    content: bytes

    def write(self, out: Path | None = None) -> None:
        """Write it, by default into the skill in place of an earlier one."""
        _write(out or self.found.folder / SIGNATURE_FILE, self.content)


def sign_skill(folder: Path, signer: Signer, *, bank_root: Path | None = None) -> Signature:
    """Sign every file of a skill, and verify the result under the signer's own anchor; nothing is written.

    Parameters
    ----------
    bank_root
        The bank that the skill belongs to; the folder itself when it is a bank of its own.
    """
    folder = folder.resolve()
    whole_bank = bank_root is None or bank_root.resolve() == folder
    content = signer.sign(_statement(folder, whole_bank))
    found = verify_content(folder, content, [signer.anchor], bank_root=bank_root)
    if found.state != "verified":  # a signature that says no is worse than none
        raise UsageError(f"{folder} cannot be signed: {found.sentence}.")
    return Signature(found, content)


def _statement(folder: Path, whole_bank: bool) -> bytes:
    contents = look(folder, whole_bank=whole_bank)
    if "SKILL.md" not in contents.names:
        raise DataNotFoundError(f"{folder} is no skill: it holds no SKILL.md.")
    if contents.incomplete:
        raise UsageError(f"{folder} cannot be signed: {contents.incomplete}.")
    if contents.faults:
        said = [f"{one_line(name)} {fault}" for name, fault in sorted(contents.faults.items())]
        raise UsageError(f"{folder} cannot be signed: {a_few(said, 5)}; put regular files there.")
    name, _ = heading(contents, folder.name)
    if name != folder.name:
        raise UsageError(
            f"{folder} cannot be signed: its SKILL.md says the name '{one_line(name)}'; make both names one."
        )
    if any(n == ".git" or n.startswith(".git/") for n in contents.names):
        raise UsageError(f"{folder} cannot be signed: it holds a repository (.git); sign a copy without it.")
    files = {n: contents.digests[n] for n in sorted(contents.digests, key=lambda n: n.split("/"))}
    document: dict[str, object] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": folder.name, "digest": {"sha256": joint_digest(files)}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": [SIGNATURE_FILE, ".git", ".gitattributes", ".gitignore"],
            },
            "resources": [{"name": n, "digest": d, "algorithm": "sha256"} for n, d in files.items()],
        },
    }
    try:
        payload = json.dumps(document).encode()
        parse_statement(payload)
    except BrokenSignature as error:
        raise UsageError(f"{folder} cannot be signed: {error}; rename the file.") from None
    return payload


def _write(file: Path, content: bytes) -> None:
    """Put a file in the place of another, whole or not at all."""
    try:
        with replacing(file) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.") from None


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
