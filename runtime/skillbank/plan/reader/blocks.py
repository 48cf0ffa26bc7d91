"""What is pasted into a request: a person's own settings as YAML or JSON, and what others have said.

A block of code that is a mapping of settings is the person's own; a log, a letter that is answered, or what a
tool answered between its tags is what somebody else said, and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from skillbank.bank.documents import parse_said
from skillbank.errors import SkillFormatError
from skillbank.plan.reader import block_steps
from skillbank.plan.reader.block_steps import BlockStep
from skillbank.plan.reader.tokens import Token

__all__ = ["GROUPS", "PATTERN", "document", "read"]

_STAMP = r"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d"
_LEVEL = r"(?-i:\[?(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL|TRACE)\]?)(?=[ :])"
_PASTED = rf"(?:{_STAMP}|{_LEVEL}|>[ ])[^\n]*"
_YAML_LINE = r"[ ]*(?:-[ ]+)?[A-Za-z_][\w.\[\]-]*:(?:[ ]+[^\n]*)?"
PATTERN = (
    r"```.*?(?:```|\Z)"
    r"|\[(?P<tag>[a-z][\w -]{0,40})\].{0,4000}?\[/(?P=tag)\]"
    r"|<(?P<element>[a-z][\w-]{0,40})(?:[ ][^<>\n]{0,200})?>.{0,4000}?</(?P=element)>"
    rf"|(?:(?<=\n)|\A)[ ]{{0,8}}{_PASTED}(?=\n)|(?<=\n)[ ]{{0,8}}{_PASTED}"
    r"|(?:\b(?-i:train|evaluate|inference|export|quantize|dataset|model|automl)[ ]*:[ ]*)?"
    r"\{[^{}]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}]*)*\}"
    rf"|{block_steps.PATTERN}"
    rf"|(?<=\n)(?-i:[ ]*[a-z_][\w.]*:(?:[ ]+[^\n]*)?(?:\n{_YAML_LINE})+)"
)
"""In the words of the lexer's verbose pattern."""
GROUPS = ("tag", "element")

_MANY = 100
"""Settings in one block; more are a file and no request."""


def read(text: str, start: int, end: int) -> Iterator[Token]:
    """Yield the pairs of a block of settings, or one token of what somebody else said."""
    if text[:1] in "[<>" or re.match(rf"\s*(?:{_STAMP}|{_LEVEL}|> )", text):
        yield Token("report", "report", start, end, text)
        return
    content = re.sub(r"\A```[\w-]*\s*|\s*```\Z", "", text)
    parsed = _parsed(content)
    if (steps := block_steps.steps_in(parsed)) is not None:
        yield from _steps(steps, start, end)
        return
    settings = _mapping(parsed)
    if settings is None and text[:1] not in "{`" and text[-1:] != "}":
        lines = [_line(line) for line in text.splitlines() if ":" in line]
        settings = dict(lines)
        if len(settings) < len(lines) or not all(settings.values()):
            yield Token("symbol", text, start, end)  # which of two things each is said of is not known
            return
    if settings is None:
        yield Token("report", "report", start, end, text)
        return
    for key, value in _flat(settings):
        yield Token("pair", "pair", start, end, (key, value))


def document(text: str) -> list[Token] | None:
    """Return the tokens of a text that is one JSON object from the first character to the last, else None.

    A member after another is a sentence of its own, so that nothing of one is read into the next.
    """
    if not text.lstrip().startswith("{"):
        return None
    try:
        content = parse_said(text, "settings", as_json=True)
    except SkillFormatError:
        return None
    if not isinstance(content, dict):
        return None
    if (steps := block_steps.steps_in(content)) is not None:
        return list(_steps(steps, 0, len(text)))
    tokens: list[Token] = []
    for key, value in _flat(content):
        tokens += [
            Token("pair", "pair", 0, len(text), (key, value)),
            Token("mark", ";", len(text), len(text)),
        ]
    return tokens


def _steps(steps: list[BlockStep], start: int, end: int) -> Iterator[Token]:
    """Yield the words of steps: an action, its pairs, and where it ends."""
    for step in steps:
        for word in (step.action or "").lower().split():
            yield Token("word", word, start, end)
        yield Token("mark", ",", end, end)  # "train data=X" would be the data to train on
        for key, value in _flat(step.settings):
            yield Token("pair", "pair", start, end, (key, value))
        yield Token("mark", ";", end, end)


def _parsed(content: str) -> object:
    """Return what a block holds as YAML, None where it is none."""
    try:
        return parse_said(content, "settings")
    except (SkillFormatError, ValueError):
        return None


def _mapping(found: object) -> Mapping[str, object] | None:
    if not isinstance(found, dict) or not found or len(found) > _MANY:
        return None
    return found if all(isinstance(key, str) for key in found) else None


def _line(line: str) -> tuple[str, str]:
    """Read ``key: value`` where the lines together are no YAML."""
    key, _, value = line.partition(":")
    return key.strip(" -"), value.strip()


def _is_key(key: str) -> bool:
    return re.fullmatch(r"[A-Za-z_][\w.\[\]-]*", key) is not None


def _flat(settings: Mapping[str, object], below: str = "") -> Iterator[tuple[str, object]]:
    """Yield dotted keys and values; a mapping whose names are no keys is a value."""
    for key, value in settings.items():
        name = f"{below}{key}"
        if isinstance(value, dict) and value and all(isinstance(k, str) and _is_key(k) for k in value):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value
