"""What the places of a request are for: said words first, then the path's own name, else nobody knows.

Roles are the data sources, and ``results``, ``weights``, ``resume``, ``backbone``, ``labels``; ``None`` is for
the action that the place is said of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.request import clean_uri

__all__ = ["SOURCES", "Place", "role_of_path", "take_places"]

SOURCES = ("calibration_dataset", "inference_dataset", "eval_dataset", "train_datasets")
_LINK = "places.data.link|places.data.nouns|group.det|group.prep|free.adjective|slots.around.link|'is|':|'="
_DESCRIBED = "~word|free.adjective|free.glue|@name"
_LIST = "list=@place"
_MORE = "',? 'and|'plus|'&|'+? group.prep? group.det* places.data.nouns* @place"
_START = "actions.words.begin|actions.words.resume"
_OBJECT = "group.det|group.it|free.adjective|free.noun|actions.train.nouns|actions.train.base|actions.train.ing|@name|'off|'up|'out|'where|'stopped|'left"


@dataclass(frozen=True, slots=True)
class Place:
    """A location and what it is for.

    Attributes
    ----------
    guessed
        Whether the role is that of the path's own name and nobody said it.
    doing
        The action whose bare noun gave the role ("training: X"), which asks for it where nothing else does.
    """

    uri: str
    role: str | None = None
    guessed: bool = False
    doing: str | None = None
    corrected: bool = False


def take_places(text: Text, *, training: bool) -> None:
    """Account for the places of a text and for the words that say what they are for.

    Parameters
    ----------
    training
        Whether the text speaks of a training: "validate on X" then says where its validation data lies.
    """
    _weights(text)
    _results(text)
    for role in SOURCES:
        for match in text.find(f"group.prep? group.det* places.roles.{role}.before {_DESCRIBED}|places.data.nouns|@name* {_LINK}* {_LIST}"):
            if not _bridges(text, match):
                _claim(text, match, role)
        for match in text.find(f"group.prep? group.det? places.roles.{role}.bare ':|'=|'is|'are|'-|group.det* {_LIST}"):
            if not _is_done_on(text, match):
                _claim(text, match, role)
        for match in text.find(f"group.prep group.det? places.roles.{role}.bare {_LINK}* {_LIST}"):
            if not _bridges(text, match) and not _is_done_on(text, match):
                _claim(text, match, role)
        for match in text.find(f"group.det? noun=places.roles.{role}.bare places.data.link* {_LIST}"):
            if not any(text.within(i, f"actions.{a}.base") for i in match.tokens("noun") for a in ("train", "evaluate", "inference")) and not _is_done_on(text, match):
                _claim(text, match, role)
        for match in text.find(f"{_LIST} '(|'then? ',? group.det? places.roles.{role}.after|places.roles.{role}.before|places.roles.{role}.bare ')?"):
            _after(text, match, role)
    for role in SOURCES if training else ("calibration_dataset",):
        for match in text.find(f"places.roles.{role}.verbs group.it? @name? group.prep group.det* {_DESCRIBED}* {_LINK}* {_LIST}"):
            _claim(text, match, role)
    for match in text.find(f"group.prep? group.det* places.labels.before {_LINK}* {_LIST}"):
        _claim(text, match, "labels")
    for match in text.find(f"group.prep? group.det* {_DESCRIBED}* places.data.nouns+ {_DESCRIBED}* {_LINK}* {_LIST}"):
        if not _bridges(text, match):
            _claim(text, match, None)
    for i, token in enumerate(text.tokens):
        if token.kind == "place" and text.ledger.free(i):
            weights = clean_uri(token.value).lower().endswith(_suffixes(text))
            text.ledger.claim("place", [i], Place(token.value, "weights" if weights else None))


def _suffixes(text: Text) -> tuple[str, ...]:
    return tuple(s for phrase in text.lexicon.classes["places.weights.suffixes"] for s in phrase.split())


def _is_done_on(text: Text, match: Match) -> bool:
    """Whether it is an action that is done on a place ("an evaluation on X"), and no role ("evaluation: X")."""
    return any(
        text.tokens[i].text in ("training", "evaluation", "inference") and text.tokens[i + 1].text in ("on", "over", "against")
        for i in match.tokens()[:-1]
    )  # fmt: skip


def _bridges(text: Text, match: Match) -> bool:
    """Whether the words between a role and a place hold a verb or mark that begins something else."""
    inside = match.tokens()[:-1]
    texts = [text.tokens[i].text for i in inside]
    if any(t in ("classifier", "detector", "model", "network") for t in texts[1:]) and texts[-1] in ("on", "with", "using"):
        return True
    if any(t in ("and", "then", "but", ".", ";") for t in texts[1:]):
        return True
    verbs = [i for i in inside[1:] if text.tokens[i].text in ("train", "evaluate", "export", "quantize")]
    alone = [i for i in verbs if not any(text.within(i, f"places.roles.{role}.before") for role in SOURCES)]
    return bool(alone) and texts[-1] not in (":", "=")


def _claim(text: Text, match: Match, role: str | None) -> None:
    """Give the place of a match, and those listed with it, a role."""
    ledger = text.ledger
    [first] = match.tokens("list")[:1]
    if not ledger.free(first):
        return
    words = [i for i in match.tokens() if text.tokens[i].kind != "name" and (text.tokens[i].kind != "place" or i == first)]
    doing = None
    if role is not None and not any(text.within(i, "places.data.nouns") for i in words):
        doing = next((a for a in ("train", "evaluate", "inference") if text.within(words[0], f"actions.{a}.nouns")), None)
    weights = role is None and str(text.tokens[first].value).lower().endswith(_suffixes(text))
    ledger.claim("place", words, Place(text.tokens[first].value, "weights" if weights else role, doing=doing))
    if role in SOURCES:
        _listed(text, match.end, role)


def _listed(text: Text, at: int, role: str) -> None:
    """Give what is listed behind a place its role too; a path that is named for another role has that."""
    while (more := text.match(_MORE, at)) is not None and more.end - at > 1:
        place = more.end - 1
        if not text.ledger.free(place) or _is_told_after(text, more.end):
            return
        uri = text.tokens[place].value
        other = role_of_path(text, uri)
        found = Place(uri, other, guessed=True) if other not in (None, role) else Place(uri, role)
        text.ledger.claim("place", more.tokens(), found)
        at = more.end


def _is_told_after(text: Text, at: int) -> bool:
    return any(text.match(f"'(? group.det? places.roles.{role}.after", at) is not None for role in SOURCES)


def _after(text: Text, match: Match, role: str) -> None:
    """Read "X for validation" and "X (validation)"; what a role leads to another place is not of this one."""
    end = match.end
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place):
        return
    if end < len(text.tokens) and text.tokens[end].kind == "name" and any(text.within(i, "actions.train.base") for i in match.tokens()):
        return  # "use X to train NAME" asks for the training
    bare = not any(text.within(i, f"places.roles.{role}.after") for i in match.tokens()[1:])
    bracketed = bool({"(", "then"} & {text.tokens[i].text for i in match.tokens()})
    if bare and not bracketed:
        return
    if not bracketed and text.match(f"{_LINK}* @place", end) and text.tokens[end].text not in ("and", ",", "."):
        return
    text.ledger.claim("place", match.tokens(), Place(text.tokens[place].value, role))


def _results(text: Text) -> None:
    for source in (
        f"places.results.verbs places.results.objects|group.det|group.it|free.adjective|free.noun|@name* places.results.where "
        f"group.det* {_DESCRIBED}? places.results.before? {_LINK}* {_LIST}",
        f"group.prep? group.det* places.results.before|places.results.objects {_LINK}|places.results.where+ {_LIST}",
        f"group.prep? group.det* places.results.before {_LIST}",
        f"{_LIST} places.results.after",
    ):
        for match in text.find(source):
            verb = text.within(match.first, "places.results.verbs")
            plain = not verb and not any(text.within(i, "places.results.before") for i in match.tokens())
            if plain and text.tokens[match.first].text in ("everything", "it", "them", "all", "that", "labels", "annotations", "checkpoints", "weights", "the"):
                continue  # "train on everything in X"
            _claim(text, match, "results")


def _weights(text: Text) -> None:
    tail = f"{_LINK}* {_LIST}"
    kinds = (
        ("resume", f"actions.words.resume {_OBJECT}* 'from|'at|'with|'of|'using|': group.det* free.adjective* places.weights.before|free.noun* {tail}"),
        ("backbone", f"group.prep? {_START}? group.det* free.adjective* places.weights.backbone places.weights.before? {tail}"),
        ("backbone", f"group.det* places.weights.before 'of|'for group.det* 'backbone {tail}"),
        ("backbone", f"{_LIST} 'as|'for|'into|'in group.det* places.weights.backbone"),
        ("weights", f"{_START} {_OBJECT}* 'from|'with|'at|'of|'using group.det* free.adjective* places.weights.before|free.noun|@name* {tail}"),
        ("weights", f"group.prep? group.det* free.adjective* @name? places.weights.before @name? {tail}"),
        ("weights", f"{_LIST} places.weights.after"),
    )
    for role, source in kinds:
        for match in text.find(source):
            place = match.tokens("list")[0]
            file = str(text.tokens[place].value).lower().endswith(_suffixes(text))
            words = [text.tokens[i].text for i in match.tokens()]
            named = any(text.within(i, "places.weights.before", "places.weights.backbone", "places.weights.after") for i in match.tokens())
            if not file and role == "weights" and not named and "from" not in words:
                continue  # "start the training on X" names data
            _claim_weights(text, match, role)


def _claim_weights(text: Text, match: Match, role: str) -> None:
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place):
        return
    words = [
        i for i in match.tokens()
        if text.tokens[i].kind not in ("name", "place") and not text.within(i, "actions.train.nouns", "actions.train.base", "actions.words.resume")
    ]  # fmt: skip
    text.ledger.claim("place", [*words, place], Place(text.tokens[place].value, role))


def role_of_path(text: Text, uri: str) -> str | None:
    """Return the role that the last folder or file of a path is named for."""
    last = clean_uri(uri).replace("\\", "/").rpartition("/")[2].lower()
    for ending in (".tar.gz", ".tgz", ".tar", ".zip", ".jsonl", ".json", ".csv"):
        last = last.removesuffix(ending)
    for role in SOURCES:
        if text.lexicon.has(last, f"places.roles.{role}.path"):
            return role
    return None


def places_of(claims: Sequence[Claim]) -> list[Place]:
    """Return the places of some claims."""
    return [c.value for c in claims if c.kind == "place"]
