"""A bank as it is shown to whoever is to trust it: what it is, what it can start, what has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from skillbank.bank.contents import digest_of
from skillbank.bank.discovery import Bank
from skillbank.environment import foreign
from skillbank.errors import StateError, UsageError
from skillbank.redact import looks_secret
from skillbank.trust.decisions import Decision, decision_of, now
from skillbank.trust.origin import Source, signer_of, source_of
from skillbank.trust.reach import Start, changed_starts, reach, readable
from skillbank.trust.standing import Standing, standing
from skillbank.visible import one_line, visible

__all__ = ["Difference", "FileClass", "Look", "difference", "file_class", "look"]

FileClass = Literal["executable", "prose", "other"]
_CLASSES: tuple[FileClass, ...] = ("executable", "prose", "other")
_PROGRAMS = frozenset(
    [".py", ".sh", ".bash", ".js", ".ts", ".mjs", ".pl", ".rb", ".lua", ".so", ".exe", ".bin", ".ipynb"]
)
_DOCUMENTS = frozenset([".yaml", ".yml", ".json", ".toml", ".ini", ".cfg"])
_PROSE = frozenset([".md", ".mdx", ".txt", ".rst"])


@dataclass(frozen=True)
class Look:
    """One look at a bank.

    Attributes
    ----------
    files
        Sha256 of each file that counts, by its path in the bank.
    skills
        The name that each skill gives itself, by its folder.
    signers
        Who signed each skill that is signed as it lies there, by its folder.
    unread
        Folders of skills that cannot be read.
    """

    bank: str
    root: str
    standing: Standing
    digest: str
    source: Source
    files: Mapping[str, str]
    skills: Mapping[str, str]
    signers: Mapping[str, str]
    starts: tuple[Start, ...]
    unread: tuple[str, ...] = ()

    @property
    def strange(self) -> tuple[str, ...]:
        """Sentences about files that are not what they seem, and about names that do not fit."""
        out = [n for n, d in self.files.items() if d.startswith("link out")]
        odd = [n for n, d in self.files.items() if d.startswith(("no file", "unreadable", "changed while"))]
        other = [f for f, name in self.skills.items() if name != PurePosixPath(f).name and f != "."]
        found = []
        if out:
            found.append(f"{_count(out, 'link leads', 'links lead')} out of the bank and counts for nothing")
        if odd:
            found.append(f"{_count(odd, 'entry is', 'entries are')} no file that can be read")
        if other:
            found.append(
                f"{_count(other, 'skill calls itself', 'skills call themselves')} otherwise than its folder"
            )
        if self.unread:
            found.append(f"{_count(list(self.unread), 'skill', 'skills')} cannot be read, and so not be run")
        return tuple(found)

    def decision(self) -> Decision:
        """Return the decision to trust exactly this."""
        return Decision(
            bank=self.bank,
            root=self.root,
            digest=self.digest,
            source=self.source.address,
            commit=self.source.commit,
            signers=tuple(sorted(set(self.signers.values()))),
            when=now(),
            files=dict(self.files),
            starts=self.starts,
        )

    def document(self) -> dict[str, object]:
        """Return it as a JSON document; nothing in it is hidden or cut."""
        return {
            "bank": visible(self.bank),
            "folder": visible(self.root),
            "state": self.standing.state,
            "digest": self.digest,
            "source": visible(self.source.address),
            "commit": self.source.commit,
            "signers": {visible(f): visible(s) for f, s in self.signers.items()},
            "skills": [{"folder": visible(f), "name": visible(n)} for f, n in self.skills.items()],
            "starts": [
                {
                    "kind": s.kind,
                    "skill": visible(s.skill),
                    "where": visible(s.where),
                    "text": visible(s.text),
                    "remarks": [visible(r) for r in self.remarks(s)],
                }
                for s in self.starts
            ],
            "files": len(self.files),
            "strange": list(self.strange),
        }

    def remarks(self, start: Start) -> tuple[str, ...]:
        """Return what should be known of something that is started, on this machine."""
        found = start.remarks(self.root)
        if start.kind == "variable":
            here = "is set here" if foreign(start.text) is not None else "is not set here"
            secret = "; by its name it holds a secret" if looks_secret(start.text) else ""
            found += (here + secret,)
        return found


@dataclass(frozen=True)
class Difference:
    """What has changed in a bank since it was trusted: things it can start, and files by class."""

    starts: tuple[tuple[Start | None, Start | None], ...]
    files: Mapping[FileClass, tuple[tuple[str, str], ...]]

    def document(self) -> dict[str, object]:
        """Return it as a JSON document."""
        return {
            "starts": [
                {
                    "kind": (now or was).kind,  # type: ignore[union-attr]
                    "skill": visible((now or was).skill),  # type: ignore[union-attr]
                    "where": visible((now or was).where),  # type: ignore[union-attr]
                    "was": None if was is None else visible(was.text),
                    "now": None if now is None else visible(now.text),
                }
                for was, now in self.starts
            ],
            "files": {k: [{"path": visible(p), "change": c} for p, c in v] for k, v in self.files.items()},
        }


def look(bank: Bank) -> Look:
    """Look at a bank as it lies there now.

    Raises
    ------
    SkillFormatError
        When there is too much of it to be looked at.
    StateError
        When it changes while it is looked at.
    UsageError
        When its folder's name cannot be written down.
    """
    root = str(bank.root)
    if readable(root) != root:
        raise UsageError(f"The folder {one_line(root)} has a name that is no text; rename it.")
    before = bank.files()
    skills = bank.fresh_skills()
    signers = {skill.folder: signer for skill in skills if (signer := signer_of(skill)) is not None}
    names = {readable(skill.folder): readable(skill.name) for skill in skills}
    starts, unread = reach(skills)
    found = standing(bank)
    if bank.files() != before:
        raise StateError(
            f"The bank {one_line(bank.name)} changes while it is looked at; wait, and try again."
        )
    return Look(
        bank=readable(bank.name),
        root=root,
        standing=found,
        digest=digest_of(before),
        source=source_of(bank),
        files={readable(name): digest for name, digest in sorted(before.items())},
        skills=dict(sorted(names.items())),
        signers={readable(folder): readable(signer) for folder, signer in sorted(signers.items())},
        starts=starts,
        unread=unread,
    )


def difference(seen: Look, decision: Decision) -> Difference:
    """Return what has changed since a decision."""
    files: dict[FileClass, list[tuple[str, str]]] = {}
    for path in sorted(seen.files.keys() | decision.files.keys()):
        was, is_now = decision.files.get(path), seen.files.get(path)
        if was != is_now:
            change = "new" if was is None else "gone" if is_now is None else "changed"
            files.setdefault(file_class(path), []).append((path, change))
    ordered = {kind: tuple(files[kind]) for kind in _CLASSES if kind in files}
    return Difference(tuple(changed_starts(decision.starts, seen.starts)), ordered)


def earlier(bank: Bank) -> Decision | None:
    """Return what was decided about a bank; nothing where that cannot be read."""
    try:
        return decision_of(bank.root)
    except StateError:
        return None


def file_class(path: str) -> FileClass:
    """Say whether a file decides what is started or how, is text to read, or something else."""
    file = PurePosixPath(path)
    suffix = file.suffix.lower()
    if suffix in _PROSE:
        return "prose"
    if suffix in _PROGRAMS or suffix in _DOCUMENTS or not suffix or "scripts" in file.parts:
        return "executable"
    return "other"


def _count(names: list[str], one: str, more: str) -> str:
    shown = ", ".join(one_line(n, 60) for n in names[:3])
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{len(names)} {one if len(names) == 1 else more} ({shown}{rest})"
