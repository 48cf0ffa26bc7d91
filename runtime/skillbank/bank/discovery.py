"""Finding skills: folders, marketplaces, and several banks in the order in which they answer to a name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from skillbank.bank.claims import Claims
from skillbank.bank.contents import MARKETPLACE, bank_files, digest_of
from skillbank.bank.copies import with_copies, without_copies
from skillbank.bank.diagnostics import Diagnostic
from skillbank.bank.documents import read_json
from skillbank.bank.files import is_there, no_link_below, utf8_name
from skillbank.bank.home import bank_root
from skillbank.bank.lookalikes import skeleton
from skillbank.bank.names import bank_name, normalise, shown, spellings
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError, SkillNotFoundError, did_you_mean, sentence_of
from skillbank.nearby import at_home, near_path
from skillbank.ways import command, option

__all__ = ["OWN", "Bank", "Library", "Resolved", "normalise"]

OWN = "skillbank"
"""Name of the bank that comes with skillbank; no other bank has it."""
MAX_DEPTH = 6
_SHOWN = 8
MAX_FOLDERS = 20_000
"""Folders of one bank that are looked through for skills."""
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
                f"The bank {root} is not a folder{near}; give {option('bank')} a folder of skills."
            )
        self.is_own = self.root == bank_root()
        self.problems: list[Diagnostic] = []
        """Findings about the bank itself, which each of its skills says."""
        if self._marketplace[1] is not None:
            self.problems.append(self._marketplace[1])
        said = name or self._marketplace_name() or utf8_name(self.root.name)
        self.name = OWN if self.is_own else bank_name(said)
        if not self.is_own and skeleton(self.name) == skeleton(OWN):
            self.rename(f"{OWN}-2", f"the bank calls itself '{shown(said)}' and does not come with skillbank")
        elif name is None and self._marketplace_name() is not None and self.name != said:
            self.rename(self.name, f"the bank's name '{shown(said)}' cannot be said")

    def rename(self, name: str, why: str) -> None:
        """Give the bank another name before its skills are read, and say why."""
        self.name = name
        message = f"{why}; here it is '{shown(name)}'."
        self.problems.append(Diagnostic("warning", "bank-name", message, MARKETPLACE))

    @cached_property
    def skills(self) -> tuple[Skill, ...]:
        """Every folder below the bank that holds a SKILL.md, by path."""
        folders, cut = self._folders()
        problems = (*self.problems, *([cut] if cut is not None else ()))
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

    @property
    def elsewhere(self) -> tuple[tuple[str, str], ...]:
        """The plugins of the marketplace that lie in other repositories: their names, and where that is."""
        plugins = self._marketplace[0].get("plugins")
        found = []
        for plugin in plugins if isinstance(plugins, list) else ():
            source = plugin.get("source") if isinstance(plugin, dict) else None
            if isinstance(source, dict):
                where = source.get("url") or source.get("repo") or source.get("source")
                found.append((str(plugin.get("name")), str(where)))
        return tuple(found)

    def _folders(self) -> tuple[list[Path], Diagnostic | None]:
        """Return the folders of skills, and a finding where the bank has more than are looked through."""
        # A marketplace often names a part of what lies beside it in skills/: all of both is there.
        named = dict.fromkeys((*self._plugin_roots(), self._folder(".", "skills")))
        roots = [root for root in named if root is not None] or [self.root]
        seen: set[str] = set()
        each = dict(found for root in roots for found in _skill_folders(root, self.root, seen))
        found = sorted(each.values())
        if len(seen) < MAX_FOLDERS:
            return found, None
        message = f"the bank has more than {MAX_FOLDERS} folders, and the rest is not looked through."
        return found, Diagnostic("error", "bank-too-large", message, ".")

    def _plugin_roots(self) -> Iterator[Path]:
        plugins = self._marketplace[0].get("plugins")
        asked: set[tuple[str, str]] = set()  # a list may name one folder ten thousand times
        for plugin in plugins if isinstance(plugins, list) else ():
            if not isinstance(plugin, dict):
                continue
            source = plugin.get("source", ".")
            if not isinstance(source, str):
                continue  # lives in another repository, so it is not in this folder
            listed = plugin.get("skills")
            for path in listed if isinstance(listed, list) else ["."]:
                if not isinstance(path, str) or (source, path) in asked:
                    continue
                asked.add((source, path))
                folder = self._folder(source, path)
                if folder is not None:
                    yield folder

    def _folder(self, source: str, path: str) -> Path | None:
        """Return a folder that the list of plugins names; None for what is no folder of the bank."""
        try:
            named = self.root / source / path
            if ".." not in named.parts and not named.is_dir():  # seen at a tenth of the cost of its links
                return None
            folder = named.resolve()
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
            document, wrong = {}, sentence_of(error).replace(str(file), "it").rstrip(".")
        message = f"the bank's list of plugins is not used: {wrong}; all folders are looked through."
        known = document if isinstance(document, dict) else {}
        return {**known, "plugins": []}, Diagnostic("warning", "marketplace", message, MARKETPLACE)

    def _marketplace_name(self) -> str | None:
        name = self._marketplace[0].get("name")
        return name if isinstance(name, str) and name else None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The skill that a name stands for, and what else claims the name, as a sentence or empty."""

    skill: Skill
    note: str = ""


class Library:
    """The banks of a user, in the order in which they answer to a name.

    The bank that comes with skillbank is always there and answers first, then the others as they are given,
    unless `order` says otherwise.

    Parameters
    ----------
    roots
        Folders of skills.
    own
        Whether the bank that comes with skillbank is one of them.
    named
        Banks whose names are known, such as installed ones: name and folder; they come after `roots`.
    ahead
        Folders of `named` banks that come before the one that comes with skillbank, unless `order` places it.
    order
        Names of banks that come before all others, in this order; the bank that comes with skillbank is
        called ``skillbank``.

    Raises
    ------
    SkillNotFoundError
        When a folder does not exist.
    """

    def __init__(
        self,
        roots: Sequence[Path] = (),
        *,
        own: bool = True,
        named: Sequence[tuple[str, Path]] = (),
        ahead: Sequence[Path] = (),
        order: Sequence[str] = (),
    ) -> None:
        found = [Bank(bank_root())] if own else []
        found += [Bank(root) for root in roots]
        found += [Bank(root, name) for name, root in named]
        banks = list({bank.root: bank for bank in reversed(found)}.values())[::-1]
        _tell_apart(banks)
        first = {name: i for i, name in enumerate(order)}
        before = {at_home(root).resolve() for root in ahead} if OWN not in first else set()

        def place(bank: Bank) -> int:
            if bank.name in first:
                return first[bank.name]
            if bank.root in before:  # by its folder: any other bank can give itself an installed one's name
                return -2
            # Not naming the own bank does not put others before it.
            return -1 if bank.is_own and OWN not in first else len(first)

        self.banks = tuple(sorted(banks, key=place))

    @cached_property
    def skills(self) -> tuple[Skill, ...]:
        """All skills of all banks; of copies the first."""
        return tuple(skill for skill, _ in self._kept)

    @cached_property
    def _kept(self) -> list[tuple[Skill, list[Skill]]]:
        """Every skill, with its copies."""
        return with_copies(s for bank in self.banks for s in bank.skills)

    def also_in(self, skill: Skill) -> tuple[str, ...]:
        """Return the banks that hold a copy of a skill, beside its own."""
        copies = next((copies for first, copies in self._kept if first.root == skill.root), [])
        return tuple(dict.fromkeys(copy.bank for copy in copies if copy.bank != skill.bank))

    @cached_property
    def claims(self) -> Claims:
        """Who answers to which name."""
        return Claims(self.skills, OWN)

    @cached_property
    def diagnostics(self) -> tuple[tuple[Skill, Diagnostic], ...]:
        """Findings of all skills."""
        return tuple((s, d) for s in self.skills for d in (*s.diagnostics, *self._imitations(s)))

    def _imitations(self, skill: Skill) -> Iterator[Diagnostic]:
        for name in dict.fromkeys((skill.name, skill.called.network_arch, *skill.called.aliases)):
            if self.claims.imitated(name):
                message = f"the name '{shown(name)}' only looks like another skill's and is not answered to."
                yield Diagnostic("warning", "name-imitates", message, "SKILL.md")
            elif self.claims.described(name):
                message = f"the alias '{shown(name)}' describes another bank's skill and is not answered to."
                yield Diagnostic("warning", "alias-describes", message, "references/skill_info.yaml")

    def said(self, skill: Skill) -> str:
        """Return what to call a skill: its name, with its bank where the name alone means another skill."""
        named = self.claims.of(skill.name).skills
        return skill.name if [s.root for s in named] == [skill.root] else skill.qualified

    def exactly(self, bank: str, name: str) -> list[Skill]:
        """Return the skill that ``bank:name`` is or copies; several when an alias does not tell."""
        return self._exact.get((bank.casefold(), normalise(name)), [])

    @cached_property
    def _exact(self) -> dict[tuple[str, str], list[Skill]]:
        exact: dict[tuple[str, str], list[Skill]] = {}
        for skill, copies in self._kept:
            for one in (skill, *copies):
                for spelling in spellings(one):
                    exact.setdefault((one.bank.casefold(), spelling), []).append(skill)
        return exact

    def bank(self, name: str) -> Bank | None:
        """Return the bank of this name, in upper or lower case; None when there is none."""
        return next((b for b in self.banks if b.name.casefold() == name.casefold()), None)

    def get(self, name: str) -> Skill:
        """Return the skill with this name; see `find`."""
        return self.find(name).skill

    def find(self, name: str) -> Resolved:
        """Return the skill that a name stands for, and what else claims the name.

        ``bank:skill`` is exact. A plain name may also be the architecture or an alias, in any spelling
        (``Wide Painter``, ``wide_painter``); of several banks that know it the first answers.

        Raises
        ------
        SkillNotFoundError
            When nothing fits, or several skills of one bank do; the sentence lists the candidates.
        """
        head, colon, rest = name.partition(":")
        if colon:
            bank = self.bank(head.strip())
            if bank is None:
                listed = ", ".join(shown(b.name) for b in self.banks[:_SHOWN])
                raise SkillNotFoundError(
                    f"There is no bank '{shown(head)}' for '{shown(name)}'; there is {listed}."
                )
            return self._in_bank(bank, rest.strip())
        if len(self.banks) == 1:
            return self._in_bank(self.banks[0], name)
        claim = self.claims.of(name)
        if not claim.skills:
            raise self._nobody(name)
        if len(claim.skills) > 1:
            raise _several(name, claim.skills)
        return Resolved(claim.skills[0], claim.note)

    def _in_bank(self, bank: Bank, name: str) -> Resolved:
        # A plain name needs no look at the rest of each skill.
        exact = without_copies([s for s in bank.skills if s.name == name])
        if len(exact) == 1:
            return Resolved(exact[0])
        claim = Claims(without_copies(bank.skills), OWN).of(name)
        if not claim.skills:
            known = [s.name for s in bank.skills]
            raise SkillNotFoundError(
                f"There is no skill '{shown(name)}'{self._where(bank)}{did_you_mean(name, known)}; "
                f"'{command('skills')}' lists them all."
            )
        if len(claim.skills) > 1:
            raise _several(name, claim.skills)
        return Resolved(claim.skills[0], claim.note)

    def _where(self, bank: Bank) -> str:
        return f" in the bank {shown(bank.name)}" if len(self.banks) > 1 else ""

    def _nobody(self, name: str) -> SkillNotFoundError:
        described = [shown(s.qualified) for s in self.claims.described(name)]
        if described:
            return SkillNotFoundError(
                f"'{shown(name)}' describes {', '.join(described[:3])}, and other banks claim it as an alias;"
                " say which skill as BANK:SKILL."
            )
        alike = [shown(s.qualified) for s in self.claims.imitated(name)]
        if alike:
            return SkillNotFoundError(
                f"'{shown(name)}' only looks like the name of a skill; it is how {', '.join(alike[:3])} is "
                "written, and naming its bank as well chooses it."
            )
        near = did_you_mean(name, [s.name for s in self.skills])
        return SkillNotFoundError(
            f"There is no skill '{shown(name)}'{near}; '{command('skills')}' lists them all."
        )

    def current(self, name: str) -> Skill:
        """Return a skill as `get` does, with its files as they are now."""
        skill = self.get(name)
        fresh = skill.reread()
        if fresh.digest == skill.digested:
            return skill
        for bank in self.banks:
            bank.__dict__["skills"] = tuple(fresh if s is skill else s for s in bank.skills)
        # The skill's own files may have given it another name meanwhile, and made it another's copy or not.
        for made in ("skills", "_kept", "claims", "diagnostics"):
            self.__dict__.pop(made, None)
        return self.get(name)


def _tell_apart(banks: Sequence[Bank]) -> None:
    """Give banks whose names are alike numbers, in the order given; none takes the own bank's name."""
    taken: dict[str, str] = {skeleton(OWN): OWN}
    for bank in banks:
        if bank.is_own:
            continue
        name, number = bank.name, 1
        while skeleton(bank.name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        if number > 1:
            other = taken[skeleton(name)]
            if other == name:
                bank.name = f"{name}-{number}"  # two folders called 'skills'
            else:
                bank.rename(
                    f"{name}-{number}", f"the bank's name looks like that of the bank '{shown(other)}'"
                )
        taken[skeleton(bank.name)] = bank.name


def _several(name: str, skills: Sequence[Skill]) -> SkillNotFoundError:
    listed = ", ".join(sorted(shown(s.qualified) for s in skills))
    return SkillNotFoundError(
        f"'{shown(name)}' is the name of several skills of one bank: {listed}; give the whole name."
    )


def _skill_folders(root: Path, bank: Path, seen: set[str]) -> Iterator[tuple[Path, Path]]:
    """Yield the folders below `root` that hold a SKILL.md, each after what it is without links."""
    depth = len(root.parts)
    for folder, subfolders, files in os.walk(root, followlinks=False):
        if folder in seen or len(seen) >= MAX_FOLDERS:
            subfolders.clear()
            continue
        seen.add(folder)
        here = Path(folder)
        if "SKILL.md" in files or "SKILL.md" in subfolders:
            place = here if no_link_below(bank, here) else here.resolve()
            if place.is_relative_to(bank):
                yield place, here
                subfolders.clear()
                continue
        subfolders[:] = [
            s for s in sorted(subfolders)
            if not s.startswith(".") and s not in _SKIP and len(here.parts) - depth < MAX_DEPTH
        ]  # fmt: skip
