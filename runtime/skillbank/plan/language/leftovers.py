"""What no stage understood: words that may have meant something, as they were written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from skillbank.bank.discovery import Library
from skillbank.errors import SkillNotFoundError, UsageError
from skillbank.plan.language.tokens import Text, Token, words
from skillbank.plan.language.words import FILLER, rx

_SMALL = frozenset(
    word
    for group in ("det", "adj", "adv", "prep", "it", "data", "link", "model", "run", "last", "of", "be")
    for words in rx.groups[group][3:-1].split("|")
    for word in words.split()
) | {
    "engine",
    "first",
    "next",
    "beforehand",
    "or",
    "if",
    "onnx",
    "s",
    "m",
    "ll",
    "ve",
    "re",
    "d",
    "t",
    "x",
    "no",
    "not",
    "automatically",
    "action",
    "mode",
}
QUIET = FILLER | _SMALL
_LEADING = words("and then but or so also , please")
_PLANNED = words(
    """tonight tomorrow overnight midnight noon morning afternoon evening weekend monday tuesday wednesday
    thursday friday saturday sunday week weeks month months am pm o'clock deploy deployment"""
)
"""When a run is to start, and what is to follow it: nobody here keeps a calendar, which must be said."""


def leftovers(text: Text) -> Iterator[str]:
    """Yield the parts of a text that are left and not only filler."""
    run: list[Token] = []
    for token in [*text.tokens, Token(".", -1, -1)]:
        is_word = token.text.islower() or token.text in ("D", "K", "T", "G")
        if run and (not is_word or not _adjoin(text, run[-1], token)):
            yield from _fragment(text, run)
            run = []
        if is_word:
            run.append(token)


_SETTINGS = words("lr epoch epochs batch")
_AMOUNTS = words(
    """times twice thrice double doubled triple tripled half halve halved quarter third tenth
    hundredth thousandth ten percent more fewer less higher lower bigger larger smaller longer shorter
    increase decrease raise reduce minus"""
)
_NEAR = 5
_NUMBER_FORMAT = re.compile(r"(?:u?int|fp|bf|float|tf|nf|q)\d+(?:_\w+)?")


def refuse_unread_amounts(text: Text) -> None:
    """Refuse "twice as many epochs" and "precision int4": a setting whose value cannot be read.

    Raises
    ------
    UsageError
        Naming the words.
    """
    for token in text.tokens:
        if _NUMBER_FORMAT.fullmatch(token.text):
            raise UsageError(f"'{token.text}' is no precision that is known; say fp32, fp16, bf16 or int8.")
    for first, last in text.sentences():
        for i in (i for i in range(first, last) if text.tokens[i].text in _SETTINGS):
            near = text.tokens[max(first, i - _NEAR) : min(last, i + _NEAR)]
            if any(t.text in _AMOUNTS for t in near):
                raise UsageError(
                    f"'{text.source(near)[:80]}' gives no value that can be read; say a number, for example: "
                    "for 20 epochs."
                )


def _adjoin(text: Text, before: Token, after: Token) -> bool:
    return re.fullmatch(r"[\s'\"-]*", text.original[before.end : after.start]) is not None


def _fragment(text: Text, run: list[Token]) -> Iterator[str]:
    while run and run[0].text in _LEADING:
        run = run[1:]
    if any(
        (t.text not in QUIET or (t.text in _PLANNED and (t.text != "am" or before.text == "D")))
        and len(text.source([t])) > 1
        for before, t in zip([Token(".", -1, -1), *run], run, strict=False)
    ):
        yield text.source(run)


def _until_preposition(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        if not token.text.islower() or token.text in _PREPOSITIONS:
            return
        yield token


def _described(text: Text, about: set[str]) -> list[Token]:
    """Return the first words without a preposition among them that speak of a model."""
    run: list[Token] = []
    for token in [*text.tokens, Token(".", -1, -1)]:
        if token.text.islower() and token.text not in _PREPOSITIONS:
            run.append(token)
            continue
        if any(t.text in about for t in run):
            return run
        run = []
    return []


_PREPOSITIONS = words(
    """on in at from over against to into with using under by via through for of without that which and"""
)


def telling_words(text: Text, library: Library, after: Sequence[Token]) -> Iterator[str]:
    """Yield the words that may describe a model: those right after the verb, or all when these are none.

    Raises
    ------
    SkillNotFoundError
        When one of them is the name of a model that no bank has.
    """
    about = {
        word
        for skill in library.skills
        for word in re.findall(
            r"[a-z]+", " ".join((skill.name, *skill.frontmatter.tags, *skill.info.aliases)).lower()
        )
    }
    object_ = list(_until_preposition(after))
    if not any(t.text in about or t.text not in QUIET for t in object_):
        object_ = _described(text, about) or text.tokens
    for i, token in enumerate(text.tokens):
        if token not in object_ or not token.text.islower() or token.text in ("engine", "first", "next"):
            continue
        said = text.source([token])
        inside = i > 0 and text.tokens[i - 1].text not in (".", "!", "?", ":", ",", ";")
        proper = (inside and said[:1].isupper() and not text.original.isupper()) or re.search(
            r"[a-z]\d|\d[a-z]|[a-z][A-Z]", said
        )
        if (
            proper
            and token.text not in about
            and token.text not in QUIET
            and len(said) > 1
            and token.text not in rx.vocabulary
        ):
            raise SkillNotFoundError(
                f"There is no skill for '{said}'; 'skillbank skills' lists what there is."
            )
        if (
            token.text in about
            or token.text not in QUIET
            or token.text in ("detector", "detectors", "classifier")
        ):
            yield token.text
