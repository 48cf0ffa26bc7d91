"""Skills as MCP resources (SEP-2640): a skill's files can be read, and its entry says what they hash to."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from skillbank.bank.discovery import Library
from skillbank.bank.files import hash_file, read_file
from skillbank.bank.frontmatter import parse_frontmatter
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError

__all__ = ["SCHEME", "Shelf", "SkillFile"]

SCHEME = "skill://"
DIRECTORY = "inode/directory"
MAX_FILES, MAX_BYTES = 512, 16 * 1024 * 1024
"""The extension's limits of one skill; hosts need not load a larger one, so it is not offered."""

_TYPES = {".md": "text/markdown", ".yaml": "application/yaml", ".yml": "application/yaml"}
_Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class SkillFile:
    """One file of a skill: its URI, where it lies, its size in bytes, and what it must hash to if signed."""

    uri: str
    path: Path
    size: int
    signed: str | None = None

    @property
    def mime_type(self) -> str:
        """The media type that the file's name says."""
        known = _TYPES.get(self.path.suffix.lower())
        return known or mimetypes.guess_type(self.path.name)[0] or "application/octet-stream"

    def read(self) -> bytes:
        """Return the content; a link or a pipe that has taken the file's place is refused."""
        content = read_file(self.path, MAX_BYTES)
        if self.signed is not None and hashlib.sha256(content).hexdigest() != self.signed:
            raise SkillFormatError(f"{self.path} is not the file that was signed, so it is not given.")
        return content


class Shelf:
    """The skills of a library, addressed as ``skill://BANK/NAME/FILE``.

    Only what lies in a skill's own folder is listed, and only what is listed is read: no links, no hidden
    files, no way up, and of a verified skill nothing that is not signed. A skill whose head is not as the
    Agent Skills standard wants it has no entry, since one such entry makes strict hosts refuse the whole
    list; the tools serve it all the same.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._digests: dict[Path, tuple[_Stamp, str]] = {}

    def entries(self) -> list[dict[str, Any]]:
        """Return the entry of every skill: ``uri``, ``frontmatter`` verbatim, ``resources``."""
        made = (self._entry(prefix, skill) for prefix, skill in self._skills())
        return [entry for entry in made if entry is not None]

    def entry(self, uri: str) -> dict[str, object] | None:
        """Return the entry of the skill whose SKILL.md has this URI."""
        place = self._place(uri)
        if place is None or place[2] != ("SKILL.md",):
            return None
        return self._entry(place[0], place[1])

    def heads(self) -> list[tuple[SkillFile, Skill]]:
        """Return the SKILL.md of every skill."""
        found = []
        for prefix, skill in self._skills():
            heads = [f for f in _files(prefix, skill) if f.path == skill.root / "SKILL.md"]
            found += [(head, skill) for head in heads]
        return found

    def file(self, uri: str) -> SkillFile | None:
        """Return the file with this URI; None when no skill has it, or it is larger than a skill may be."""
        place = self._place(uri)
        if place is None:
            return None
        prefix, skill, parts = place
        wanted = skill.root.joinpath(*parts)
        found = next((f for f in _files(prefix, skill) if f.path == wanted), None)
        return found if found is not None and found.size <= MAX_BYTES else None

    def children(self, uri: str) -> list[tuple[str, str, str, int | None]] | None:
        """Return what lies directly in a folder of a skill: URI, name, media type and size of each.

        None when there is no such folder.
        """
        place = self._place(uri.removesuffix("/"))
        if place is None:
            return None
        prefix, skill, parts = place
        folder = skill.root.joinpath(*parts)
        below = [f for f in _files(prefix, skill) if f.path.is_relative_to(folder) and f.path != folder]
        if not below:
            return None
        found: dict[str, tuple[str, str, str, int | None]] = {}
        for file in below:
            name, *deeper = file.path.relative_to(folder).parts
            if deeper:
                found[name] = (f"{prefix}{_quoted((*parts, name))}", name, DIRECTORY, None)
            else:
                found[name] = (file.uri, name, file.mime_type, file.size)
        return [found[name] for name in sorted(found)]

    def _skills(self) -> Iterator[tuple[str, Skill]]:
        """Yield each skill with what its URIs begin with; of a name that a bank has twice, none."""
        banks: dict[str, str] = {}
        for bank in self._library.banks:
            slug = re.sub(r"[^a-z0-9-]+", "-", bank.name.lower()).strip("-") or "bank"
            while slug in banks.values():
                slug += "-"
            banks[bank.name] = slug
        # A bank's address leads to its own files, copies of another bank's skill too.
        everything = [skill for bank in self._library.banks for skill in bank.skills]
        names = Counter((skill.bank, skill.name) for skill in everything)
        for skill in everything:
            if names[skill.bank, skill.name] == 1:
                yield f"{SCHEME}{banks[skill.bank]}/{quote(skill.name, safe='')}/", skill

    def _place(self, uri: str) -> tuple[str, Skill, tuple[str, ...]] | None:
        """Take a URI apart: what it begins with, the skill, and the path inside it."""
        if not uri.startswith(SCHEME):
            return None
        bank, name, *rest = [unquote(part) for part in uri.removeprefix(SCHEME).split("/")] + [""]
        parts = tuple(rest[:-1])
        if any(part in ("", ".", "..") or re.search(r"[/\\\0]", part) for part in parts):
            return None
        prefix = f"{SCHEME}{bank.lower()}/{quote(name, safe='')}/"
        return next(((p, skill, parts) for p, skill in self._skills() if p == prefix), None)

    def _entry(self, prefix: str, skill: Skill) -> dict[str, object] | None:
        files = list(_files(prefix, skill))
        if len(files) > MAX_FILES or sum(file.size for file in files) > MAX_BYTES:
            return None
        try:
            text = skill.text(skill.root / "SKILL.md")
            resources = [
                {"uri": f.uri, "digest": f"sha256:{self._digest(f.path)}", "size": f.size} for f in files
            ]
        except (OSError, ValueError, SkillFormatError):
            return None
        head, found = parse_frontmatter(text, skill.name)
        if any(finding.severity == "error" for finding in found) or head.name != skill.name:
            return None
        try:
            frontmatter = json.loads(json.dumps(head.raw, allow_nan=False))
        except (TypeError, ValueError):
            return None
        if not _standard(frontmatter):
            return None
        return {"uri": f"{prefix}SKILL.md", "frontmatter": frontmatter, "resources": resources}

    def _digest(self, path: Path) -> str:
        """Return a file's sha256, computed anew when the file has changed."""
        facts = path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        known = self._digests.get(path)
        if known is None or known[0] != stamp:
            known = self._digests[path] = (stamp, hash_file(path, MAX_BYTES)[0])
        return known[1]


def _files(prefix: str, skill: Skill) -> Iterator[SkillFile]:
    """Yield the files of a skill's folder, by path; links, what is hidden or not signed are not of it."""
    root, signed = skill.root, skill.signed
    for folder, subfolders, names in os.walk(root, followlinks=False):
        here = Path(folder)
        subfolders[:] = sorted(s for s in subfolders if not s.startswith(".") and s != "__pycache__")
        for name in sorted(names):
            path = here / name
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            inside = path.relative_to(root)
            digest = signed.get(inside.as_posix()) if signed is not None else None
            if signed is None or digest is not None:
                yield SkillFile(f"{prefix}{_quoted(inside.parts)}", path, path.stat().st_size, digest)


def _quoted(parts: tuple[str, ...]) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _standard(head: Mapping[str, object]) -> bool:
    """Say whether the optional fields of a head have the types of the Agent Skills standard."""
    metadata = head.get("metadata", {})
    texts = [head[name] for name in ("license", "compatibility", "allowed-tools") if name in head]
    return (
        all(isinstance(text, str) for text in texts)
        and 1 <= len(str(head.get("compatibility", "-"))) <= 500
        and isinstance(metadata, dict)
        and all(isinstance(value, str) for value in metadata.values())
    )
