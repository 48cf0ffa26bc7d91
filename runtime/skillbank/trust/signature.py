"""``skill.oms.sig``: a Sigstore bundle around a signed statement about the files of one skill.

What is signed is the payload's bytes as they are, in the pre-authentication encoding of DSSE; nothing here
writes JSON anew. Whatever is not exactly as it must be is a `BrokenSignature`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from skillbank.trust.certificates import CURVES, MAX_CHAIN, Certificate, CertificateError
from skillbank.trust.contents import SIGNATURE_FILE
from skillbank.visible import one_line

__all__ = [
    "BrokenSignature",
    "Bundle",
    "Statement",
    "check_signature",
    "joint_digest",
    "pae",
    "parse_bundle",
    "parse_statement",
]

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"

MAX_BYTES = 4 << 20
"""Of the signature file; real ones have some ten thousand bytes, 130 for each file of the skill."""
_MAX_DEPTH = 20
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MARKS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""Texts, which are stepped over, and brackets; a text without an end goes to the end: this stays linear."""


class BrokenSignature(ValueError):  # noqa: N818 - it is the name of a state
    """Why a signature is none; a part of a sentence, without a full stop."""


@dataclass(frozen=True)
class Bundle:
    """A signature file, taken apart.

    Attributes
    ----------
    leaf
        The signer's certificate, as it claims; nothing vouches for it yet.
    rest
        The other certificates of the file.
    payload
        The signed bytes.
    unchecked
        Whether the file holds a transparency log or timestamps, which are not looked at.
    """

    leaf: Certificate
    rest: tuple[Certificate, ...]
    payload: bytes
    signature: bytes
    unchecked: bool


@dataclass(frozen=True)
class Statement:
    """What a signer says: the name of a skill, and the sha256 of each of its files in the order given."""

    name: str
    digest: str
    files: Mapping[str, str]


def parse_bundle(content: bytes) -> Bundle:
    """Take a signature file apart.

    Raises
    ------
    BrokenSignature
        When it is not of the one form that is supported.
    """
    if len(content) > MAX_BYTES:
        raise BrokenSignature(f"it is larger than {MAX_BYTES >> 20} MiB")
    document = _mapping(_json(content, "it"), "it")
    if document.get("mediaType") != MEDIA_TYPE:
        raise BrokenSignature(f"its mediaType is {_said(document.get('mediaType'))}, not {MEDIA_TYPE}")
    material = _mapping(document.get("verificationMaterial"), "verificationMaterial")
    listed = _mapping(material.get("x509CertificateChain"), "x509CertificateChain").get("certificates")
    if not isinstance(listed, list) or not listed:
        raise BrokenSignature("it holds no certificate")
    if len(listed) > MAX_CHAIN:
        raise BrokenSignature(f"it holds {len(listed)} certificates, and at most {MAX_CHAIN} are read")
    try:
        leaf, *rest = [
            Certificate(_base64(_mapping(c, "a certificate").get("rawBytes"), "rawBytes")) for c in listed
        ]
    except CertificateError as error:
        raise BrokenSignature(str(error)) from None
    envelope = _mapping(document.get("dsseEnvelope"), "dsseEnvelope")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise BrokenSignature(f"its payloadType is {_said(envelope.get('payloadType'))}, not {PAYLOAD_TYPE}")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1:
        count = len(signatures) if isinstance(signatures, list) else "no"
        raise BrokenSignature(f"it holds {count} signatures, not exactly 1")
    unchecked = bool(material.get("tlogEntries")) or "timestampVerificationData" in material
    return Bundle(
        leaf,
        tuple(rest),
        _base64(envelope.get("payload"), "payload"),
        _base64(_mapping(signatures[0], "the signature").get("sig"), "sig"),
        unchecked,
    )


def pae(payload: bytes) -> bytes:
    """Return the bytes that are signed for a payload: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def check_signature(bundle: Bundle) -> None:
    """Check that the key of the signer's certificate made the signature over the payload as it is."""
    key = bundle.leaf.parsed.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise BrokenSignature("its key is none of ECDSA on P-256, P-384 or P-521")
    try:
        key.verify(bundle.signature, pae(bundle.payload), ec.ECDSA(getattr(hashes, CURVES[key.curve.name])()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, OverflowError):
        raise BrokenSignature("its signature does not fit its payload") from None


def parse_statement(payload: bytes) -> Statement:
    """Read what was signed.

    Raises
    ------
    BrokenSignature
        When it is no statement about the files of one skill, or could be read in two ways.
    """
    document = _mapping(_json(payload, "its payload"), "its payload")
    if document.get("_type") != STATEMENT_TYPE:
        raise BrokenSignature(
            f"its statement is of type {_said(document.get('_type'))}, not {STATEMENT_TYPE}"
        )
    if document.get("predicateType") != PREDICATE_TYPE:
        raise BrokenSignature(
            f"its predicate is of type {_said(document.get('predicateType'))}, not {PREDICATE_TYPE}"
        )
    subjects = document.get("subject")
    if not isinstance(subjects, list) or len(subjects) != 1:
        raise BrokenSignature("its statement is not about exactly 1 subject")
    subject = _mapping(subjects[0], "the subject")
    name = subject.get("name")
    if not isinstance(name, str) or not name:
        raise BrokenSignature("its subject has no name")
    digests = _mapping(subject.get("digest"), "the subject's digest")
    if set(digests) != {"sha256"}:
        raise BrokenSignature("its subject's digest is not exactly one sha256")
    predicate = _mapping(document.get("predicate"), "the predicate")
    _check_serialization(_mapping(predicate.get("serialization"), "serialization"))
    files = _files(predicate.get("resources"))
    digest = _sha256(digests["sha256"], "the subject")
    if joint_digest(files) != digest:
        raise BrokenSignature("its subject's digest is not that of the files it lists")
    return Statement(name, digest, files)


def joint_digest(files: Mapping[str, str]) -> str:
    """Return the digest of a subject: sha256 over the binary digests of its files, in their order."""
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in files.values())).hexdigest()


def _check_serialization(serialization: dict[str, object]) -> None:
    for key, wanted in (("method", "files"), ("hash_type", "sha256")):
        if serialization.get(key) != wanted:
            raise BrokenSignature(
                f"its {key} is {_said(serialization.get(key))}, and only {wanted} is supported"
            )
    if serialization.get("allow_symlinks") is not False:
        raise BrokenSignature("its allow_symlinks is not false, and links are never allowed")
    ignored = serialization.get("ignore_paths", [])
    if not isinstance(ignored, list) or not all(isinstance(path, str) for path in ignored):
        raise BrokenSignature("its ignore_paths is no list of paths")


def _files(resources: object) -> dict[str, str]:
    if not isinstance(resources, list) or not resources:
        raise BrokenSignature("its statement lists no files")
    files: dict[str, str] = {}
    for resource in resources:
        entry = _mapping(resource, "a file")
        name = _file_name(entry.get("name"))
        if name in files:
            raise BrokenSignature(f"it lists {one_line(name)} twice")
        if entry.get("algorithm") != "sha256":
            raise BrokenSignature(
                f"the digest of {one_line(name)} is {_said(entry.get('algorithm'))}, not sha256"
            )
        files[name] = _sha256(entry.get("digest"), name)
    if "SKILL.md" not in files:
        raise BrokenSignature("its statement does not cover SKILL.md")
    return files


def _file_name(name: object) -> str:
    """Return the name of a signed file: a plain path below the skill, spelled in the one way."""
    if not isinstance(name, str) or not name:
        raise BrokenSignature("a file that it lists has no name")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise BrokenSignature(f"it lists a file that no system can hold: {one_line(name)}") from None
    plain = not any(part in ("", ".", "..") for part in name.split("/"))
    if not plain or "\\" in name or "\0" in name or re.match(r"[A-Za-z]:", name) or name == SIGNATURE_FILE:
        raise BrokenSignature(f"it lists a file that is no plain path below the skill: {one_line(name)}")
    return name


def _json(content: bytes, where: str) -> object:
    """Read JSON that has exactly one meaning: no name twice, no NaN, no depth that only an attack has."""
    depth = 0
    for mark in _MARKS.finditer(content):
        depth += (mark[0] in b"[{") - (mark[0] in b"]}")
        if depth > _MAX_DEPTH:
            raise BrokenSignature(f"{where} is nested deeper than {_MAX_DEPTH} levels")
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError:
        raise BrokenSignature(f"{where} is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        if isinstance(error, BrokenSignature):
            raise
        raise BrokenSignature(f"{where} is not JSON ({one_line(error)})") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise BrokenSignature(f"it has the name {_said(name)} twice in one place")
        found[name] = value
    return found


def _no_number(word: str) -> object:
    raise BrokenSignature(f"it holds {word}, which JSON does not have")


def _mapping(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BrokenSignature(f"{what} is no mapping" if value is not None else f"it has no {what}")
    return value


def _base64(value: object, what: str) -> bytes:
    try:
        found = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        found = b""
    if not found or base64.b64encode(found).decode() != value:
        raise BrokenSignature(f"its {what} is no base64")
    return found


def _sha256(value: object, what: str) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise BrokenSignature(f"the digest of {one_line(what)} is no sha256")
    return value


def _said(value: object) -> str:
    return "missing" if value is None else f"'{one_line(value, 60)}'"
