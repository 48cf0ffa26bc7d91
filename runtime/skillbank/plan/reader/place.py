"""A place of a request, and the words that lead from what it is for to it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.request import clean_uri

__all__ = [
    "AFTER", "BARE", "DOING", "LINK", "LIST", "NOUN", "OF", "OPEN", "SOURCES", "WORDS", "Place",
    "brackets", "bridges", "claim_place", "is_into", "is_model_file", "is_test",
    "listed_with", "names", "place_at", "role_of_path", "role_said", "roles_of",
]  # fmt: skip

SOURCES = ("calibration_dataset", "inference_dataset", "eval_dataset", "train_datasets")
_KINDS = ("before", "bare", "after", "done")
DOING = ("train", "evaluate", "inference")


@dataclass(frozen=True, slots=True)
class Place:
    """A location and what it is for.

    Attributes
    ----------
    doing
        The action whose bare noun gave the role ("training: X"), which asks for it where nothing else does.
    test
        Whether it is said to be for testing: where another is for validation, an evaluation reads this one.
    told
        Whether it stands in a clause that tells something: it is no data beside one that is asked for.
    """

    uri: str
    role: str | None = None
    doing: str | None = None
    test: bool = False
    told: bool = False


def roles_of(kind: str, sources: Iterable[str] = SOURCES) -> str:
    """Return the alternatives of a pattern for the words of all roles."""
    return "|".join(f"places.roles.{source}.{kind}" for source in sources)


LIST = "list=@place"
OPEN = "'(|'[|'<"
LINK = (
    "places.data.link|places.data.nouns|group.det|group.prep|free.adjective|slots.around.link"
    f"|places.data.use|'is|':|'=|{OPEN}"
)
"""What may stand between what a place is for and the place."""
OF = (
    "~aside|free.adjective|group.det|group.it|@name|'of|'from|'for|'that|'which|'i|'we|'have|"
    "places.data.nouns"
)
"""What may describe data behind its noun."""
WORDS = "'every|free.adjective|~aside? free.adjective|~aside? free.adjective|~aside?"
"""What may describe it before, and is no evidence: a few words, none of which leads to anything else."""
MORE = f"',? places.data.more? group.prep? group.det* places.data.nouns* {OPEN}? @place"
BARE, NOUN = roles_of("bare"), roles_of("before")
AFTER = roles_of("after")


def is_model_file(text: Text, uri: object) -> bool:
    """Whether a place is a file of a model by its ending."""
    suffixes = tuple(s for phrase in text.lexicon.classes["places.weights.suffixes"] for s in phrase.split())
    return clean_uri(str(uri)).lower().endswith(suffixes)


def role_of_path(text: Text, uri: str) -> str | None:
    """Return the role that the last folder or file of a path is named for."""
    last = clean_uri(uri).replace("\\", "/").rpartition("/")[2].lower()
    for ending in (".tar.gz", ".tgz", ".tar", ".zip", ".jsonl", ".json", ".csv"):
        last = last.removesuffix(ending)
    for role in SOURCES:
        if text.lexicon.has(last, f"places.roles.{role}.path"):
            return role
    return None


def is_into(text: Text, claim: Claim) -> bool:
    """Whether a place with no words of its own is one that something is put into: "the ONNX into X"."""
    return claim.value.role is None and text.word(claim.first - 1) == "into"


def is_test(claim: Claim) -> bool:
    """Whether a place is for testing, by what is said of it or by its own name."""
    last = clean_uri(claim.value.uri).rpartition("/")[2].lower()
    return claim.value.test or (claim.value.role is None and last.startswith("test"))


def role_said(text: Text, said: list[int]) -> str:
    """Return the role that a word or phrase has."""
    end = said[-1] + 1
    return next(
        role for role in SOURCES
        if any(end in text.ends(said[0], f"places.roles.{role}.{kind}") for kind in _KINDS)
    )  # fmt: skip


def place_at(
    text: Text, i: int, role: str | None, words: Iterable[int] = (), *, doing: str | None = None
) -> Place:
    """Return what a token holds as a place with a role, as some words say it."""
    test = role == "eval_dataset" and any(
        text.tokens[k].text.startswith(("test", "held", "holdout", "hold")) for k in words
    )
    return Place(str(text.tokens[i].value), role, doing, test)


def bridges(text: Text, match: Match) -> bool:
    """Whether the words between a role and a place hold a verb or mark that begins something else."""
    inside = range(match.first, match.end - 1)
    texts = [text.tokens[i].text for i in inside]
    if any(t in ("classifier", "detector", "model", "network") for t in texts[1:]) and texts[-1] in (
        "on",
        "with",
        "using",
    ):
        return True
    if any(t in ("and", "then", "but", ".", ";") for t in texts[1:]):
        return True
    verbs = [i for i in inside[1:] if text.tokens[i].text in ("train", "evaluate", "export", "quantize")]
    alone = [i for i in verbs if not any(text.within(i, f"places.roles.{role}.before") for role in SOURCES)]
    return bool(alone) and texts[-1] not in (":", "=")


def claim_place(text: Text, match: Match, role: str | None) -> None:
    """Give the place of a match, and those listed with it, a role."""
    [first] = match.tokens("list")[:1]
    if not text.ledger.free(first):
        return
    words, doing = _evidence(text, match, first), None
    if role in (None, *SOURCES) and is_model_file(text, text.tokens[first].value):
        role = "weights"
    if role in SOURCES and not any(text.within(i, "places.data.nouns") for i in words):
        doing = next((a for a in DOING if text.within(words[0], f"actions.{a}.nouns")), None)
    place = place_at(text, first, role, words, doing=doing)
    text.ledger.claim("place", [*words, *brackets(text, first)], place)
    if role in SOURCES:
        listed_with(text, match.end, place_at(text, first, role, words))


def _evidence(text: Text, match: Match, first: int) -> list[int]:
    """Return the tokens of a match that say what its place is for, the place (``first``) among them.

    Words that only describe what lies there count where they introduce it or its path says the same; a number
    counts where it is that of the places.
    """
    said, introduced = str(text.tokens[first].value), _introduces(text, match)
    words = [
        i
        for i in range(match.first, match.end)
        if i not in match.aside or introduced or names(said, text.tokens[i].text)
    ]
    others = [n for n in match.tokens("n") if text.tokens[n].value != _count(text, first)]
    return [i for i in words if i == first or (text.kind(i) not in ("name", "place") and i not in others)]


def _introduces(text: Text, match: Match) -> bool:
    """Whether words only say what lies at a place: "I have pictures of bees in X", "the bees are in X"."""
    owned = text.match("mode.subject free.adverb* places.data.put", match.first)
    led = text.within(match.first, "grammar.group.prep")
    lies = any(text.within(i, "places.data.lies") for i in match.tokens())
    return owned is not None or (lies and not led)


def names(uri: str, word: str) -> bool:
    """Whether a path says itself what a word describes it as: "the blade photos in /data/blades"."""
    parts = re.findall(r"[a-z]{3,}", uri.lower())
    return not word.endswith("est") and any(
        word[:4] == part[:4] or word.startswith(part.removesuffix("s")) for part in parts
    )


def _count(text: Text, first: int) -> int:
    """Return how many places stand in a list."""
    count, at = 1, first + 1
    while (more := text.match(MORE, at)) is not None and more.end - at > 1:
        count, at = count + 1, more.end
    return count


def brackets(text: Text, place: int) -> list[int]:
    """Return the brackets that a place stands in."""
    return [
        i
        for i in (place - 1, place + 1)
        if 0 <= i < len(text.tokens) and text.tokens[i].text in "<>[]" and text.ledger.free(i)
    ]


def listed_with(text: Text, at: int, like: Place) -> None:
    """Give what is listed behind a place its role too; a path that is named for another role has that."""
    while (more := text.match(MORE, at)) is not None and more.end - at > 1:
        place = more.end - 1
        if not text.ledger.free(place) or text.match(f"')? {OPEN}|',? {AFTER}", more.end) is not None:
            return
        uri = str(text.tokens[place].value)
        other = role_of_path(text, uri)
        found = Place(uri, other) if other not in (None, like.role) else replace(like, uri=uri, doing=None)
        text.ledger.claim("place", more.tokens(), found)
        at = more.end
