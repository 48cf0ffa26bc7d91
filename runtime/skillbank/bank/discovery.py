"""Finding skills: folders, marketplaces, several banks at once; clashes are named, never shadowed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from skillbank.bank.contents import MARKETPLACE, bank_files, digest_of
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.documents import read_json
from skillbank.bank.files import utf8_name
from skillbank.bank.folder import is_there
from skillbank.bank.home import bank_root
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError, SkillNotFoundError, did_you_mean
from skillbank.nearby import at_home, near_path

MAX_DEPTH = 6
MAX_FOLDERS = 20_000
"""Folders of one bank that are looked through for skills."""
_NAME = re.compile(r"[^\s:/\\\x00-\x1f\x7f][^:/\\\x00-\x1f\x7f]{0,63}")
_SKIP = {"node_modules", "__pycache__", "build", "dist"}


class Bank:
    """One folder of skills.

    Raises
    ------
    SkillNotFoundError
        When the folder does not exist.
    """

    def __init__(self, root: Path, name: str | None = None) -> None:
        self.root = at_home(root).resolve()
        if not self.root.is_dir():
            near = near_path(self.root)
            raise SkillNotFoundError(
                f"The bank {root} is not a folder{near}; give --bank a folder of skills."
            )
        self.name = name or self._marketplace_name() or utf8_name(self.root.name)

    @cached_property
    def skills(self) -> tuple[Skill, ...]:
        """Every folder below the bank that holds a SKILL.md, by path."""
        folders, cut = self._folders()
        problems = tuple(p for p in (self._marketplace[1], cut) if p is not None)
        return tuple(Skill(folder, self.name, self.root, problems) for folder in folders)

    def files(self) -> dict[str, str]:
        """Return the sha256 of every file that counts, as it is now; see `skillbank.bank.contents`."""
        return bank_files(self.root, self.fresh_skills())

    def fresh_skills(self) -> list[Skill]:
        """Return the bank's skills as they lie on the disk now; nothing of them has been read before."""
        return [Skill(folder, self.name, self.root) for folder in self._folders()[0]]

    @property
    def digest(self) -> str:
        """Sha256 over the names and contents of all files of the bank that count, as they are now."""
        return digest_of(self.files())

    def _folders(self) -> tuple[list[Path], Diagnostic | None]:
        """Return the folders of skills, and a finding where the bank has more than are looked through."""
        plugins = list(dict.fromkeys(self._plugin_roots()))
        roots = plugins or [self.root / "skills" if (self.root / "skills").is_dir() else self.root]
        seen: set[str] = set()
        found = sorted({f for root in roots for f in _skill_folders(root, self.root, seen)})
        if len(seen) < MAX_FOLDERS:
            return found, None
        message = f"the bank has more than {MAX_FOLDERS} folders, and the rest is not looked through."
        return found, Diagnostic("error", "bank-too-large", message, ".")

    def _plugin_roots(self) -> Iterator[Path]:
        plugins = self._marketplace[0].get("plugins")
        for plugin in plugins if isinstance(plugins, list) else ():
            if not isinstance(plugin, dict):
                continue
            source = plugin.get("source", ".")
            if not isinstance(source, str):
                continue  # lives in another repository, so it is not in this folder
            listed = plugin.get("skills")
            for path in listed if isinstance(listed, list) else ["."]:
                folder = self._folder(source, path)
                if folder is not None:
                    yield folder

    def _folder(self, source: str, path: object) -> Path | None:
        """Return a folder that the list of plugins names; None for what is no folder of the bank."""
        if not isinstance(path, str):
            return None
        try:
            folder = (self.root / source / path).resolve()
            return folder if folder.is_relative_to(self.root) and folder.is_dir() else None
        except (OSError, RuntimeError, ValueError):
            return None

    @cached_property
    def _marketplace(self) -> tuple[dict[str, object], Diagnostic | None]:
        """The bank's list of plugins, and what is wrong with it."""
        file = self.root / MARKETPLACE
        if not is_there(file):
            return {}, None
        try:
            if not file.resolve().is_relative_to(self.root):
                raise SkillFormatError("it is a link that leads out of the bank.")
            document = read_json(file)
            if isinstance(document, dict) and isinstance(document.get("plugins", []), list):
                return document, None
            wrong = "it is not a mapping with a list of plugins"
        except (SkillFormatError, OSError, RuntimeError) as error:
            document, wrong = {}, str(error).replace(str(file), "it").rstrip(".")
        message = f"the bank's list of plugins is not used: {wrong}; all folders are looked through."
        known = document if isinstance(document, dict) else {}
        return {**known, "plugins": []}, Diagnostic("warning", "marketplace", message, MARKETPLACE)

    def _marketplace_name(self) -> str | None:
        name = self._marketplace[0].get("name")
        return name if isinstance(name, str) and _NAME.fullmatch(name) else None


class Library:
    """Several banks seen as one; the bank that comes with skillbank is always there, last."""

    def __init__(self, roots: Sequence[Path] = (), *, own: bool = True) -> None:
        banks = [Bank(root) for root in roots]
        if own and bank_root() not in {b.root for b in banks}:
            banks.append(Bank(bank_root(), "skillbank"))
        names: dict[str, int] = {}
        for bank in banks:
            # Two folders called 'skills' are told apart by a number, in the order given.
            names[bank.name] = names.get(bank.name, 0) + 1
            if names[bank.name] > 1:
                bank.name = f"{bank.name}-{names[bank.name]}"
        self.banks = tuple(banks)

    @cached_property
    def skills(self) -> tuple[Skill, ...]:
        """All skills of all banks."""
        return tuple(s for bank in self.banks for s in bank.skills)

    @cached_property
    def diagnostics(self) -> tuple[tuple[Skill, Diagnostic], ...]:
        """Findings of all skills."""
        return tuple((s, d) for s in self.skills for d in s.diagnostics)

    def get(self, name: str) -> Skill:
        """Return the skill with this name.

        ``bank:skill`` is exact. A plain name may also be the architecture or an alias, in any
        spelling (``Grounding DINO``, ``grounding_dino``).

        Raises
        ------
        SkillNotFoundError
            When nothing or more than one skill fits; the sentence lists the candidates.
        """
        bank, _, plain = name.rpartition(":")
        skills = [s for s in self.skills if not bank or s.bank == bank]
        exact = [s for s in skills if s.name == plain]
        fitting = exact or [s for s in skills if normalise(plain) in self.spellings(s)]
        if len(fitting) > 1:
            listed = ", ".join(sorted(s.qualified for s in fitting))
            raise SkillNotFoundError(
                f"'{name}' is the name of several skills: {listed}; give the whole name."
            )
        if not fitting:
            known = [s.name for s in skills]
            raise SkillNotFoundError(
                f"There is no skill '{name}'{did_you_mean(plain, known)}; 'skillbank skills' lists them all."
            )
        return fitting[0]

    def current(self, name: str) -> Skill:
        """Return a skill as `get` does, with its files as they are now."""
        skill = self.get(name)
        fresh = skill.reread()
        if fresh.digest == skill.digested:
            return skill
        for bank in self.banks:
            bank.__dict__["skills"] = tuple(fresh if s is skill else s for s in bank.skills)
        self.__dict__["skills"] = tuple(fresh if s is skill else s for s in self.skills)
        # The skill's own files may have given it another name meanwhile.
        return self.get(name)

    @staticmethod
    def spellings(skill: Skill) -> set[str]:
        """Return the normalised names a skill answers to."""
        names = [skill.name, re.sub(r"^tao-(train-|finetune-)?", "", skill.name)]
        names += [skill.info.network_arch, *skill.info.aliases]
        return {normalise(n) for n in names if n}


def normalise(name: str) -> str:
    """Fold case, spaces, hyphens and underscores: ``Grounding DINO`` and ``grounding_dino`` are one."""
    return re.sub(r"[\s_-]+", "", name.lower())


def _skill_folders(root: Path, bank: Path, seen: set[str]) -> Iterator[Path]:
    """Yield the folders below `root` that hold a SKILL.md; `seen` are those looked at before."""
    depth = len(root.parts)
    for folder, subfolders, files in os.walk(root, followlinks=False):
        if folder in seen or len(seen) >= MAX_FOLDERS:
            subfolders.clear()
            continue
        seen.add(folder)
        here = Path(folder)
        if ("SKILL.md" in files or "SKILL.md" in subfolders) and here.resolve().is_relative_to(bank):
            yield here
            subfolders.clear()
            continue
        subfolders[:] = [
            s for s in sorted(subfolders)
            if not s.startswith(".") and s not in _SKIP and len(here.parts) - depth < MAX_DEPTH
        ]  # fmt: skip
