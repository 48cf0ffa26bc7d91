"""What a bank can start, and what runs with its words: every command, image, variable and address, by skill.

This is what a person reads before trusting a bank, what is kept with the answer, and what a changed bank is
compared with.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from skillbank.bank.actions import Action
from skillbank.bank.documents import parse_yaml
from skillbank.bank.isolation import said_of_skill
from skillbank.bank.skill import Skill
from skillbank.errors import SkillFormatError

__all__ = ["Kind", "Start", "changed_starts", "reach", "readable", "starts_of"]

Kind = Literal["command", "settle", "schema_source", "image", "variable", "link", "address"]
"""In the order of what they can do: programs, where they run, what they are handed, where they may go."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,20}://\S+", re.IGNORECASE)
_NETWORK = re.compile(
    r"(?<![\w.-])(?:curl|wget|nc|ncat|netcat|socat|ssh|scp|sftp|rsync|ftp|telnet|git|pip3?|uv|conda|npm|npx|"
    r"apt(?:-get)?|huggingface-cli|gsutil|rclone|aws)(?![\w-])|[a-z][a-z0-9+.-]{1,20}://|/dev/(?:tcp|udp)/",
    re.IGNORECASE,
)
_SYSTEM = frozenset({"bin", "lib", "lib64", "sbin", "usr"})
"""Folders of the machine's own programs, which no bank can name a part of as its own."""
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True, order=True)
class Start:
    """One thing that a skill can start, or that a started program is given.

    Attributes
    ----------
    kind
        ``command`` and ``settle`` are started for an action, ``schema_source`` by ``schemas generate``;
        ``image`` is what an action runs in, ``variable`` what is handed to it; a ``link`` is fetched, an
        ``address`` stands in what the program is given.
    skill
        The skill's folder in its bank.
    where
        The action, with its variant in brackets, and for addresses the key.
    text
        As the skill writes it.
    """

    kind: Kind
    skill: str
    where: str
    text: str

    @property
    def place(self) -> tuple[str, str, str]:
        """What it stands for, whatever it says."""
        return self.kind, self.skill, self.where

    def remarks(self, root: str = "") -> tuple[str, ...]:
        """Return what should be known of it that its text does not say at first sight.

        Parameters
        ----------
        root
            The bank's folder: programs elsewhere on this machine are no part of what is trusted.
        """
        if self.kind == "image" and not _DIGEST.search(self.text):
            return ("by a tag, which can be moved to another image",)
        if self.kind not in ("command", "settle", "schema_source"):
            return ()
        found = []
        if hints := dict.fromkeys(match[0].lower() for match in _NETWORK.finditer(self.text)):
            found.append(f"may use the network ({', '.join(list(hints)[:5])})")
        outside = [w for w in _words(self.text) if _is_outside(w, root)]
        if outside:
            found.append(
                f"{', '.join(dict.fromkeys(outside[:3]))} is no part of the bank and may change unseen"
            )
        return tuple(found)


def reach(skills: Iterable[Skill]) -> tuple[tuple[Start, ...], tuple[str, ...]]:
    """Return what skills can start, and the folders of those that cannot be read: they cannot be planned."""
    found: set[Start] = set()
    unread = []
    for skill in skills:
        try:
            found.update(_all_starts(skill))
        except SkillFormatError:
            unread.append(readable(skill.folder))
    return tuple(sorted(found)), tuple(sorted(unread))


@said_of_skill
def _all_starts(skill: Skill) -> list[Start]:
    return list(starts_of(skill))


def starts_of(skill: Skill) -> Iterator[Start]:
    """Yield what one skill can start."""
    folder = readable(skill.folder)
    for kind, where, text in (*_by_actions(skill), *_by_documents(skill)):
        yield Start(kind, folder, readable(where), readable(str(text)))


def _by_actions(skill: Skill) -> Iterator[tuple[Kind, str, object]]:
    """Yield what an action starts, runs in and is given: the kind, where it stands, what it says."""
    for action in skill.actions:
        name = f"{action.name} ({action.variant})" if action.variant else action.name
        yield "command", name, action.command
        if (image := _image(skill, action)) is not None:
            yield "image", name, image
        for key, link in _links(skill, action):
            yield "link", f"{name}: {key}", link
        for key, address in _addresses(skill, action):
            yield "address", f"{name}: {key}", address


def _by_documents(skill: Skill) -> Iterator[tuple[Kind, str, object]]:
    """Yield what a document of the skill starts beside its actions, and the variables that it asks for."""
    for info in skill.infos:
        settle = info.facts.get("settle")
        for name, command in settle.items() if isinstance(settle, Mapping) else ():
            yield "settle", str(name) if info.variant is None else f"{name} ({info.variant})", command
        if source := info.facts.get("schema_source"):
            yield "schema_source", info.variant or "main", source
        nodes = info.facts.get("multi_node")
        named = nodes.get("env") if isinstance(nodes, Mapping) else None
        for variable in (*info.required_credentials, *(named if isinstance(named, list) else ())):
            yield "variable", str(variable), variable


def readable(text: str) -> str:
    """Return a text that can be written as UTF-8: halves of characters, as in odd file names, written out."""
    return os.fsencode(text).decode("utf-8", "backslashreplace") if _is_half(text) else text


def _is_half(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


def _image(skill: Skill, action: Action) -> str | None:
    """Return the image that an action runs in; as it is declared where that leads to none."""
    try:
        return skill.image(action) or skill.declared_image(action)
    except SkillFormatError:
        return skill.declared_image(action)


def _links(skill: Skill, action: Action) -> Iterator[tuple[str, str]]:
    """Yield the downloads that a skill names, in its document and in the tables of its prose."""
    functions: dict[str, object] = dict(action.spec_params)
    for row in skill.inference_table:
        if row.action.rpartition("/")[2] == action.name and row.function.startswith("{"):
            try:
                functions.setdefault(row.field, parse_yaml(row.function, "inference table"))
            except SkillFormatError:
                continue
    for key, function in functions.items():
        if isinstance(function, Mapping) and function.get("link"):
            yield key, str(function["link"])


def _addresses(skill: Skill, action: Action) -> Iterator[tuple[str, str]]:
    """Yield the addresses among the values that a program is given."""
    template, _ = skill.template(action)
    waiting: list[tuple[str, object]] = [
        ("", template), ("", dict(action.key_defaults)), ("", dict(action.spec_params)),
    ]  # fmt: skip
    while waiting:
        key, node = waiting.pop()
        if isinstance(node, Mapping):
            waiting += [(f"{key}.{k}" if key else str(k), v) for k, v in node.items() if k != "link"]
        elif isinstance(node, list):
            waiting += [(key, v) for v in node]
        elif isinstance(node, str) and (found := _ADDRESS.search(node)):
            yield key, found[0]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _is_outside(word: str, root: str) -> bool:
    """Whether a word is a file of this machine that belongs neither to the bank nor to the system alone."""
    if not root or not word.startswith("/") or len(word) > 4000 or "\0" in word:
        return False
    real = Path(os.path.realpath(word))
    try:
        info = real.stat()
    except OSError:
        return False
    system = info.st_uid == 0 and not info.st_mode & 0o022 and real.parts[1] in _SYSTEM
    return stat.S_ISREG(info.st_mode) and not system and not real.is_relative_to(root)


def changed_starts(
    before: Iterable[Start], after: Iterable[Start]
) -> list[tuple[Start | None, Start | None]]:
    """Return what differs: the old and the new of each place, one of them None where it is new or gone."""
    old: dict[tuple[str, str, str], list[Start]] = {}
    new: dict[tuple[str, str, str], list[Start]] = {}
    for known, starts in ((old, before), (new, after)):
        for each in starts:
            known.setdefault(each.place, []).append(each)
    found: list[tuple[Start | None, Start | None]] = []
    for place in sorted(old.keys() | new.keys()):
        was = [s for s in old.get(place, ()) if s not in new.get(place, ())]
        now = [s for s in new.get(place, ()) if s not in old.get(place, ())]
        longest = max(len(was), len(now))
        found += zip(was + [None] * (longest - len(was)), now + [None] * (longest - len(now)), strict=True)
    return found
