"""Requests written as a document: the keys of JSON are no quotes, and neither are its plain values."""

from __future__ import annotations

import json
import re

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_PLAIN = re.compile(r"[\w-]+")
_NAMING = frozenset(
    [
        "action",
        "actions",
        "task",
        "tasks",
        "step",
        "steps",
        "model",
        "skill",
        "platform",
        "policy",
        "automl",
        "hpo",
        "automl_policy",
    ]
)
"""Keys whose values are words of the request itself."""
_NAMED = re.compile(
    rf"\b(?:{'|'.join(sorted(_NAMING))})\s*[:=]\s*(?P<quote>[\"'])[\w-]+(?P=quote)", re.IGNORECASE
)


def unwrap(text: str) -> str:
    """Blank the quotes out of a JSON document's keys and plain values; positions stay as they are.

    A quoted word after a key like ``automl:`` is no quote either. Everything else stays quoted: whole
    sentences in a document are what it holds, and nothing that it asks for.
    """
    chars = list(text)
    for match in _NAMED.finditer(text):
        chars[match.start("quote")] = chars[match.end() - 1] = " "
    if not _is_object(text):
        return "".join(chars)
    key, depth = "", 0
    at = 0
    while at < len(text):
        string = _STRING.match(text, at)
        if string is None:
            depth += (text[at] == "[") - (text[at] == "]")
            if text[at] == "," and not depth:
                chars[at] = ";"  # one member ends, another begins
            at += 1
            continue
        content, end = string[0][1:-1], string.end()
        is_key = text[end:].lstrip()[:1] == ":"
        key = content.lower() if is_key else key
        if is_key or key in _NAMING or (not depth and _PLAIN.fullmatch(content)):
            chars[at] = chars[end - 1] = " "
        at = end
    return "".join(chars)


def _is_object(text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
