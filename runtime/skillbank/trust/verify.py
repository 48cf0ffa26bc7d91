"""Verifying skills: whether a folder holds what a known signer signed, said as one of six states."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from skillbank.bank.documents import text_of
from skillbank.bank.frontmatter import parse_frontmatter
from skillbank.errors import SkillFormatError, a_few
from skillbank.trust.certificates import Certificate, Chain, find_chain
from skillbank.trust.contents import SIGNATURE_FILE, Contents, NotPlainError, look, read_plain
from skillbank.trust.signature import (
    MAX_BYTES,
    BrokenSignature,
    Bundle,
    Statement,
    check_signature,
    parse_bundle,
    parse_statement,
)
from skillbank.visible import one_line, visible

__all__ = ["STATES", "Change", "State", "Verification", "heading", "verify_content", "verify_skill"]

State = Literal["broken", "unknown_signer", "expired", "changed", "verified", "unsigned"]
STATES: tuple[State, ...] = ("broken", "unknown_signer", "expired", "changed", "verified", "unsigned")
"""In the order in which they are decided: the first that holds is said."""

Kind = Literal["executable", "prose", "other"]
_KINDS: tuple[Kind, ...] = ("executable", "prose", "other")
_SHOWN = 5
_LINE_ENDS_BYTES = 16 << 20


@dataclass(frozen=True, order=True)
class Change:
    """One file that is not as it was signed.

    Attributes
    ----------
    kind
        ``executable`` (what the runtime starts programs by: skill_info, overlays, schemas, spec templates),
        ``prose`` or ``other``.
    change
        ``missing``, ``extra`` (nobody signed it) or ``differs``.
    detail
        What is wrong with it beyond that: ``is a link``.
    """

    path: str
    kind: Kind
    change: Literal["missing", "extra", "differs"]
    detail: str = ""

    def document(self) -> dict[str, str]:
        """Return the change as a JSON document; the name with nothing hidden in it."""
        said = {"path": visible(self.path), "kind": self.kind, "change": self.change}
        return {**said, "detail": self.detail} if self.detail else said


@dataclass(frozen=True)
class Verification:
    """What is to be said of the signature of one skill.

    Attributes
    ----------
    skill
        The name of its folder.
    signer
        Who signed it; None unless a chain leads from that certificate to an anchor.
    claimed
        Who its certificate says has signed it, where nothing vouches for that.
    anchor
        The fingerprint of the anchor that the chain leads to.
    key
        The fingerprint of the signer's key.
    expires
        The end of the chain's validity; its beginning, when that is still to come.
    digest
        The digest of the signed statement.
    fault
        Why it is not verified, without a full stop; empty when it is, or when only files have changed.
    files
        Files that differ from what was signed; also for a signer who is not known, or no longer valid.
    signed
        Sha256 of each signed file, when the signature and the signer are good.
    """

    skill: str
    folder: Path
    state: State
    bank: str = ""
    signer: str | None = None
    claimed: str | None = None
    anchor: str | None = None
    key: str | None = None
    expires: datetime | None = None
    digest: str | None = None
    version: str = ""
    fault: str = ""
    files: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    signed: Mapping[str, str] = field(default_factory=dict)
    rolled_back: bool = False
    signer_changed: bool = False
    was_signed: bool = False

    @property
    def sentence(self) -> str:
        """The state in one sentence for people."""
        changes = self._changes
        if self.state == "verified":
            return f"signed by {self.signer} and unchanged"
        if self.state == "changed":
            said = f"changed since {self.signer} signed it"
            return f"{said}: {'; '.join(filter(None, [self.fault, changes]))}"
        if self.state == "unsigned":
            return f"it has no {SIGNATURE_FILE}, so nobody vouches for it"
        said = {"broken": f"{SIGNATURE_FILE} is no valid signature", "expired": "not valid now"}.get(
            self.state, "signed by somebody unknown" + (f" ('{self.claimed}')" if self.claimed else "")
        )
        return f"{said}: {self.fault}" + (f"; and its files have changed: {changes}" if changes else "")

    @property
    def _changes(self) -> str:
        parts = []
        for kind in _KINDS:
            named = [f"{one_line(c.path)} ({c.change})" for c in self.files if c.kind == kind]
            if named:
                parts.append(f"{len(named)} {kind}: {a_few(named, _SHOWN)}")
        return "; ".join(parts)

    def document(self) -> dict[str, object]:
        """Return the verification as a JSON document."""
        return {
            "skill": visible(self.skill),
            "bank": visible(self.bank),
            "folder": visible(str(self.folder)),
            "state": self.state,
            "signer": self.signer,
            "claimed_signer": self.claimed,
            "anchor": self.anchor,
            "expires": self.expires.isoformat() if self.expires else None,
            "digest": self.digest,
            "reason": self.sentence,
            "files": [c.document() for c in self.files],
            "notes": list(self.notes),
            "rolled_back": self.rolled_back,
            "signer_changed": self.signer_changed,
            "was_signed": self.was_signed,
        }


def verify_skill(
    folder: Path, anchors: Sequence[Certificate], *, bank: str = "", bank_root: Path | None = None
) -> Verification:
    """Say whether a folder holds what a signer signed whom one of the anchors vouches for.

    Parameters
    ----------
    anchors
        The certificates that the user pinned; nothing in the folder can add one.
    bank, bank_root
        The bank that the skill belongs to; the folder itself when it is a bank of its own.

    Returns
    -------
    Verification
        Always: whatever lies in the folder ends in a state.
    """
    folder = folder.resolve()
    name = folder.name
    try:
        content = read_plain(folder / SIGNATURE_FILE, MAX_BYTES)
    except FileNotFoundError:
        return Verification(name, folder, "unsigned", bank)
    except NotPlainError as error:
        return Verification(name, folder, "broken", bank, fault=f"it {error}")
    return verify_content(folder, content, anchors, bank=bank, bank_root=bank_root)


def verify_content(
    folder: Path,
    content: bytes,
    anchors: Sequence[Certificate],
    *,
    bank: str = "",
    bank_root: Path | None = None,
) -> Verification:
    """Say the same of a folder, links resolved, and the content of a signature file that lies elsewhere."""
    name = folder.name
    bundle: Bundle | None = None
    try:
        bundle = parse_bundle(content)
        check_signature(bundle)
        statement = parse_statement(bundle.payload)
    except BrokenSignature as error:
        claimed = bundle.leaf.name if bundle else None
        return Verification(name, folder, "broken", bank, claimed=claimed, fault=str(error))
    whole_bank = bank_root is None or bank_root.resolve() == folder
    chain = find_chain(bundle.leaf, bundle.rest, anchors)
    contents = look(folder, statement.files, whole_bank=whole_bank)
    return _judged(folder, bank, bundle, statement, chain, contents)


def _judged(
    folder: Path, bank: str, bundle: Bundle, statement: Statement, chain: Chain, contents: Contents
) -> Verification:
    head_name, version = heading(contents, folder.name)
    files = _changed(statement, contents)
    renamed = _renamed(statement, folder.name, head_name)
    notes = [*_notes(bundle, contents)]
    if files and _only_line_ends(folder, statement, files):
        notes.append(
            "all files that differ do so in their line ends only, as git's core.autocrlf makes them: set it "
            "to false and check the bank out again"
        )
    state, fault, expires = _state(chain, bool(files or renamed or contents.incomplete))
    if state == "changed":
        fault = "; ".join(filter(None, [renamed, contents.incomplete]))
    elif renamed or contents.incomplete:
        notes += filter(None, [renamed, contents.incomplete])
    known = bool(chain.path)
    return Verification(
        folder.name,
        folder,
        state,
        bank,
        signer=bundle.leaf.name if known else None,
        claimed=None if known else bundle.leaf.name,
        anchor=chain.path[-1].fingerprint if known else None,
        key=bundle.leaf.key_fingerprint,
        expires=expires,
        digest=statement.digest,
        version=version,
        fault=fault,
        files=files,
        notes=tuple(notes),
        signed=statement.files if state in ("verified", "changed") else {},
    )


def _state(chain: Chain, changed: bool) -> tuple[State, str, datetime | None]:
    """Return the state, why, and the date that it depends on."""
    if not chain.path:
        return "unknown_signer", chain.fault, None
    now = datetime.now(UTC)
    if now > chain.ends:
        return "expired", f"the certificate's time ended on {chain.ends:%Y-%m-%d}", chain.ends
    if now < chain.begins:
        return "expired", f"the certificate's time begins on {chain.begins:%Y-%m-%d}", chain.begins
    return ("changed" if changed else "verified"), "", chain.ends


def _changed(statement: Statement, contents: Contents) -> tuple[Change, ...]:
    found = []
    for name, digest in statement.files.items():
        fault = contents.faults.get(name, "")
        if name not in contents.names:
            found.append(Change(name, _kind(name), "missing"))
        elif contents.digests.get(name) != digest:
            found.append(Change(name, _kind(name), "differs", fault))
    found += [
        Change(name, _kind(name), "extra", contents.faults.get(name, ""))
        for name in contents.names - statement.files.keys()
    ]
    return tuple(sorted(found))


def _kind(name: str) -> Kind:
    """Say what a file is for the runtime, by its name: what may become part of a command is executable."""
    folder, _, file = name.rpartition("/")
    if file.endswith(".md"):
        return "prose"
    if file == "skill_info.yaml" or file.endswith(".skill_info.yaml") or file.startswith("spec_template"):
        return "executable"
    if name.startswith("schemas/") or (
        folder == "references" and file.endswith((".yaml", ".yml", ".json", ".toml"))
    ):
        return "executable"
    return "other"


def heading(contents: Contents, folder: str) -> tuple[str, str]:
    """Return the name and the version that SKILL.md gives, read as the runtime reads them."""
    try:
        text = text_of(contents.heading or b"", "SKILL.md")
    except SkillFormatError:
        text = ""
    head, _ = parse_frontmatter(text, folder)
    return head.name, head.version


def _renamed(statement: Statement, folder: str, head: str) -> str:
    """Say where a skill goes by another name than the one that was signed."""
    signed = unicodedata.normalize("NFKC", statement.name)
    if statement.name != folder:
        return f"it was signed as '{one_line(statement.name)}', and its folder is '{one_line(folder)}'"
    if head != signed:
        return f"it was signed as '{one_line(statement.name)}', and its SKILL.md says '{one_line(head)}'"
    return ""


def _only_line_ends(folder: Path, statement: Statement, files: Sequence[Change]) -> bool:
    """Whether every changed file is the signed one with other line ends; read anew, as it is only a hint."""
    if Counter(c.change for c in files) != {"differs": len(files)}:
        return False
    for change in files:
        try:
            content = read_plain(folder / change.path, _LINE_ENDS_BYTES)
        except (NotPlainError, OSError):
            return False
        plain = content.replace(b"\r\n", b"\n")
        if statement.files[change.path] not in (
            hashlib.sha256(plain).hexdigest(),
            hashlib.sha256(plain.replace(b"\n", b"\r\n")).hexdigest(),
        ):
            return False
    return True


def _notes(bundle: Bundle, contents: Contents) -> list[str]:
    notes = []
    if bundle.unchecked:
        notes.append("its transparency log or timestamps are not checked")
    if contents.writable:
        notes.append(f"{contents.writable} of its files can be written by every user of this machine")
    return notes
