"""What the runtime would start or hand over: the fields of a skill that only it knows to execute, taken apart."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from skillbank.trust.audit.evidence import Evidence, File
from skillbank.trust.audit.fields import Field

__all__ = ["Started", "images", "links", "started", "variables"]

_EXECUTED = frozenset(
    {
        "command", "commands", "settle", "schema_source", "entrypoint", "cmd", "hook", "hooks", "pre_command",
        "post_command", "setup", "shell", "script", "run", "exec", "launcher", "wrapper", "args", "defaults",
    }
)  # fmt: skip
"""Those that the runtime executes, and names of those that a later runtime, or an agent, would."""
_ALWAYS = ("command", "settle", "schema_source")
_LONGEST = 20_000
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n(.*?)(?:\n\s*\1\b|\Z)", re.DOTALL)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Started:
    """One text that is executed, with its place."""

    file: File
    field: Field
    text: str

    @cached_property
    def is_command(self) -> bool:
        """Whether the runtime starts it as a whole, and not as a value of a command."""
        return any(self.field.below(name) for name in _ALWAYS)

    @cached_property
    def unquoted(self) -> str:
        """The text as a shell would join it: no quotes, no backslashes, no empty pieces."""
        return (
            re.sub(r"\\\n", " ", self.text)
            .replace("''", "")
            .replace('""', "")
            .translate({92: None, 34: None, 39: None})
        )

    @cached_property
    def bare(self) -> str:
        """The text without what stands in quotes and in here-documents: where signs are signs."""
        return _QUOTED.sub(" _ ", _HEREDOC.sub("<<_\n", self.text))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the text, those inside of quotes as well, without quotes; ``${IFS}`` parts words."""
        text = re.sub(r"\$\{?IFS\}?(?:\$\d)?", " ", self.unquoted)
        return tuple(w for w in re.split(r"[\s;|&()`<>$={},\[\]]+", text) if w)

    @cached_property
    def programs(self) -> tuple[str, ...]:
        """The last part of every word's path, in small letters."""
        return tuple(w.rstrip("/").rsplit("/", 1)[-1].lower() for w in self.words)

    @cached_property
    def first(self) -> str:
        """The program, as written."""
        try:
            words = shlex.split(self.text, posix=True)
        except ValueError:
            words = self.text.split()
        return words[0] if words else ""

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Names of variables that it reads."""
        return tuple(_VARIABLE.findall(self.text))


def started(evidence: Evidence) -> tuple[Started, ...]:
    """Return every text of a skill that would be executed."""
    return evidence.once(_started)


def _started(evidence: Evidence) -> Iterator[Started]:
    for file in evidence.infos:
        for field in file.fields:
            if (
                isinstance(field.value, str)
                and any(k in _EXECUTED for k in field.keys)
                and field.value.strip()
            ):
                yield Started(file, field, field.value[:_LONGEST])


def links(evidence: Evidence) -> tuple[tuple[File, Field, str], ...]:
    """Return every address that the runtime would fetch."""
    return evidence.once(_links)


def _links(evidence: Evidence) -> Iterator[tuple[File, Field, str]]:
    for file in evidence.infos:
        for field in file.fields:
            if isinstance(field.value, str) and (field.key in ("link", "url", "uri") or field.below("link")):
                yield file, field, field.value.strip()


def images(evidence: Evidence) -> tuple[tuple[File, Field, str], ...]:
    """Return every container image that is named."""
    return evidence.once(_images)


def _images(evidence: Evidence) -> Iterator[tuple[File, Field, str]]:
    for file in evidence.files:
        if not (file.is_info or file.name == "versions.yaml"):
            continue
        for field in file.fields:
            wanted = (
                "container_image" in field.key
                or field.key in ("image", "docker_image")
                or field.below("images")
            )
            if isinstance(field.value, str) and wanted and field.value.strip():
                yield file, field, field.value


def variables(evidence: Evidence) -> tuple[tuple[File, Field, str], ...]:
    """Return every variable that the skill asks for."""
    return evidence.once(_variables)


def _variables(evidence: Evidence) -> Iterator[tuple[File, Field, str]]:
    for file in evidence.infos:
        for field in file.fields:
            asked = field.below("required_credentials") and (field.key in ("required_credentials", "name"))
            asked = asked or (field.below("env") and field.below("multi_node"))
            asked = asked or field.key in ("env_names", "env_vars", "environment")
            if isinstance(field.value, str) and asked:
                yield file, field, field.value
