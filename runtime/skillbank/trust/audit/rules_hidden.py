"""Rules on what a person does not see and a machine does: characters, look-alikes, mark-up, code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from skillbank.bank.documents import parse_yaml
from skillbank.bank.lookalikes import mixed_words
from skillbank.errors import SkillFormatError
from skillbank.trust.audit.evidence import Evidence, File
from skillbank.trust.audit.finding import Hit, Level, hit_at, hit_in, rule
from skillbank.trust.audit.linear import linear
from skillbank.trust.audit.plain import disguised, hidden_message
from skillbank.trust.audit.rules_reader import said
from skillbank.visible import has_invisible, visible

__all__: list[str] = []

_MOST = 20
_ESCAPES = linear(r"\\[uUxN0abefv_LP]")
_CONTROLS = linear(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_HARMLESS = frozenset("\ufeff\u00ad\u200e\u200f\u200d\u200c\u2028\u2029\u0085\u000c")
"""What word processors and writing systems leave behind: worth a look, no attack by themselves."""
_LANGUAGES = re.compile(r"[\u0600-\u06ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff]")


_PICTURE = r"[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_EMOJI = re.compile(
    rf"\U0001f3f4\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)\U000e007f"
    rf"|{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?(?:\u200d{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?)*|[0-9#*]\ufe0f?\u20e3"
)
"""Pictures that joiners, selectors and tags make out of several characters; the flags with tags are these three."""


def _worst(line: str) -> tuple[str, Level]:
    """Say what kind of hidden characters a line holds."""
    line = _EMOJI.sub("\u263a", line)
    message = hidden_message(line)
    if message:
        return f"hidden characters spell '{visible(message)[:80]}'", "HIGH"
    if any("\U000e0000" <= c <= "\U000e007f" for c in line):
        return "it holds tag characters, which nobody sees", "HIGH"
    if _BIDI.intersection(line):
        return "it holds characters that turn the reading order round", "HIGH"
    if any(unicodedata.category(c) == "Cc" and c not in "\n\t\r\x0c\x85" for c in line):
        return "it holds control characters, which can rewrite a terminal", "HIGH"
    if _stand_in_words(line):
        return "characters that cannot be seen stand inside of words", "HIGH"
    return "it holds characters that cannot be seen", "MEDIUM"


def _stand_in_words(line: str) -> bool:
    """Whether characters that cannot be seen have no reason but to part words, or to be many."""
    private = sum(unicodedata.category(c) == "Co" for c in line)
    hidden = [c for c in line if has_invisible(c) and unicodedata.category(c) != "Co"]
    if set(hidden) <= _HARMLESS or private == len(line) or _LANGUAGES.search(line):
        return False
    inside = re.search(
        r"\w[\u200b-\u200d\u2060-\u2064\u00ad\u180e\u115f\u1160\u3164\uffa0\u2800\u034f\ufe00-\ufe0e]+\w",
        line,
    )
    return inside is not None or len(hidden) > 2


@rule(
    "hidden-characters", "HIGH", "tricks", "Characters that cannot be seen",
    "Remove them; `skillbank audit` shows each of them written out.",
)  # fmt: skip
def characters(evidence: Evidence) -> Iterator[Hit]:
    """Find bidi, zero-width, tag, selector and control characters, and read what they spell."""
    for file in evidence.texts:
        if not file.text.isascii() or _CONTROLS.search(file.text):
            yield from _characters(file)
        for field in file.fields if _ESCAPES.search(file.text) else ():
            # An escape of YAML or JSON makes a character that no byte of the file shows.
            if isinstance(field.value, str) and has_invisible(field.value) and field.value not in file.text:
                message, level = max(map(_worst, field.value.split("\n")), key=lambda w: w[1] == "HIGH")
                yield hit_in(file, field, message, field.value, level)
        for value in _head_values(file):
            if has_invisible(value) and value not in file.text:
                yield Hit(
                    file.name, "an escape in its head makes characters that cannot be seen.", 1, excerpt=value
                )
        if has_invisible(file.name):
            yield Hit(file.name, "the file's name holds characters that cannot be seen.", excerpt=file.name)


def _head_values(file: File) -> Iterator[str]:
    """Yield the words of a document's head that escapes of YAML stand in."""
    head = file.text[4:].split("\n---", 1)[0] if file.text.startswith("---\n") else ""
    if file.is_document or not _ESCAPES.search(head):
        return
    try:
        values = [parse_yaml(head, file.name)]
    except SkillFormatError:
        return
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            values += [*value, *value.values()]
        elif isinstance(value, list):
            values += value


def _characters(file: File) -> Iterator[Hit]:
    count = 0
    for number, line in enumerate(file.lines, 1):
        if (line.isascii() and line.isprintable()) or not has_invisible(
            line.replace("\t", " ").removesuffix("\x0c")
        ):
            continue
        message, level = _worst(line)
        at = next((i for i, c in enumerate(line) if has_invisible(c)), 0)
        yield hit_at(file, number, message, line[max(0, at - 30) : at + 80], level)
        count += 1
        if count >= _MOST:
            return


@rule(
    "hidden-look-alike", "HIGH", "tricks", "A word mixes letters of several scripts that look alike",
    "Write the word in one script; a search, or a person, takes it for another word.",
)  # fmt: skip
def look_alikes(evidence: Evidence) -> Iterator[Hit]:
    """Find words with letters that look like Latin's."""
    for file in evidence.texts:
        if file.text.isascii():
            continue
        for number, line in enumerate(file.lines, 1):
            words = mixed_words(line)
            if words:
                yield hit_at(file, number, "a word mixes letters of several scripts", words[0])


_MAY_HIDE = linear(
    r"(?i)<[^<>]{0,300}(?:style|color|fill|hidden)|<(?:template|noscript|details)|\\color\{white"
)
_SHOWN_AS_MARKUP = (
    ".md", ".markdown", ".mdx", ".html", ".htm", ".svg", ".txt", ".rst", ".yaml", ".yml", ".json",
)  # fmt: skip
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\b(?!\.\d)|font-size\s*:\s*0|(?:^|[\s;\"'])(?:color|fill)\s*[:=]\s*[\"']?(?:white|transparent|#fff(?:fff)?\b|rgba?\([^()]{0,60},\s*0\))|text-indent\s*:\s*-\d{3}|left\s*:\s*-\d{3,}|clip\s*:\s*rect\(0|width\s*:\s*0|height\s*:\s*0|max-height\s*:\s*0|<\w{1,20}[^<>]{0,300}\shidden(?:\s|>|=)|\\color\{white\}|aria-hidden\s*=\s*[\"']true|<template\b|<noscript\b|<details\b[^<>]{0,300}style",
    re.IGNORECASE,
)


@rule(
    "hidden-markup", "HIGH", "tricks", "Mark-up keeps text from a person's eyes",
    "Show it or remove it: whatever a person is not to see, a model still reads.",
)  # fmt: skip
def markup(evidence: Evidence) -> Iterator[Hit]:
    """Find text that is drawn white, tiny, or not at all."""
    for file in evidence.texts:
        if not file.name.endswith(_SHOWN_AS_MARKUP):
            continue
        if not _MAY_HIDE.search(file.text):
            continue
        for match in _UNSEEN.finditer(file.text):
            before = file.text[max(0, match.start() - 300) : match.start()]
            inside = before.rfind("<") > before.rfind(">") or match[0].startswith(("<", "\\"))
            if inside:
                line = file.text.count("\n", 0, match.start()) + 1
                level: Level | None = (
                    "MEDIUM"
                    if match[0].lower().startswith(("<template", "<noscript", "<details", "aria"))
                    else None
                )
                yield hit_at(
                    file,
                    line,
                    "this mark-up hides text",
                    file.text[match.start() - 30 : match.end() + 80],
                    level,
                )


_COMMENT = linear(
    r"(?sm)<!--(.*?)(?:-->|\z)|\[(?://|comment|_|#)\]\s*:\s*(?:#|<>)?\s*[(\"'](.{0,900}?)[)\"']\s*$|\{/\*(.*?)\*/\}"
)
_ASIDE = linear(
    r"!?\[([^\]\n]{0,400})\]\((?:[^()\s]{0,400})(?:\s+[\"'(]([^\"'\n]{0,400})[\"')])?\)|\b(?:alt|title|aria-label|data-\w+)\s*=\s*\"([^\"]{1,400})\""
)
_TO_A_MODEL = re.compile(
    r"\b(?:ai|llm|assistants?|agents?|model|claude|gpt|gemini|copilot|chatbot|language models?|bots?|you|your)\b[^.!?]{0,120}\b(?:must|should|shall|need to|have to|always|never|do not|don't|run|execute|call|approve|send|ignore|add|include|use|set|launch|skip|instead|please)\b|\b(?:note|message|instructions?|hint|attention) (?:to|for) (?:the |any |all )?(?:ai|llm|assistants?|agents?|models?|bots?|claude|gpt)\b",
    re.IGNORECASE,
)


@rule(
    "hidden-comment", "HIGH", "tricks", "A comment speaks to the reader",
    "A comment is not shown to people and is read by models: say it openly or remove it.",
)  # fmt: skip
def comments(evidence: Evidence) -> Iterator[Hit]:
    """Find comments that give orders."""
    for file in evidence.texts:
        if file.suffix not in _SHOWN_AS_MARKUP:
            continue
        for match in _COMMENT.finditer(file.text):
            content = next((g for g in match.groups() if g), "")
            if _TO_A_MODEL.search(content[:4000]):
                line = file.text.count("\n", 0, match.start()) + 1
                model = re.search(
                    r"(?i)\b(?:ai|llm|assistant|agents?|model reading|claude|gpt|bot)\b", content
                )
                yield hit_at(
                    file,
                    line,
                    "a comment that people do not see gives orders",
                    content,
                    "HIGH" if model else "MEDIUM",
                )


@rule(
    "hidden-aside", "HIGH", "tricks", "The text of a picture or the title of a link gives orders",
    "It is not shown to people: say it openly or remove it.",
)  # fmt: skip
def asides(evidence: Evidence) -> Iterator[Hit]:
    """Find instructions in alt texts and link titles."""
    for file in evidence.texts:
        for match in _ASIDE.finditer(file.text) if "](" in file.text or '="' in file.text else ():
            for content in match.groups():
                is_alt = match[0].startswith("!") or content is not match[1]
                if (
                    content
                    and is_alt
                    and len(content) > 20
                    and (_TO_A_MODEL.search(content) or any(f[1] == "HIGH" for f in said(content)))
                ):
                    line = file.text.count("\n", 0, match.start()) + 1
                    yield hit_at(file, line, "a text that people do not see gives orders", content)


_FILLED_IN = re.compile(
    r"!\[[^\]\n]{0,400}\]\(https?://[^)\s]*[?&][\w-]*=(?:<|\{|\$|%7[bB]|\[)|<img\b[^<>]{0,200}src=[\"']?https?://[^\"'\s>]*[?&][\w-]*=(?:<|\{|\$|%7[bB]|\[)"
)


@rule(
    "hidden-picture-address", "HIGH", "tricks", "A picture's address waits for words of the reader",
    "Whoever shows the picture sends those words away; give an address that is complete.",
)  # fmt: skip
def filled_in(evidence: Evidence) -> Iterator[Hit]:
    """Find pictures from elsewhere into whose address a reader is to write."""
    for file in evidence.texts:
        for match in _FILLED_IN.finditer(file.text) if "http" in file.text else ():
            line = file.text.count("\n", 0, match.start()) + 1
            yield hit_at(
                file, line, "a picture is fetched from an address that is filled in by its reader", match[0]
            )


_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*[;,](?:base64,)?", re.IGNORECASE)
_SCRIPT = re.compile(
    r"<script(?:\s+(?:src|type|async|defer)\b|>[^<]{0,4000}</script)|\bjavascript:|\bvbscript:|\son(?:error|load|click|mouseover)\s*=|<iframe\s+\w+=|<object\s+(?:data|type)=|<embed\s+\w+=|<meta\s+http-equiv",
    re.IGNORECASE,
)


@rule(
    "hidden-data-address", "MEDIUM", "tricks", "A data: address brings content of its own",
    "Put the content into a file of the skill, where it can be read.",
)  # fmt: skip
def data_addresses(evidence: Evidence) -> Iterator[Hit]:
    """Find content inside of addresses, and mark-up that runs."""
    for file in evidence.texts:
        for match in _DATA.finditer(file.text) if "data:" in file.text else ():
            if "/" in match[0] or "base64" in match[0].lower():
                kind = (match[1] or "text/plain").lower()
                yield _hit_at(file, match, f"an address holds {kind} itself", _level_of_content(kind))
        if file.suffix in (".md", ".markdown", ".mdx", ".html", ".svg", ".yaml", ".yml"):
            level: Level = "HIGH" if file.suffix != ".html" else "MEDIUM"
            for match in _SCRIPT.finditer(file.text):
                yield _hit_at(file, match, "mark-up here would run in a page", level)


def _level_of_content(kind: str) -> Level:
    """Say how bad content of a kind is inside of an address: a picture shows, mark-up and programs run."""
    if kind.startswith("image/") and "svg" not in kind:
        return "LOW"
    return "HIGH" if any(word in kind for word in ("html", "script", "svg", "octet")) else "MEDIUM"


def _hit_at(file: File, match: re.Match[str], message: str, level: Level) -> Hit:
    line = file.text.count("\n", 0, match.start()) + 1
    excerpt = file.text[match.start() : match.end() + 60]
    return hit_at(file, line, message, excerpt, level)


_RUNS = re.compile(
    r"\b(?:bash|sh|curl|wget|python3?|powershell|eval|exec|nc|import (?:os|sys|socket|subprocess)|os\.system|/bin/|chmod|rm -rf|base64|https?://|child_process)\b|^#!"
)


@rule(
    "hidden-code", "MEDIUM", "tricks", "A long code hides what it says",
    "Ask for it in plain text.",
)  # fmt: skip
def codes(evidence: Evidence) -> Iterator[Hit]:
    """Find base64 and hex, decode them, and say what they hold."""
    for file in evidence.texts:
        if file.name.endswith((".sig", ".pem", ".crt", ".lock")):
            continue
        for how, code, found in disguised(file.text):
            line = file.text[: file.text.find(code)].count("\n") + 1
            runs = _RUNS.search(found)
            what = f"{how} here stands for '{visible(found)[:80].strip()}'"
            yield hit_at(file, line, what, code, "HIGH" if runs else "MEDIUM")
        for match in linear(r"[A-Za-z0-9+/]{400,}={0,2}").finditer(file.text):
            if len(set(match[0])) > 24:
                before = file.text[max(0, match.start() - 40) : match.start()]
                if "base64," not in before or "image/" not in before:
                    line = file.text.count("\n", 0, match.start()) + 1
                    yield hit_at(file, line, f"a block of {len(match[0])} coded characters", match[0][:80])
