"""Ways out that sentences offer: options and commands, as data, and in the words of each door.

A sentence is written once, with the options and commands of the command line, which name every way there is.
`offers` finds them by their names, which are a closed list; `said` puts each into the words of another door:
arguments and tools for an agent, arguments and methods in Python. What only a person does at a terminal
(`PERSONAL`) keeps its name at every door, since that is what the person must be told. What a sentence quotes
is left alone, unless it is a command as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

__all__ = ["OPTIONS", "PERSONAL", "Voice", "Way", "offers", "said", "speak", "spoken"]


class Voice(Enum):
    """Whose words a sentence is said in."""

    COMMAND_LINE = "command line"
    TOOLS = "tools"
    PYTHON = "python"


@dataclass(frozen=True)
class Way:
    """One way out.

    Attributes
    ----------
    kind
        ``option``: something that is said with a request. ``command``: something that is done.
    name
        Without dashes, e.g. ``set``; of a command its words, e.g. ``sets export``.
    argument
        What is given to it, as far as the sentence says: ``train.num_epochs=VALUE``, a job's id.
    """

    kind: Literal["option", "command"]
    name: str
    argument: str = ""

    def __str__(self) -> str:
        head = f"--{self.name}" if self.kind == "option" else f"skillbank {self.name}"
        return f"{head} {self.argument}".rstrip()


OPTIONS = frozenset((
    "action", "again", "algorithm", "anchor-out", "as", "automl", "bank", "batch-size", "by",
    "captions", "chain", "checkpoint", "classes", "data", "epochs", "every", "extend", "fix", "format",
    "gpu-hours", "gpu-ids", "gpus", "image", "insecure", "into", "label-studio", "learning-rate",
    "lock", "max-cost", "max-steps", "max-tokens", "model", "name", "nodes", "on-broken", "on-oom",
    "output", "parallel-trials", "parent", "patience", "platform", "precision", "pretrained", "reader",
    "ref", "replace", "results-root", "resume", "retries", "seed", "set", "skill", "subdir", "test",
    "text", "threshold", "tiles", "time-budget", "to", "trial-timeout", "trials", "unreviewed", "val",
    "validation-interval", "checkpoint-interval", "variant", "host", "port", "right", "until",
))  # fmt: skip
"""Those that sentences speak of."""
PERSONAL = frozenset(
    ("approve", "bank", "trust", "review", "doctor", "schemas", "manifest", "web", "chat", "compare",
     "sets thresholds", "sets backup", "data show", "data fix", "team")
)  # fmt: skip
"""Commands that are a person's at a terminal, and no tool's."""

_PLACEHOLDERS = frozenset(("VALUE", "PATH", "FILE", "URI", "LOCATION", "NAME", "JOB"))
_WORDS = "|".join(
    ("skip", "refuse", "stop", "reduce-batch", "rules", "off", "on", "auto", "folder", "none", "parent")
)  # fmt: skip
_OPTION = (
    rf"--(?P<option>{'|'.join(sorted(OPTIONS, key=len, reverse=True))})(?![\w-])"
    rf"(?:[ =](?P<value>[\w.\[\]]+=[^\s;,)']*[^\s;,)'.]|[A-Z][A-Z_]+\b|(?:{_WORDS})\b|(?<=--platform )[a-z_]+"
    r"|[\w.:-]*\d(?:[\w:-]|\.(?=\w))*))?"
)
_COMMAND = (
    r"skillbank (?P<command>(?:sets|data) (?:export|thresholds|backup|convert|check|split|show)"
    r"|run|plan|jobs|experiments|skills|show|status|logs|results|cancel|label|sets|data)(?![\w-])"
    r"(?P<rest>(?: SKILL ACTION| (?!--)[\w.{}:-]*\d[\w:-]*| [A-Z]{2,}\b| --(?:watch|check|fix)\b"
    r"| --into [\w-]+)*)"
    r"(?P<words> (?:\"[^\"]*\"|'[^']*'))?"
)
_WAY = re.compile(rf"(?<![\w/.-])(?:{_OPTION}|{_COMMAND})")
_QUOTED = re.compile(r"(?<![^\s(])'(?=\S)[^']*'(?!\w)")


def offers(sentence: str) -> tuple[Way, ...]:
    """Return the ways out that a sentence offers, in its order."""
    quoted = _quoted(sentence)
    return tuple(_way(found) for found in _WAY.finditer(sentence) if found.start() not in quoted)


def said(sentence: str, voice: Voice) -> str:
    """Return a sentence in the words of a door."""
    if voice is Voice.COMMAND_LINE or ("--" not in sentence and "skillbank " not in sentence):
        return sentence
    quoted = _quoted(sentence)
    return _WAY.sub(
        lambda found: found[0] if found.start() in quoted else _in(voice, _way(found), found[0]), sentence
    )


def _quoted(sentence: str) -> frozenset[int]:
    """Return the places inside quotation marks; the beginning of a quotation is none of them."""
    spans = (found.span() for found in _QUOTED.finditer(sentence))
    return frozenset(place for start, end in spans for place in range(start + 2, end - 1))


def _way(found: re.Match[str]) -> Way:
    if found["option"]:
        return Way("option", found["option"], found["value"] or "")
    return Way("command", found["command"], f"{found['rest']}{found['words'] or ''}".strip())


def _in(voice: Voice, way: Way, written: str) -> str:
    if way.kind == "option":
        return _tool_option(way) if voice is Voice.TOOLS else _python_option(way)
    if way.name in PERSONAL or (way.name == "data check" and "--fix" in way.argument):
        return written
    job, watching = way.argument.removesuffix(" --watch"), way.argument.endswith("--watch")
    if "--into" in way.argument:
        where, _, into = way.argument.partition("--into ")
        return _INTO[voice](where.strip() or "pictures", into)
    looking = way.argument.endswith("--check")
    name = f"{way.name} --watch" if watching else f"{way.name} --check" if looking else way.name
    words = _COMMANDS[name][0 if voice is Voice.TOOLS else 1]
    return words(job.removesuffix("--check").strip())


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
    plain = way.argument.isupper() or way.argument.replace(".", "", 1).isdigit()
    return f"{_argument_name(way.name)}={way.argument if plain else repr(way.argument)}"


def _argument_name(option: str) -> str:
    return option.replace("-", "_")


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


_COMMANDS: dict[str, tuple[_Words, _Words]] = {
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
