"""Certificates: read without surprises, and the chain from a signer up to an anchor that the user pinned."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ExtensionNotFound, load_der_x509_certificate, load_pem_x509_certificates
from cryptography.x509.oid import NameOID

from skillbank.visible import one_line
from skillbank.ways import Sentence, command

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

_E = TypeVar("_E", bound="x509.ExtensionType")

__all__ = ["CURVES", "Certificate", "CertificateError", "Chain", "find_chain", "read_pem"]

CURVES = {"secp256r1": "SHA256", "secp384r1": "SHA384", "secp521r1": "SHA512"}
"""The curves of keys that sign, each with the hash that belongs to it."""

MAX_BYTES = 1 << 20
MAX_CHAIN = 10
_LONGEST_PATH = 6
_MAX_STEPS = 500
_MIN_RSA_BITS = 2048
_HASHES = frozenset({"sha256", "sha384", "sha512"})
_UNDERSTOOD = frozenset({"2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.32", "2.5.29.37"})
"""Extensions that may be critical: key usage, other names, constraints, policies, extended usage."""
_SIGNS_CODE = frozenset({"1.3.6.1.5.5.7.3.3", "2.5.29.37.0"})
"""Extended usages that allow signing a skill: code signing, any."""


class CertificateError(ValueError):
    """A certificate that cannot be read; the text says why, without a full stop."""


@dataclass(frozen=True)
class Certificate:
    """One X.509 certificate, known by its bytes.

    Raises
    ------
    CertificateError
        When it is no certificate, or one that this machine's cryptography cannot read whole.
    """

    der: bytes

    def __post_init__(self) -> None:
        _ = self.parsed

    @cached_property
    def parsed(self) -> x509.Certificate:
        """The certificate as `cryptography` reads it, every part that is used later looked at once."""
        try:
            with warnings.catch_warnings():
                # An odd serial number is worth a warning to its authority; nothing here depends on it.
                warnings.simplefilter("ignore")
                found = load_der_x509_certificate(self.der)
                _ = found.subject.rfc4514_string(), found.issuer.rfc4514_string(), found.extensions
                _ = found.not_valid_before_utc, found.not_valid_after_utc, found.signature_algorithm_oid
                _ = found.public_key()
        except Exception as error:  # a parser of foreign bytes: whatever it raises, they are unreadable
            raise CertificateError(f"a certificate cannot be read ({one_line(error, 60)})") from None
        return found

    @cached_property
    def fingerprint(self) -> str:
        """Sha256 of its bytes, in hex."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def subject(self) -> str:
        """Whose it is, whole: ``CN=...,O=...``, on one line."""
        return one_line(self.parsed.subject.rfc4514_string(), 200)

    @property
    def name(self) -> str:
        """Whose it is, short: the common name, else the whole subject."""
        common = self.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return one_line(common[0].value) if common else self.subject or self.fingerprint[:16]

    @property
    def issuer(self) -> str:
        """Who issued it, by the name that it gives."""
        return one_line(self.parsed.issuer.rfc4514_string(), 200)

    @property
    def begins(self) -> datetime:
        """Since when it is valid, UTC."""
        return self.parsed.not_valid_before_utc

    @property
    def ends(self) -> datetime:
        """Until when it is valid, UTC."""
        return self.parsed.not_valid_after_utc

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer."""
        return self.parsed.subject == self.parsed.issuer

    @cached_property
    def key_fingerprint(self) -> str:
        """Sha256 of the public key, in hex: the same when a certificate is renewed for the same key."""
        key = self.parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return hashlib.sha256(key).hexdigest()


@dataclass(frozen=True)
class Chain:
    """The way from a signer's certificate to an anchor.

    Attributes
    ----------
    path
        The signer's certificate first, the anchor last; empty when no anchor is reached.
    fault
        Why none is reached, without a full stop; empty when one is.
    """

    path: tuple[Certificate, ...]
    fault: str = ""

    @property
    def begins(self) -> datetime:
        """Since when all of its certificates are valid."""
        return max(c.begins for c in self.path)

    @property
    def ends(self) -> datetime:
        """Until when all of its certificates are valid."""
        return min(c.ends for c in self.path)

    def valid(self, at: datetime) -> bool:
        """Whether every certificate of the path is valid at a time."""
        return self.begins <= at <= self.ends


def find_chain(leaf: Certificate, rest: Sequence[Certificate], anchors: Sequence[Certificate]) -> Chain:
    """Find the way from a signer to one of the anchors.

    Only an anchor ends a chain, and it is known by all of its bytes: a root that a bundle carries is a
    certificate like any other. Of several ways one that is valid now is taken.

    Parameters
    ----------
    rest
        Certificates that may stand between, in any order.
    """
    if not anchors:
        return Chain(
            (), Sentence(f"no anchor is pinned; pin its root with '{command('trust anchor add', 'FILE')}'")
        )
    pinned = {a.fingerprint for a in anchors}
    faults: list[str] = []
    if leaf.fingerprint not in pinned and (fault := _leaf_fault(leaf)):
        return Chain((), fault)
    now = datetime.now(UTC)
    complete: list[Chain] = []
    for path in _paths((leaf,), [*anchors, *rest], pinned, faults, [_MAX_STEPS]):
        complete.append(Chain(path))
        if complete[-1].valid(now):
            return complete[-1]
    if complete:
        return max(complete, key=lambda c: c.ends)
    return Chain((), next(iter(faults), "") or _lost(leaf, rest, anchors))


def _paths(
    path: tuple[Certificate, ...],
    pool: Sequence[Certificate],
    pinned: set[str],
    faults: list[str],
    steps: list[int],
) -> Iterator[tuple[Certificate, ...]]:
    """Yield every way to an anchor; `steps` bounds how many issuers are followed altogether."""
    if path[-1].fingerprint in pinned:
        yield path
        return
    if len(path) >= _LONGEST_PATH:
        return
    for issuer in pool:
        if issuer in path or not _issued(path[-1], issuer):
            continue
        steps[0] -= 1
        if steps[0] < 0:
            return
        between = sum(not c.self_issued for c in path[1:])
        if fault := _issuer_fault(issuer, between, anchor=issuer.fingerprint in pinned):
            faults.append(fault)
            continue
        yield from _paths((*path, issuer), pool, pinned, faults, steps)


def _lost(leaf: Certificate, rest: Sequence[Certificate], anchors: Sequence[Certificate]) -> str:
    """Say where the way from a signer ends that leads to no anchor."""
    last = leaf
    seen = {last}
    while above := next((c for c in rest if c not in seen and _issued(last, c)), None):
        last = above
        seen.add(above)
    if any(
        a.parsed.subject == last.parsed.subject or a.parsed.subject == last.parsed.issuer for a in anchors
    ):
        return f"its chain ends in '{last.name}', which bears the name of a pinned anchor and not its key"
    if last.self_issued:
        return f"its chain ends in '{last.name}', which is not pinned"
    return f"its chain ends in '{last.name}', issued by {last.issuer}, which is not pinned and not given"


@lru_cache(maxsize=512)
def _issued(child: Certificate, issuer: Certificate) -> bool:
    """Whether a certificate names another one as its issuer and bears that one's signature."""
    if child.parsed.issuer != issuer.parsed.subject or not _sound_key(issuer.parsed.public_key()):
        return False
    try:
        digest = child.parsed.signature_hash_algorithm
        if digest is None or digest.name not in _HASHES:
            return False
        child.parsed.verify_directly_issued_by(issuer.parsed)
    except Exception:  # wrong signature, wrong kind of key, an algorithm that is not known: not issued by it
        return False
    return True


def _sound_key(key: CertificatePublicKeyTypes) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in CURVES
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS


def _leaf_fault(leaf: Certificate) -> str:
    usage = _extension(leaf, x509.KeyUsage)
    constraints = _extension(leaf, x509.BasicConstraints)
    if usage is None or not usage.digital_signature:
        return f"the certificate of '{leaf.name}' is not for signing (its key usage has no digitalSignature)"
    if constraints is not None and constraints.ca:
        return f"the certificate of '{leaf.name}' is an authority's, which issues certificates only"
    return _common_fault(leaf)


def _issuer_fault(issuer: Certificate, between: int, *, anchor: bool) -> str:
    """Say why a certificate may not issue another.

    Parameters
    ----------
    between
        Number of authorities that stand between it and the signer.
    """
    constraints = _extension(issuer, x509.BasicConstraints)
    usage = _extension(issuer, x509.KeyUsage)
    if constraints is None or not constraints.ca:
        return f"'{issuer.name}' is no authority and cannot issue certificates"
    if usage is not None and not usage.key_cert_sign:
        return f"'{issuer.name}' may not issue certificates (its key usage has no keyCertSign)"
    if constraints.path_length is not None and constraints.path_length < between:
        return (
            f"'{issuer.name}' allows a chain of {constraints.path_length} authorities below it, not {between}"
        )
    return "" if anchor else _common_fault(issuer)


def _common_fault(certificate: Certificate) -> str:
    for extension in certificate.parsed.extensions:
        if extension.critical and extension.oid.dotted_string not in _UNDERSTOOD:
            return (
                f"the certificate of '{certificate.name}' has a critical extension that is not understood "
                f"({extension.oid.dotted_string})"
            )
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not any(p.dotted_string in _SIGNS_CODE for p in purposes):
        return f"the certificate of '{certificate.name}' is for other purposes than signing code"
    return ""


def _extension(certificate: Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.parsed.extensions.get_extension_for_class(kind).value
    except ExtensionNotFound:
        return None


def read_pem(content: bytes) -> list[Certificate]:
    """Read the certificates of a file: PEM, several of them one after the other, or one in DER."""
    if b"PRIVATE KEY-----" in content:
        raise CertificateError("it holds a private key, which belongs in no file of certificates")
    if b"-----BEGIN CERTIFICATE-----" not in content:
        return [Certificate(content)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = load_pem_x509_certificates(content)
    except Exception as error:
        raise CertificateError(f"a certificate cannot be read ({one_line(error, 60)})") from None

    return [Certificate(c.public_bytes(Encoding.DER)) for c in found]
