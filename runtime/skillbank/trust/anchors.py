"""Anchors: the certificates that this user pinned, and through which signers of skills are known."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from skillbank.environment import ANCHORS
from skillbank.errors import DataNotFoundError, TrustError, UsageError
from skillbank.trust.anchor_folder import anchor_folder
from skillbank.trust.certificates import MAX_BYTES, Certificate, CertificateError, read_pem
from skillbank.trust.contents import NotPlainError
from skillbank.ways import command
from skillbank.whole_files import write_whole

__all__ = ["Anchor", "add", "pinned", "read_file", "remove"]

"""Files of certificates that whoever runs this machine pins for everybody, as SKILLBANK_BANKS names banks."""


@dataclass(frozen=True)
class Anchor:
    """A pinned certificate and the file that it came from."""

    certificate: Certificate
    file: Path

    def document(self) -> dict[str, object]:
        """Return the anchor as a JSON document."""
        return {
            "fingerprint": self.certificate.fingerprint,
            "subject": self.certificate.subject,
            "begins": self.certificate.begins.isoformat(),
            "expires": self.certificate.ends.isoformat(),
            "file": str(self.file),
        }

    def __str__(self) -> str:
        ended = "" if self.certificate.ends > datetime.now(UTC) else ", EXPIRED"
        return (
            f"{self.certificate.subject}, until {self.certificate.ends:%Y-%m-%d}{ended}\n"
            f"  sha256 {self.certificate.fingerprint}"
        )


def pinned() -> list[Anchor]:
    """Return all anchors: those of this user's home, then those that SKILLBANK_ANCHORS names.

    Raises
    ------
    TrustError
        When a file among them cannot be read: an anchor that is missing without a word would be a change of
        who is trusted.
    """
    try:
        files = sorted(f for f in anchor_folder().iterdir() if f.suffix == ".pem")
    except FileNotFoundError:
        files = []
    files += [Path(f).expanduser() for f in (ANCHORS.value or "").split(os.pathsep) if f]
    found: dict[str, Anchor] = {}
    for file in files:
        try:
            certificates = read_file(file)
        except (UsageError, DataNotFoundError) as error:
            raise TrustError(f"A pinned anchor cannot be read: {error.sentence.marked}") from None
        for certificate in certificates:
            found.setdefault(certificate.fingerprint, Anchor(certificate, file))
    return list(found.values())


def read_file(file: Path) -> list[Certificate]:
    """Read the certificates of a file that a person named.

    Raises
    ------
    DataNotFoundError
        When it is not there.
    UsageError
        When it holds anything but certificates.
    """
    try:
        if file.stat().st_size > MAX_BYTES or not file.is_file():
            raise NotPlainError(f"is no file of at most {MAX_BYTES >> 20} MiB")
        found = read_pem(file.read_bytes())
    except FileNotFoundError:
        raise DataNotFoundError(f"There is no file {file}; name a file of certificates (PEM).") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from None
    except (CertificateError, NotPlainError) as error:
        raise UsageError(
            f"{file} cannot be used as certificates: {error}; give a file of certificates (PEM)."
        ) from None
    return found


def add(file: Path) -> list[Anchor]:
    """Pin every certificate of a file, each in a file of its own that bears its fingerprint."""
    certificates = read_file(file)
    folder = anchor_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [Anchor(c, _written(folder / f"{c.fingerprint}.pem", c)) for c in certificates]


def remove(which: str) -> list[Anchor]:
    """Unpin anchors of this user's home, named by a fingerprint's beginning or by a file of certificates.

    Raises
    ------
    DataNotFoundError
        When none of them is pinned.
    UsageError
        When a beginning fits several.
    """
    own = [a for a in pinned() if a.file.parent == anchor_folder()]
    beginning = which.replace(":", "").lower()
    chosen: Sequence[Anchor] = [
        a for a in own if len(beginning) >= 8 and a.certificate.fingerprint.startswith(beginning)
    ]
    if not chosen and Path(which).expanduser().is_file():
        wanted = {c.fingerprint for c in read_file(Path(which).expanduser())}
        chosen = [a for a in own if a.certificate.fingerprint in wanted]
    elif len(chosen) > 1:
        raise UsageError(f"'{which}' is the beginning of {len(chosen)} fingerprints; give more of it.")
    if not chosen:
        raise DataNotFoundError(
            f"No anchor '{which}' is pinned here; '{command('trust anchor list')}' shows the "
            "fingerprints that "
            f"are (those of {ANCHORS} are removed there)."
        )
    _unpin(own, {a.certificate.fingerprint for a in chosen})
    return list(chosen)


def _unpin(own: Sequence[Anchor], gone: set[str]) -> None:
    """Take certificates out of the files that hold them; a file that somebody put there may hold several."""
    for file in {a.file for a in own if a.certificate.fingerprint in gone}:
        kept = [c for c in read_file(file) if c.fingerprint not in gone]
        file.unlink()
        for certificate in kept:
            _written(file.parent / f"{certificate.fingerprint}.pem", certificate)


def _written(file: Path, certificate: Certificate) -> Path:
    write_whole(file, certificate.parsed.public_bytes(Encoding.PEM))
    return file
