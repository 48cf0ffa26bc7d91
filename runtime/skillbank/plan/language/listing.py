"""Lists of descriptions inside of sentences: where they end, and what they hold.

In a sentence commas, "and" and "or" part what is found, as people write; a full stop between blanks does so
too. What stands in quotes is taken as it is, and `skillbank.descriptions` says what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from skillbank.plan.language.tokens import Text, Token, words
from skillbank.plan.language.words import ACTION_VERBS

__all__ = ["NEXT", "VERBS", "WHERE", "read_list", "split_list"]

_STOPS = words(". ! ? ; ( ) : / | V G T P N J S K C F")
_TAIL = words(
    """in on at from inside within across over under among using with by via through and or , the a an my
    our your all these those this that of images image pictures picture photos photo frames frame
    data dataset folder files samples video videos set new please too then also for to where which
    is are stored there model checkpoint weights it last now crops scans recordings footage
    located found lying lies both same here as well trained job run let do use based taken parent
    following batch whole entire complete directory bucket unlabelled unlabeled test shots camera
    latest out against but plain below above beneath each every fresh incoming collected recent"""
)
"""Words that a description does not end with: they lead to the place, the model or the next wish."""
NEXT = words(
    """and then please use using run with no without on do not don't put save write store send email mail
    compare also afterwards finally in from but let take give show display upload export evaluate
    train quantize make keep only at via i we should must shall will has have is are"""
)
_ARTICLE = re.compile(
    r"^(?:classes|categories|phrases|captions|an?|the|all|any|every|each|some|of|both|for|me)\s+(?=\S)",
    re.IGNORECASE,
)
_LEADS = words("in on at from within inside across using via by with over under among for")
_NUMBERED = words("no nr nos fig vol")
_SHORT = words("st dr mr mrs ms mt approx etc vs")
_MORE = words("with without wearing holding carrying having riding lacking")
_RUN = words(
    """automl hpo tuning search sweep model models checkpoint checkpoints weights threshold thresholds
    confidence score scores gpu gpus node nodes batch size precision engine docker slurm kubernetes results
    labels boxes annotations training validation evaluation export augmentation profile settings default
    defaults options dino tensorrt onnx it them this that those these"""
)
"""Words about the run: "with" before them begins something else than more of a description."""
_MANNER = words("by with using via from on in at per based according")
_ENDING = words("and or , the a please too then also now")
_DETERMINERS = words(
    "the a an my our your their its all each every them it this these those everything me us"
)


VERBS = frozenset(v for verbs in ACTION_VERBS.values() for v in verbs) | {
    "build",
    "create",
    "generate",
    "convert",
    "compile",
    "count",
    "draw",
}


WHERE = words("in on at from within inside across among over through")
_THERE = words(
    """it them these those this that there here the all of my our new each every image images picture
    pictures photo photos frame frames data folder files video videos ones both set dataset"""
)
_OWN = words("with having holding containing has have that which whose who without")


def read_list(text: Text, first: int, semicolons: bool = False) -> tuple[int, list[str]]:
    """Read a list of descriptions; return where it ends and what it holds."""
    tokens = text.tokens
    if first < len(tokens) and tokens[first].text in _MANNER:
        return first, []  # "segment by text" says how
    last = first
    while last < len(tokens) and (
        tokens[last].text not in _STOPS
        or (semicolons and tokens[last].text == ";")
        or (last > first and (_alone(text, tokens[last]) or _abbreviates(text, last)))
    ):
        separates = tokens[last].text in (",", "and", "or", ";") or _alone(text, tokens[last])
        if separates and last > first and not _goes_on(tokens[last : last + 9]) and _begins_other(text, last):
            break
        last += 1
    dot_at = last
    stopped_at = tokens[last].text if last < len(tokens) else "."
    while last > first and (
        tokens[last - 1].text == ","
        or (tokens[last - 1].text in _TAIL and (stopped_at in "PNJSVGT(" or tokens[last - 1].text in _ENDING))
    ):
        last -= 1
    quoted = [i for i in range(first, last) if tokens[i].text == "Q"]
    if quoted:
        return quoted[-1] + 1, [tokens[i].value.content for i in quoted]
    items = list(split_list(text, tokens[first:last]))
    # "find red circle . blue star . in X": the last full stop belongs to the prompt and ends no sentence.
    ends_prompt = items and dot_at < len(tokens) - 1 and _alone(text, tokens[dot_at]) and last == dot_at
    return (last + 1 if ends_prompt and tokens[dot_at + 1].text in _LEADS else last), items


def _alone(text: Text, token: Token) -> bool:
    """Whether a full stop stands between blanks, as it does in the model's prompts."""
    if token.text != "." or token.start == token.end:
        return False
    before, after = text.original[: token.start][-1:], text.original[token.end : token.end + 1]
    return before.isspace() and (not after or after.isspace())


def _abbreviates(text: Text, at: int) -> bool:
    """Whether a full stop ends a short form inside a description: "No. 5 sign", "St. Bernard"."""
    tokens = text.tokens
    if tokens[at].text != "." or at == 0 or at + 1 >= len(tokens) or tokens[at - 1].end != tokens[at].start:
        return False
    said, after = text.source(tokens[at - 1 : at]).lower(), tokens[at + 1]
    return (said in _NUMBERED and after.text == "D") or (said in _SHORT and after.text.isalpha())


def _goes_on(tokens: Sequence[Token]) -> bool:
    """Whether what follows a comma says more of what is before it: ", without glasses", ", e.g. cars"."""
    if len(tokens) < 3 or tokens[0].text != ",":
        return False
    if tokens[1].text == "say":
        return True
    said: list[str] = []
    for token in tokens[2:]:
        if token.text in _STOPS or token.text in (",", "and", "or", *_LEADS):
            break
        said.append(token.text)
    more = bool(said) and tokens[1].text in _MORE and not set(said) & _RUN
    return more and all(word.isalpha() and word.islower() for word in said)


def _begins_other(text: Text, at: int) -> bool:
    """Whether after a comma or an "and" something else is said than one more description."""
    rest = text.tokens[at + 1 :]
    while rest and rest[0].text in ("and", "or", ",", "then"):
        rest = rest[1:]
    if len(rest) > 2 and rest[0].text == "no" and rest[1].text == "." and rest[2].text == "D":
        return False  # "and No. 5 signs"
    if len(rest) > 1 and rest[0].text.isalpha() and rest[1].text in _DETERMINERS:
        return rest[0].text not in WHERE  # an order: "and translate the labels"
    return not rest or rest[0].text in _STOPS or rest[0].text in NEXT or rest[0].text in VERBS


def _here(tokens: list[Token]) -> list[Token]:
    """Drop words that point to a place said before: "oil stains in them", but not "cups with tea in them"."""
    said = [t.text for t in tokens]
    if len(said) > 1 and said[-1] in ("there", "here"):
        return _here(tokens[:-1])
    at = next((i for i in range(len(said) - 1, 0, -1) if said[i] in WHERE), 0)
    if at and at + 1 < len(said) and set(said[at + 1 :]) <= _THERE and not set(said[:at]) & _OWN:
        return tokens[:at]
    return tokens


def split_list(text: Text, tokens: Sequence[Token]) -> list[str]:
    """Return the descriptions of a list, without articles and words that describe nothing."""
    parts: list[list[Token]] = [[]]
    for at, token in enumerate(tokens):
        separates = token.text in (",", "and", "or", ";") or _alone(text, token)
        if separates and not (parts[-1] and _goes_on(tokens[at : at + 9])):
            parts.append([])
        else:
            parts[-1].append(token)
    said = [text.source(part).strip().strip("\"'") for part in map(_here, parts) if part]
    found = []
    for phrase in said:
        while (shorter := _ARTICLE.sub("", phrase)) != phrase:
            phrase = shorter
        if phrase and phrase.lower() not in (
            "it",
            "them",
            "objects",
            "things",
            "everything",
            "images",
            "pictures",
            "photos",
            "frames",
            "data",
            "something",
        ):
            found.append(phrase)
    return found
