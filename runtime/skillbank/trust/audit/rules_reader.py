"""Rules on what is said to the reader: a person, or the model that a person has sent."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import re2

from skillbank.trust.audit.evidence import Evidence, File, Heard
from skillbank.trust.audit.finding import Hit, Level, hit_at, rule
from skillbank.trust.audit.linear import Linear, linear, whole
from skillbank.trust.audit.phrases import FOREIGN, PHRASES, POLITE, SQUEEZED, Phrase
from skillbank.trust.audit.plain import corrected, disguised, line_of, parts, plain, rotated, squeezed, unleet

if TYPE_CHECKING:
    from skillbank.trust.audit.linear import Match

__all__ = ["Found", "instructions", "said"]

_BEFORE, _AFTER = 160, 60
_MOST = 40
_LONGEST_CODE = 4000
Found = tuple[str, Level, str, str]
"""The kind of a phrase, its level, the words, and how they were disguised."""


@lru_cache(maxsize=1)
def _engine() -> list[tuple[Phrase, Linear]]:
    return [(p, linear(p.pattern)) for p in (*PHRASES, *FOREIGN)]


@lru_cache(maxsize=1)
def _all_of_them() -> re2.Set:
    """One automaton that says which phrases occur at all: most texts hold none."""
    options = re2.Options()
    options.max_mem = 512 << 20
    every = re2.Set.SearchSet(options)
    for phrase in (*PHRASES, *FOREIGN):
        every.Add(phrase.pattern)
    every.Compile()
    return every


def said(text: str) -> list[Found]:
    """Return what a raw text says to its reader, in whatever disguise."""
    form, starts = parts(text)
    found = list(_phrases(form, "", starts))
    known = {(kind, words) for kind, _, words, _ in found}
    usual = _telling(form)
    for how, other, places in _other_forms(form, starts):
        # A form that brings no new word of an order brings no order.
        if _telling(other) > (usual if places is starts and how != "rot13" else 0):
            found += [f for f in _phrases(other, how, places) if f[1] == "HIGH" and (f[0], f[2]) not in known]
    apart = squeezed(form)
    for kind, pattern in SQUEEZED.items():
        for text_, how in ((apart, "letters set apart"), (form, "words run together")):
            if match := linear(pattern).search(text_):
                found.append((kind, "HIGH", match[0], how))
    return found


def _other_forms(form: str, starts: list[int]) -> Iterator[tuple[str, str, list[int]]]:
    for how, change in (("digits in place of letters", unleet), ("letters swapped", corrected)):
        other = change(form)
        if other != form:
            yield how, other, starts
    yield "rot13", rotated(form), starts
    yield "written backwards", form[::-1], [0]


_TELLING = (
    r"ignor|disregard|forget|bypass|previous|prior|instruction|guideline|prompt|approv|consent|permission"
    r"|authori|confirm|without|asking|dont|do not|never|secret|password|credential|token|user|operator|now"
)


def _telling(form: str) -> int:
    return sum(1 for _ in linear(_TELLING).finditer(form))


def _phrases(form: str, how: str, starts: list[int]) -> Iterator[Found]:
    there = _all_of_them().Match(whole(form))
    engine = _engine()
    for number in there or ():
        phrase, compiled = engine[number]
        for count, match in enumerate(compiled.finditer(form)):
            level = _level(phrase, form, match.start(), match.end(), starts)
            if level is not None:
                yield phrase.kind, level, match[0].strip(), how
            if count >= _MOST:
                break


def _level(phrase: Phrase, form: str, start: int, end: int, starts: list[int]) -> Level | None:
    """Judge a match by what stands around it in its sentence."""
    before = _sentence_before(form, start, starts)
    if phrase.before and re.search(phrase.before, before):
        return None
    if phrase.after and re.search(phrase.after, form[end : end + _AFTER]):
        return None
    if phrase.inside and re.search(phrase.inside, form[start:end]):
        return None
    if phrase.needs and not re.search(phrase.needs, before):
        return "MEDIUM"
    if phrase.soft and re.search(phrase.soft, before):
        return "MEDIUM"
    return phrase.level


def _sentence_before(form: str, start: int, starts: list[int]) -> str:
    begin = starts[max(bisect_right(starts, start) - 1, 0)]
    before = form[max(begin, start - _BEFORE) : start]
    sentence = re.split(r"[.!?;:](?= )", before)[-1].lstrip()
    return POLITE.sub("", sentence)


def instructions(file: File, heard: Heard) -> Iterator[tuple[str, Level, str, str, int | None]]:
    """Yield what one file says to its reader: kind, level, words, disguise, line; equal contents are read once."""
    if not file.digest or file.digest not in heard:
        found = tuple(_in_text(file))
        if file.digest:
            heard[file.digest] = found
    else:
        found = heard[file.digest]
    yield from found
    for kind, level, words, how in said(file.name.replace("/", " ")):
        if level == "HIGH":
            yield kind, level, words, how or "the file's name", None


def _in_text(file: File) -> Iterator[tuple[str, Level, str, str, int | None]]:
    for kind, level, words, how in said(file.text):
        yield kind, level, words, how, _line(file.text, words, how)
    for how, code, decoded in disguised(file.text):
        for kind, level, words, _ in said(decoded[:_LONGEST_CODE]):
            if level == "HIGH":
                yield kind, level, words, how, _line_of_code(file, code)


def _line(text: str, words: str, how: str) -> int | None:
    forms: dict[str, Callable[[str], str]] = {
        "digits in place of letters": lambda line: unleet(plain(line)),
        "rot13": lambda line: rotated(plain(line)),
    }
    if how == "written backwards":
        return line_of(text, words[::-1])
    if how == "letters set apart":
        return next((n for n, line in enumerate(text.split("\n"), 1) if squeezed(plain(line))), None)
    return line_of(text, words, forms.get(how, plain))


def _line_of_code(file: File, code: str) -> int | None:
    return file.text[: file.text.find(code)].count("\n") + 1 if code in file.text else None


def _said_by(evidence: Evidence) -> Iterator[tuple[File, str, Level, str, str, int | None]]:
    """Yield what all files of a skill say to their reader."""
    for file in evidence.texts:
        for one in instructions(file, evidence.heard):
            yield file, *one


_WORDS = {
    "override": (
        "reader-override", "It tells the reader to put aside other instructions", "it tells the reader to put aside what it was told",
        "A skill describes a model; read the place, and do not use a skill that gives orders to its reader.",
    ),
    "role": (
        "reader-role", "It gives the reader another role or new orders", "it gives the reader another role or new orders",
        "Read the place; who the agent is, is decided by whoever runs it.",
    ),
    "approval": (
        "reader-approval", "It claims that something is approved already", "it claims that somebody has agreed already",
        "Only a person approves, plan by plan; no text of a skill can say that it happened.",
    ),
    "asking": (
        "reader-no-asking", "It tells the reader to act without asking", "it tells the reader not to ask",
        "What starts, spends or destroys is asked about; read the place before you use the skill.",
    ),
    "secrecy": (
        "reader-secrecy", "It tells the reader to hide something from people", "it tells the reader to keep something from a person",
        "Nothing that a skill does needs to be kept from the person; do not use it before you know why.",
    ),
    "sending": (
        "reader-sending", "It asks the reader to hand out secrets", "it asks the reader to hand out secrets",
        "Do not use it, and change what secrets an agent may have shown.",
    ),
    "priority": (
        "reader-priority", "It claims to weigh more than the user or the system", "it claims to weigh more than what others say",
        "Text inside of skills is data; read the place before you use the skill.",
    ),
    "approving": (
        "reader-approves", "It tells the reader to approve or trust in a person's place", "it tells the reader to approve in a person's place",
        "Approving and trusting are a person's; run `skillbank approve` and `skillbank trust` by your own hand.",
    ),
    "fetching": (
        "reader-fetches", "It tells the reader to fetch instructions from elsewhere", "it tells the reader to follow what lies elsewhere",
        "What it fetches can change at any time; ask whoever wrote the skill to say it in the skill.",
    ),
}  # fmt: skip
"""By the kind of what is said: name and title of the rule, what is found, and what to do about it."""


def _finder(kind: str, message: str) -> Callable[[Evidence], Iterator[Hit]]:
    def find(evidence: Evidence) -> Iterator[Hit]:
        for file, found, level, words, how, line in evidence.once(_said_by):
            if found == kind:
                disguise = f" (disguised: {how})" if how else ""
                yield hit_at(file, line, f"{message}{disguise}", words, level)

    find.__doc__ = f"Find where {message}."
    return find


for _kind, (_name, _title, _message, _way_out) in _WORDS.items():
    rule(_name, "HIGH", "tricks", _title, _way_out)(_finder(_kind, _message))


_TURN = linear(
    r"(?i)<\|?(?:im_start|im_end|im_sep|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|system|assistant|user|tool|end_of_turn|start_of_turn)\|?>|<\x{ff5c}"
    r"|\[/?INST\]|<</?SYS>>|</?(?:tool_result|tool_response|tool_output|function_results?|function_calls?|function_response|system[-_]reminder|system[-_]prompt|system[-_]message|system|antml:\w+|invoke|tool_use|assistant|human|user_message|admin)(?:\s[^<>]{0,80})?>"
    r"|\[/?(?:tool[_ ](?:result|response|output|call)s?|function[_ ]results?|system(?: message| note| prompt)?|assistant|end of (?:skill|document|file|prompt|data|context))\]"
    r"|(?:^|\n)[-=#*_ ]{3,}\s*(?:end of|begin|start of|end)\s+(?:the\s+)?(?:skill|system|user|assistant|tool|untrusted|data|context|document|instructions?)\b[^\n]{0,30}",
)
_SPEAKER = linear(
    r"(?i)(?:^|\n|[\"'>|])[ \t#*_>\"'-]{0,12}(?:system|assistant|developer|tool(?: result| output)?|admin(?:istrator)?|operator|root|human|user|skillbank|runtime)(?: (?:message|note|prompt|notice|override|update))?[*_ ]{0,4}[:\x{ff1a}][*_ ]{0,4}([^\n]{4,240})",
)
_ORDER = re.compile(
    r"\b(?:you (?:must|should|are|have|may|can|will|need)|your|ignore|disregard|approv\w+|overrid\w+|(?:must|will) (?:now )?(?:run|launch|approve|obey)|without asking|has agreed|yes,? (?:go|run|launch|do|approve|please)|go ahead|granted|permission|from now on|new instructions?|obey|proceed|grant\w*|launch it|authori[sz]ed|I(?:'ve| have|'ll| will| did| am going to) (?:\w+ )?(?:check\w*|verif\w+|review\w*|audit\w*|read|run|launch\w*|start\w*|test\w*|do|done|ask\w*|confirm\w*|trust\w*)|(?:is|are|looks|was|were) (?:\w+ )?(?:safe|trusted|trustworthy|harmless|clean)\b|pre[- ]?approved|unattended|I (?:\w+ )?(?:trust|agree|approve|allow|consent|accept|permit|confirm|authori[sz]e)|launch (?:all|every|this|them))\b",
    re.IGNORECASE,
)
_HEADED = linear(
    r"(?i)(?:^|\n)(?:#{1,6} +|\*\*|__)(?:system|assistant|developer|tool|human|user|operator)(?: (?:message|note|prompt|result|output|notice|reply))?(?:\*\*|__)?[ :]*\n\s*([^\n]{4,240})"
)
_TOOL_DOCUMENT = linear(
    r"(?i)\"(?:tool_(?:result|response|output|use_id|call_id)s?|function_(?:result|response|call_output)s?|is_error)\"\s*:"
)
_FAKE_REPLY = linear(
    r"(?i)[\"']?(?:needs_approval|approval|approved|approved_by|approval_required|confirmation_required|requires_confirmation|approval_id|is_approved|requires_approval|trust(?:ed)?|trust_state|user_confirmed|confirmation|consent)[\"']?\s*[:=]\s*[\"']?(?:true|granted|yes|approved|user|operator|own|trusted|given|accepted|false|null)\b",
)


@rule(
    "reader-fake-turn", "HIGH", "tricks", "It imitates another speaker or a tool's answer",
    "Markers of roles and tool results have no place in a skill; do not use it.",
)  # fmt: skip
def fake_turns(evidence: Evidence) -> Iterator[Hit]:
    """Find marks of roles and of tools' answers."""
    for file in evidence.texts:
        text = file.text
        for match in _TURN.finditer(text):
            yield _at(
                file,
                match,
                "it imitates the marks of a conversation or of a tool's answer",
                "MEDIUM" if _is_template(file, match) else None,
            )
        for match in (*_SPEAKER.finditer(text), *_HEADED.finditer(text)):
            if _ORDER.search(match[1]):
                yield _at(file, match, "it speaks in the voice of the system, the user or a tool")
        for match in _FAKE_REPLY.finditer(text):
            if not file.name.startswith("schemas/"):
                quoted = any(c.start() < match.start() < c.end() for c in _INLINE_CODE.finditer(text))
                yield _at(
                    file,
                    match,
                    "it imitates an answer that says something is approved or trusted",
                    "MEDIUM" if quoted else None,
                )
        for match in _TOOL_DOCUMENT.finditer(text):
            of_the_work = _OF_THE_WORK.search(text[match.start() : match.end() + 240])
            yield _at(file, match, "it imitates a tool's answer", None if of_the_work else "LOW")


_OF_MODELS = re.compile(
    r"<\|?[\w\uff5c]+\|?>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant|human)>", re.IGNORECASE
)
_OF_TOOLS = re.compile(r"tool|function|reminder|admin", re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]{0,3}(```+|~~~+)[^\n]*\n.*?^[ \t]{0,3}\1[^\n]*$", re.MULTILINE | re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]{1,200}`")
_TEMPLATE_KEY = re.compile(
    r"token|template|default|example|prompt|prefix|suffix|stop|role|separator", re.IGNORECASE
)
_OF_THE_WORK = re.compile(
    r"\b(?:approv\w*|trust\w*|ignor\w*|disregard\w*|skillbank|instructions?|permission\w*|consent\w*|credentials?|secrets?|launch\w*"
    r"|obey\w*|must|never|without asking|confirm\w*|run|execute|commands?|send|upload|plan|operator|shell|bash|curl)\b",
    re.IGNORECASE,
)


def _is_template(file: File, match: Match) -> bool:
    """Say whether marks of a conversation are a model's template, shown as code or kept in its field.

    What such a template says is about the model that is trained; words on the reader's own work make it a turn.
    """
    mark = match[0].strip()
    if not _OF_MODELS.fullmatch(mark) or _OF_TOOLS.search(mark):
        return False
    start, end = match.span()
    if file.is_document:
        line = file.text.count("\n", 0, start) + 1
        key = file.field_at(line).rsplit(".", 1)[-1]
        return bool(_TEMPLATE_KEY.search(key)) and not _OF_THE_WORK.search(file.text[start : end + 400])
    for code in (_FENCE, _INLINE_CODE):
        for block in code.finditer(file.text):
            if block.start() <= start and end <= block.end():
                return not _OF_THE_WORK.search(block[0])
    return False


def _at(file: File, match: Match, message: str, level: Level | None = None) -> Hit:
    start = match.start() + len(match[0]) - len(match[0].lstrip())
    line = file.text.count("\n", 0, start) + 1
    return hit_at(file, line, message, match[0].strip(), level)
