"""Where results go, and which files of models a text gives."""

from __future__ import annotations

from skillbank.plan.model import is_hub_name
from skillbank.plan.reader.matching import Match, Text
from skillbank.plan.reader.place import LINK, LIST, OPEN, Place, claim_place, is_model_file, role_of_path
from skillbank.plan.reader.wording import is_regular_past

__all__ = ["take_models", "take_results"]

_START = "actions.words.begin|actions.words.resume"
_OBJECT = (
    "'of|group.det|group.it|free.adjective|free.noun|actions.train.nouns|actions.train.base|actions.train.ing|@name"
    "|'off|'up|'out|'where|'stopped|'left"
)

_PRODUCTS = (
    "places.results.before", "places.results.objects", "places.findings.nouns", "places.weights.before",
    "actions.words.metric",
    "grammar.group.it", "grammar.group.model",
)  # fmt: skip
"""What a run leaves."""
_READ = frozenset(["with", "of", "using", "from", "on"])


def take_results(text: Text) -> None:
    """Read where results go: "save everything to X", "results should go to X", "X for the results"."""
    where = "places.results.where|places.data.link"
    things = (
        "places.results.before|places.results.objects|places.findings.nouns|places.weights.before"
        "|actions.words.engine|actions.words.onnx|actions.words.boxes|actions.words.metric"
    )
    for source in (
        (
            "verb=places.results.verbs "
            f"group.det|group.it|free.adjective|@name|free.glue|group.model|{things}* places.results.where "
            f"group.det* ~aside|free.adjective? places.results.before|free.noun? {LINK}* {LIST}"
        ),
        (
            f"group.prep? group.det* free.adjective* thing={things}|group.it places.results.go+ {where} "
            f"group.det* free.adjective* places.results.before|free.noun* ':? {LIST}"
        ),
        (
            "group.prep? group.det* free.adjective* places.results.before "
            f"{where}|slots.around.link|group.det|'(|'use* {LIST}"
        ),
        f"places.results.must {where} group.det* free.adjective* places.results.before|free.noun* ':? {LIST}",
        f"group.prep? group.det* free.adjective* places.results.objects 'to|'into|'under {LIST}",
        f"verb=places.results.verbs group.det|group.it|free.adjective|@name|group.model|{things}* 'as {LIST}",
    ):
        for match in text.find(source):
            read = text.tokens[match.first].text in _READ and not match.tokens("thing")
            of_data = _is_of_data(text, match) or _is_subject(text, match)
            if not read and not of_data and not _is_measured(text, match):
                claim_place(text, match, "results")


def _is_subject(text: Text, match: Match) -> bool:
    """Whether something is said of what lies there: "everything under A and B is for training"."""
    end = match.end
    while (more := text.match("',|'and+ group.prep? @place", end)) is not None:
        end = more.end
    return not match.tokens("verb") and text.word(end) in ("is", "are")


def _is_measured(text: Text, match: Match) -> bool:
    """Whether the words name what a model is run on: "evaluate the result on X", "apply it to X"."""
    if not match.first:
        return False  # nothing stands before it
    if text.within(match.first - 1, "actions.words.onto"):
        return True
    on = {text.tokens[i].text for i in match.tokens()} & {"on", "against", "with", "over"}
    return bool(on) and text.within(match.first - 1, "actions.evaluate.base", "actions.inference.base")


def _is_of_data(text: Text, match: Match) -> bool:
    """Whether the words speak of where data lies: "the camera stored its shots in X", "labels in X"."""
    behind = range(max(0, match.first - 5), match.first)
    if any(text.within(k, "places.data.put") and is_regular_past(text.tokens[k].text) for k in behind):
        return True  # "I uploaded the corrected labels to X"
    if not match.tokens("verb"):
        return False
    before = text.tokens[match.first - 1] if match.first else None
    word = text.tokens[match.first].text
    told = before is not None and (
        before.kind == "name" or (before.kind == "word" and before.text in ("i", "we", "he", "she", "they"))
    )
    said = text.holds(match.tokens()[1:-1], *_PRODUCTS)
    past = not (
        text.lexicon.has(word, "places.results.verbs")
        and f"{word}s" in text.lexicon.classes["places.results.verbs"]
    )
    return told or (past and not word.endswith("ing")) or not (said or match.end - match.first <= 4)


def take_models(text: Text) -> None:
    """Read which file of weights a step starts from: "resume from X", "with weights X", "backbone X"."""
    link = f"places.weights.link|places.data.nouns|group.det|free.adjective|':|'=|{OPEN}|',"
    tail = f"{link}* {LIST}"
    kinds = (
        (
            "resume",
            (
                f"verb=actions.words.resume {_OBJECT}* 'from|'at|'with|'of|'using|': group.det* "
                f"free.adjective* places.weights.before|free.noun* {tail}"
            ),
        ),
        (
            "resume",
            f"verb=actions.words.resume {_OBJECT}* 'on|'with|'over {_OBJECT}|places.data.nouns* @place "
            f"'from|'at|'of|'using group.det|free.adjective|places.weights.before|free.noun* {tail}",
        ),
        (
            "backbone",
            (
                f"group.prep? {_START}? group.det* free.adjective* places.weights.backbone "
                f"places.weights.before? {tail}"
            ),
        ),
        ("backbone", f"{LIST} 'as|'for|'into|'in group.det* places.weights.backbone"),
        (
            "weights",
            (
                f"verb={_START} {_OBJECT}* 'from|'with|'at|'of|'using group.det* free.adjective* "
                f"places.weights.before|free.noun|@name* {tail}"
            ),
        ),
        ("weights", f"group.prep? group.det* free.adjective* @name? places.weights.before @name? {tail}"),
        ("weights", f"{LIST} ',? places.weights.after"),
        ("weights", f"what='model|'detector|'network ':|'=? {LIST}"),
        (
            "weights",
            f"run=actions.evaluate.base|actions.inference.base {LIST} 'on|'against|'over &group.det|@place",
        ),
    )
    for role, source in kinds:
        for match in text.find(source):
            place = match.tokens("list")[0]
            words = text.words(match.tokens())
            named = text.holds(
                match.tokens(), "places.weights.before", "places.weights.backbone", "places.weights.after"
            )
            file = is_model_file(text, text.tokens[place].value) or _is_on_hub(text, match)
            pictures = role == "weights" and not named and text.holds(match.tokens(), "places.data.nouns")
            data = "on" in words or pictures or (role == "backbone" and "," in words)
            if not file and ((role == "weights" and not named and "from" not in words) or data):
                continue  # "start the training on X", "take the pictures from X", "resnet_34 backbone, X"
            _claim_weights(text, match, role)


def _is_on_hub(text: Text, match: Match) -> bool:
    """Whether a model is named as the hub names it ("model OWNER/NAME"), and is no object of a verb."""
    if not match.tokens("what") and not match.tokens("run"):
        return False
    uri, before = str(text.tokens[match.tokens("list")[0]].value), match.first - 1
    while before >= 0 and text.within(before, "grammar.group.det", "grammar.free.adjective"):
        before -= 1
    verb = text.within(before, "actions.train.base", "actions.evaluate.base", "grammar.free.light")
    verb = verb and not match.tokens("run")  # "evaluate OWNER/NAME on X"
    return is_hub_name(uri) and role_of_path(text, uri) is None and not verb


def _claim_weights(text: Text, match: Match, role: str) -> None:
    [place] = match.tokens("list")[:1]
    if not text.ledger.free(place):
        return
    words = [
        i for i in match.tokens()
        if text.tokens[i].kind not in ("name", "place")
        and not text.within(i, "actions.train.nouns", "actions.train.base")
        and i not in match.tokens("run")
    ]  # fmt: skip
    text.ledger.claim("place", [*words, place], Place(str(text.tokens[place].value), role))
