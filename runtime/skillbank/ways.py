"""Ways out that sentences offer: options and commands as data, which each door says in its own words.

A sentence is written with values: ``f"give {option('parent', 'JOB')} or see {command('logs', job)}"``. In an
f-string such a `Way` is its text on the command line between marks. Such a text stands only where it is made
into a `Sentence`: in the call of `Sentence`, of an error, or of a model whose field is `Told`. A sentence is,
as a string, what the command line says, without a mark; ``offers`` is what it offers, and `said` is what
another door says. `marked` puts one into another. What only a person does at a terminal (``approve``,
``trust``) has no other words and keeps its own at every door.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Literal

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from pydantic_core import core_schema as schemas

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = [
    "Sentence",
    "Told",
    "Voice",
    "Way",
    "command",
    "marked",
    "option",
    "said",
    "speak",
    "spoken",
]

_OPEN, _NEXT, _CLOSE = "\ue000", "\ue001", "\ue002"
_WAY = re.compile(
    rf"{_OPEN}(--[a-z][a-z-]*|skillbank [a-z][a-z -]*)"
    rf"{_NEXT}([^{_OPEN}-{_CLOSE}]*){_NEXT}([^{_OPEN}-{_CLOSE}]*){_CLOSE}"
)
_LONE = re.compile(f"[{_OPEN}-{_CLOSE}]")


class Voice(Enum):
    """Whose words a sentence is said in."""

    COMMAND_LINE = "command line"
    TOOLS = "tools"
    PYTHON = "python"


@dataclass(frozen=True)
class Way:
    """One way out; `str` is what the command line says, and in an f-string it is data.

    Attributes
    ----------
    kind
        ``option``: something that is said with a request. ``command``: something that is done.
    name
        Without dashes, e.g. ``set``; of a command its words, e.g. ``sets export``.
    argument
        What is given to it: ``train.num_epochs=VALUE``, a job's id.
    more
        Options of a command: ``--watch``.
    """

    kind: Literal["option", "command"]
    name: str
    argument: str = ""
    more: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self._head, self.argument, self.more)))

    def __format__(self, _: str) -> str:
        return f"{_OPEN}{self._head}{_NEXT}{self.argument}{_NEXT}{self.more}{_CLOSE}"

    @property
    def _head(self) -> str:
        return f"--{self.name}" if self.kind == "option" else f"skillbank {self.name}"

    def said(self, voice: Voice) -> str:
        """Return it in the words of a door."""
        if voice is Voice.COMMAND_LINE:
            return str(self)
        if self.kind == "option":
            return _tool_option(self) if voice is Voice.TOOLS else _python_option(self)
        name, _, into = f"{self.name} {self.more}".rstrip().partition(" --into ")
        if into and name == "label":
            return _INTO[voice](self.argument or "pictures", into)
        words = None if into else _COMMANDS.get(name)
        return words[voice is Voice.PYTHON](self.argument) if words else str(self)


def option(name: str, argument: object = "") -> Way:
    """Return the way that is an option, by its name without dashes."""
    return Way("option", name, _clean(argument))


def command(name: str, argument: object = "", more: str = "") -> Way:
    """Return the way that is a command of ``skillbank``, with what is given to it and its options."""
    return Way("command", name, _clean(argument), _clean(more))


class Sentence(str):
    """A sentence: as a string what the command line says, without a mark.

    Attributes
    ----------
    parts
        Texts, and the ways out between them.
    """

    parts: tuple[str | Way, ...]

    def __new__(cls, text: str) -> Sentence:
        """Take a text with marks apart; a mark that belongs to no way is written out."""
        return text if isinstance(text, Sentence) else _joined(_apart(text))

    @classmethod
    def of(cls, text: str, ways: object) -> Sentence:
        """Return a kept sentence: its text, and its `ways` as far as they stand where they are said to."""
        parts: list[str | Way] = []
        end = 0
        for each in ways if isinstance(ways, list) else ():
            match each:
                case [int(at), "option" | "command" as kind, str(name), str(argument), str(more)]:
                    way = Way(kind, name, argument, more)
                    if at >= end and text.startswith(str(way), at):
                        parts += [text[end:at], way]
                        end = at + len(str(way))
        return _joined(tuple(part for part in (*parts, text[end:]) if part))

    @property
    def offers(self) -> tuple[Way, ...]:
        """The ways out that it offers, in its order."""
        return tuple(part for part in self.parts if isinstance(part, Way))

    @property
    def marked(self) -> str:
        """It as it was written, to be put into another sentence."""
        return "".join(f"{part}" for part in self.parts)

    @property
    def ways(self) -> list[list[str | int]]:
        """What it offers as data to be kept beside its text, for `of`: each with where in it that stands."""
        found: list[list[str | int]] = []
        at = 0
        for part in self.parts:
            if isinstance(part, Way):
                found.append([at, part.kind, part.name, part.argument, part.more])
            at += len(str(part))
        return found

    def changed(self, change: Callable[[str], str]) -> Sentence:
        """Return it with its text changed; a way whose own text changes is a text from then on.

        Whatever the change finds only in the whole, across a way, is changed as well: then no way is left.
        """
        whole = change(str(self))
        texts = ((part, change(str(part))) for part in self.parts)
        made = _joined(tuple(part if str(part) == text else text for part, text in texts))
        return made if made == whole else _joined((whole,))

    def short(self, longest: int) -> Sentence:
        """Return it with at most so many characters; no way is cut in two."""
        if len(self) <= longest:
            return self
        kept: list[str | Way] = []
        left = longest - 1
        for part in self.parts:
            if len(str(part)) > left:
                kept.append("…" if isinstance(part, Way) else f"{part[:left].rstrip()}…")
                break
            kept.append(part)
            left -= len(str(part))
        return _joined(tuple(kept))

    def said(self, voice: Voice) -> str:
        """Return it in the words of a door."""
        return "".join(part.said(voice) if isinstance(part, Way) else part for part in self.parts)

    def __str__(self) -> str:
        return self[:]

    def __reduce__(self) -> tuple[Callable[..., Sentence], tuple[tuple[str | Way, ...]]]:
        return _joined, (self.parts,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> CoreSchema:
        """Read it from a string, and write it as one."""
        held = schemas.no_info_after_validator_function(cls, schemas.str_schema())
        return schemas.json_or_python_schema(
            json_schema=held,
            python_schema=schemas.union_schema([schemas.is_instance_schema(cls), held]),
            serialization=schemas.plain_serializer_function_ser_schema(
                lambda value: str(Sentence(value)), return_schema=schemas.str_schema()
            ),
        )


Told = Annotated[str, Sentence]
"""A field of a model that holds a sentence, whatever text it is given."""


def marked(text: str) -> str:
    """Return a sentence as it was written, to be put into another one."""
    return Sentence(text).marked


def said(text: str, voice: Voice) -> str:
    """Return a sentence in the words of a door."""
    return Sentence(text).said(voice)


def _apart(text: str) -> tuple[str | Way, ...]:
    parts: list[str | Way] = []
    end = 0
    for found in _WAY.finditer(text):
        parts += [_clean(text[end : found.start()]), _way(found)]
        end = found.end()
    return tuple(part for part in (*parts, _clean(text[end:])) if part)


def _joined(parts: tuple[str | Way, ...]) -> Sentence:
    made = str.__new__(Sentence, "".join(map(str, parts)))
    made.parts = parts
    return made


def _way(found: re.Match[str]) -> Way:
    head, argument, more = found.groups()
    if head.startswith("--"):
        return Way("option", head[2:], argument, more)
    return Way("command", head.removeprefix("skillbank "), argument, more)


def _clean(text: object) -> str:
    """Return a text whose marks, which only a foreign one can have, are written out as `visible` does it."""
    return _LONE.sub(lambda mark: f"\\u{ord(mark[0]):04x}", str(text))


def _tool_option(way: Way) -> str:
    key, equals, value = way.argument.partition("=")
    if way.name == "set":
        if not equals or key == "KEY":
            return "settings"
        return f"settings with key '{key}'" if value in _PLACEHOLDERS else f"settings {way.argument}"
    if way.name == "data" and equals and value in _PLACEHOLDERS:
        return "data" if key == "ROLE" else f"data with role '{key}'"
    if way.argument in _PLACEHOLDERS:
        return _argument_name(way.name)
    return f"{_argument_name(way.name)} {way.argument}".rstrip()


def _python_option(way: Way) -> str:
    key, equals, value = way.argument.partition("=")
    if way.name == "set":
        return f"Setting(key={key!r}, value={value})" if equals and key != "KEY" else "settings"
    if way.name == "data" and equals:
        where = value if value in _PLACEHOLDERS else repr(value)
        return "data" if key == "ROLE" else f"DataLocation(role={key!r}, uri={where})"
    if not way.argument:
        return _argument_name(way.name)
    bare = way.argument.isupper() or way.argument.replace(".", "", 1).isdigit()
    return f"{_argument_name(way.name)}={way.argument if bare else repr(way.argument)}"


def _argument_name(option: str) -> str:
    return option.replace("-", "_")


_PLACEHOLDERS = frozenset(("VALUE", "PATH", "FILE", "URI", "LOCATION", "NAME", "JOB"))
_Words = Callable[[str], str]


def _of(tool: str, method: str, more: str = "") -> tuple[_Words, _Words]:
    """Return the words for something that is asked about a job."""
    return (
        lambda job: f"{tool}{f' of {job}' if job else ''}{more}",
        lambda job: (
            f"Runtime.{method}({job if job in _PLACEHOLDERS else repr(job)})" if job else f"Runtime.{method}"
        ),
    )


def _plain(tool: str, method: str) -> tuple[_Words, _Words]:
    return lambda _: tool, lambda _: method


_COMMANDS: dict[str, tuple[_Words, _Words]] = {  # a command that is not here is a person's at a terminal
    "run": _plain("plan and launch", "Runtime.plan and Runtime.launch"),
    "plan": (
        lambda words: f"plan {words}".rstrip(),
        lambda words: f"Runtime.plan({words})" if words else "Runtime.plan",
    ),
    "plan --check": _plain("launch", "Runtime.check with remote=True"),
    "jobs": _plain("list_jobs", "Runtime.jobs.store.list"),
    "experiments": _plain("list_jobs", "Runtime.jobs.store.list"),
    "skills": _plain("search_skills", "Runtime.search"),
    "show": _plain("describe_action", "Runtime.library"),
    "status": _of("job_status", "status"),
    "status --watch": _of("job_status", "wait", " with wait_seconds"),
    "logs": _of("job_logs", "logs"),
    "results": _of("job_results", "results"),
    "compare": _plain("job_results with beside", "Runtime.compare"),
    "cancel": _of("cancel_job", "cancel"),
    "label": _plain("label_image", "Runtime.label"),
    "sets": _plain("label_set", "Runtime.sets.names"),
    "sets export": _plain("label_set with export", "skillbank.jobs.set_export.export_set"),
    "data": _plain("tao-convert-dataset-format", "skillbank.datasets"),
    "data convert": _plain("tao-convert-dataset-format", "skillbank.datasets.converting.convert"),
    "data check": _plain("tao-validate-dataset-format", "skillbank.datasets.checking.check_data"),
    "data split": _plain("split of tao-convert-dataset-format", "skillbank.datasets.splitting.split"),
}
_INTO: dict[Voice, Callable[[str, str], str]] = {
    Voice.TOOLS: lambda where, into: f"label_image of {where} into {into}",
    Voice.PYTHON: lambda where, into: f"label_set of {where} into {into} (skillbank.labelling.set_labels)",
}

_voice = Voice.PYTHON


def speak(voice: Voice) -> None:
    """Say whose words errors of this process are written in; a program that imports skillbank is Python."""
    global _voice
    _voice = voice


def spoken() -> Voice:
    """Return whose words errors of this process are written in."""
    return _voice
