"""What the places in a request are for, as far as the words right beside them say it."""

from __future__ import annotations

import re

from skillbank.plan.language.lexing import Pair, Place
from skillbank.plan.language.outputs import RESULTS_AT
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx
from skillbank.plan.request import ROLES, clean_uri

RESULTS, OUTPUT, WEIGHTS, RESUME, BACKBONE, LABELS = (
    "results",
    "output",
    "weights",
    "resume",
    "backbone",
    "labelmap",
)
"""Roles of places that are no data sets."""

_SOURCES = {
    "train_datasets": r"train|training|finetuning|learning",
    "eval_dataset": r"val|valid|validation|validating|eval|evaluation|test|testing|dev|holdout|hold out|held "
    r"out|benchmark",
    "inference_dataset": r"inference|prediction|unlabelled|unlabeled",
    "calibration_dataset": r"calibration|calibrating",
}
_ROLE = "|".join(f"(?P<{source}>{words})" for source, words in _SOURCES.items())
_LIST = r"(?P<places>P(?: (?:, )?(?:and )?(?:also )?P(?! (?:for|as|to|is) (?:the )?<role>))*)"

_BEFORE = rx(
    r"(?:(?:with|and|using|use|on|take|from|where|but|the|my|our|in|against|via) "
    rf")*<adj*>(?:{_ROLE}) <data+>(?:(?:and|or) (?:<role> )?<data*>)?<link*>{_LIST}"
)
_NOUN = rx(
    r"(?:(?:with|and|using|use|on|take|where|but|the|a|my|our) )*(?:(?P<eval_dataset>val|valid"
    r"|validation|validating|dev|holdout|hold out|held out)"
    r"(?: (?:on|against|with|using|to|goes|happens|uses|over))?|(?P<train_datasets>training)"
    r"|(?P<calibration_dataset>calibration)|eval(?:uation)?|test|testing)"
    rf"(?: (?:is|are|in|at|from|:|=|under|lives|lies|data|comes|there|be|located|stored|of|inside))* {_LIST}"
)
_COLON = rx(rf"(?:{_ROLE}) (?::|=) {_LIST}")
_VALIDATE = rx(
    r"(?:(?:and|,|then|while|by) )*(?:validate|validating|validated|validates) (?:(?:it|them"
    r"|results?|performance|during training|while training|periodically) )?(?:(?:on|with|against"
    rf"|using|over|at|in|from) |(?=P ))<det*><adj*><data*><link*>{_LIST}"
)
_CHECKED = rx(
    r"(?:check|test|evaluate|monitor|measure|score|validate) (?:it|them|the model|N|progress) (?:on|with"
    r"|against|using"
    rf"|over|at|in) <det*><adj*><data*><link*>{_LIST} (?:during|while|throughout) (?:the )?(?:training|it"
    rf" trains|fitting)"
)
"""Data that the training itself is checked with."""
_CALIBRATE = rx(
    r"(?:(?:and|,|then|while|by) )*calibrat(?:e|ed|ing) (?:(?:it|them|the model) )?(?:on|with"
    rf"|against|using|over|at|in|from) <det*><adj*><data*><link*>{_LIST}"
)
_AFTER = rx(
    r"(?P<lead>(?:(?:with|use|using|take|and) )?)(?P<places>P) (?:as|for|to|is|being|serves as|(?:is |to be "
    r"|being )?used (?:for|as)|is for|holds|contains|has|is where) <det*><adj*>"
    rf"(?:{_ROLE}|(?P<validate>validate(?: it| them| the model)?)|(?P<trainv>train(?: on)?))"
    r"(?P<data>(?: (?:<data>|only|purposes|with|on))*)(?! <det*>(?:N|J|it|of))"
)
_FOR = rx(
    rf"(?:(?:and|,) )*(?:for|as) <det*>(?:{_ROLE})(?: <data>)*(?: (?:,|please|use|take|using"
    r"|there|is|are|we|have|i|want|:|should|be|it|you|can|with|lies|lie|on|under|live|stored|located|at|in|from"
    r"|the|data|images"
    rf"|of))* {_LIST}"
)
_BRACKET = rx(rf"(?P<places>P) \( (?:(?:for|as|is|used|our|my|to be) )*<det?>(?:{_ROLE})(?: <data>)* \)")
_CAPTION_FILE = rx(
    r"(?:(?:with|and|using|use|from) )*<det*>(?:labelmap|labels file|class names|class list"
    r"|label file|list of classes|classes file)(?: file)? <link*>(?P<places>P)"
)

_WEIGHT_WORDS = (
    r"pretrained weights|pretrained model|pretrained checkpoint|pretrained|weights|checkpoint"
    r"|checkpoints|model|model file|ptm|snapshot|onnx|onnx file|onnx model|onnx export|engine"
    r"|tensorrt engine|weight file|state|exported model|file|engine file|trained model|network"
    r"|best model|tensorrt"
)
_START = (
    r"start|starting|starts|started|initialise|initialised|initialising|initialize|initialized"
    r"|initializing|init|warm start|warm started|warmstart|begin|beginning|bootstrap"
    r"|bootstrapped|initialised|kick off|based|build|building|seeded|load|loading|loaded"
    r"|taking|take"
)
_GO_ON = (
    r"resume|resuming|resumed|continue|continuing|continued|carry on|carrying on|pick up"
    r"|picking up|restart|restarting|go on|going on"
)
_WEIGHTS = (
    (
        RESUME,
        rx(
            rf"(?P<keep>(?:{_GO_ON})(?: <det*><adj*>(?:(?:N|training|finetuning|train|run|it|finetune"
            r"|interrupted|aborted|job|off|where it (?:stopped|was)|of) )*)?) ?(?:from|at|with|of"
            rf"|where|using|:) <det*><adj*>(?:(?:{_WEIGHT_WORDS}) )*(?:(?:is|are|at|in|from|of|:|=|lies"
            r"|stored|located|under|called|named|file|path|saved|inside|to be found) )*(?P<places>P)"
        ),
    ),
    (
        BACKBONE,
        rx(
            rf"(?:(?:with|and|using|use|from|{_START}) )*<det*><adj*>(?:(?:pretrained|imagenet|swin"
            r"|resnet|image) )*backbone (?:(?:weights|checkpoint|file|from|of|is|are|in|at|:|=|with|using"
            r"|initialised|initialized|loaded|pretrained|path|to|be|lie|lies|live|lives|stored|located"
            r"|under|taken|come|comes|should|the|found|kept|it|model) )*(?P<places>P)"
        ),
    ),
    (
        BACKBONE,
        rx(
            r"(?:(?:with|and|using|use|from|load|take) )*<det*><adj*>(?:(?:pretrained|imagenet) )*"
            r"(?:weights|checkpoint|file|model|state) (?:of|for) <det*>(?:(?:pretrained|swin|resnet|image) )*"
            r"backbone (?:(?:is|are|in|at|from|:|=|lie|lies|stored|located|under|file|here|to|be|found"
            r"|should|come|comes) )*(?P<places>P)"
        ),
    ),
    (BACKBONE, rx(r"(?P<places>P) (?:as|for|into|in) <det*>(?:pretrained )?backbone(?: weights)?")),
    (
        WEIGHTS,
        rx(
            rf"(?:(?:and|with|,|by) )*(?:{_START}) (?:(?:it|training|off|model|N|weights|up|the|out|on"
            rf"|your|yourself) )*(?:from|with|at|on|of|using) <det*><adj*>(?:(?:{_WEIGHT_WORDS}|N) "
            r")*(?:(?:is|are|at|in|from|of|:|=|lies|stored|located|under|called|named|file|path|saved"
            r"|inside|to be found) )*(?P<places>P)"
        ),
    ),
    (
        WEIGHTS,
        rx(
            r"(?:(?:with|and|using|use|from|of|take|load|for|on|over) )*<det*><adj*>(?:N "
            rf")?(?:{_WEIGHT_WORDS}) (?:N )?(?:(?:is|are|at|in|from|of|:|=|lies|stored|located|under"
            r"|called|named|file|path|saved|inside|to be found) )*(?P<places>P)(?P<tail>(?: as (?:the "
            r")?(?:init|initialisation|initialization|starting point|start))?)"
        ),
    ),
    (
        WEIGHTS,
        rx(
            r"(?P<places>P) (?:as|for) <det*>(?:pretrained (?:weights|model|checkpoint)|initialisation"
            r"|initialization|starting point|start|init|weights|checkpoint|initial weights|pretrained)"
        ),
    ),
)
_DATA = rx(
    r"(?:(?:with|and|using|use|on|over|from|in|for|of|against|take|at|there is|through"
    r"|across) )*<det*><adj*>(?:(?:N|our|test|new|unseen|whole) )?(?:<data> )+(?:(?:and|or"
    r"|with) <data+>)?<link*>(?P<places>P(?: (?:, )?(?:and )?P)*)"
)
_AT_DATA = rx(r"(?:data|dataset|images) (?:=|:|-) (?P<places>P)")
_MODEL_FILE = re.compile(r"\.(?:pth|pt|ckpt|onnx|engine|plan|trt|safetensors|tlt|hdf5)$", re.IGNORECASE)


_TRAINED_ON = rx(
    r"(?:trained|finetuned|retrained|fitted) (?:(?:<det>|<adj>|N|J|it|them|model|detector) )*(?:on|with|using"
    rf"|over) <det*><adj*><data*><link*>{_LIST}"
)
"""What something was, or is to be, trained on: no data of another action beside it."""


def take_roles(text: Text) -> None:
    """Give places their roles where the words beside them tell; these words are taken out."""
    for found in text.find(_TRAINED_ON):
        for place in (t.value for t in found.tokens("places") if t.text == "P"):
            place.role = place.role or "train_datasets"
    text.rewrite(rx("E"), _pair)
    for role, pattern in _WEIGHTS[:4]:
        text.rewrite(pattern, lambda found, role=role: _as(found, role, keep=True))  # type: ignore[misc]
    text.rewrite(_CALIBRATE, lambda found: _as(found, "calibration_dataset"))
    text.rewrite(_CAPTION_FILE, lambda found: _as(found, LABELS))
    text.rewrite(_AFTER, _after)
    for pattern in (_BRACKET, _FOR, _BEFORE, _COLON, _NOUN):
        text.rewrite(pattern, lambda found, bare=pattern in (_COLON, _NOUN): _sourced(found, bare))  # type: ignore[misc]
    for pattern in RESULTS_AT:
        text.rewrite(pattern, _results)
    for role, pattern in _WEIGHTS[4:]:
        text.rewrite(pattern, lambda found, role=role: _weights(found, role))  # type: ignore[misc]
    for token in text.tokens:
        if token.text == "P" and token.value.role is None and _MODEL_FILE.search(token.value.uri):
            token.value.role = WEIGHTS


def take_validation(text: Text) -> None:
    """Read "validate on X" beside a training: where its validation data lies."""
    text.rewrite(_CHECKED, lambda found: _as(found, "eval_dataset"))
    text.rewrite(_VALIDATE, lambda found: _as(found, "eval_dataset"))


def take_data_words(text: Text) -> None:
    """Drop the words that only say that a place holds data ("with the data in X")."""
    text.rewrite(_DATA, lambda found: found.tokens("places"))


def _sourced(found: Found, bare: bool) -> list[Token] | None:
    named = found.match.re.groupindex
    source = next((s for s in _SOURCES if s in named and found.match[s]), "eval_dataset")
    places = found.values("P", "places")
    if any(p.role not in (None, source) for p in places) or (bare and any(p.role for p in places)):
        return None
    if bare and not any(rx.is_one_of(t.text, "data") for t in found.tokens()):
        for place in places:
            place.action = _DOING.get(found.tokens()[0].text)
    return _as(found, source)


_DOING = {
    "train": "train",
    "training": "train",
    "finetuning": "train",
    "evaluation": "evaluate",
    "eval": "evaluate",
    "inference": "inference",
    "prediction": "inference",
}


def _after(found: Found) -> list[Token] | None:
    match = found.match
    source = next((s for s in _SOURCES if match[s]), None)
    if match["validate"]:
        source = "eval_dataset"
    elif match["trainv"]:
        source = "train_datasets"
    assert source is not None
    made = _as(found, source)
    if match["trainv"] and made is not None:
        return [*made, Token("train", *_span(found, "trainv"))]
    return made


def _results(found: Found) -> list[Token] | None:
    before = found.text.tokens[found.first - 1].text if found.first else ""
    if found.tokens()[0].text == "everything" and before in ("on", "with", "from", "over", "using"):
        return None  # "train on everything in X"
    return _as(found, RESULTS, keep=True)


def _span(found: Found, group: str) -> tuple[int, int]:
    tokens = found.tokens(group)
    return tokens[0].start, tokens[-1].end


def _as(found: Found, role: str, keep: bool = False) -> list[Token] | None:
    places = [t for t in found.tokens("places") if t.text == "P"]
    for token in places:
        if token.value.role is None:
            token.value.role = role
    kept = found.tokens("keep") if keep and "keep" in found.match.re.groupindex else found.kept("NJ")
    return [*kept, *places]


_NAMED_WEIGHTS = {
    "weights",
    "checkpoint",
    "checkpoints",
    "pretrained",
    "ptm",
    "snapshot",
    "model",
    "state",
    "file",
}
_INSISTING = {"weights", "checkpoint", "pretrained", "ptm", "snapshot", *_START.split("|")}


def _weights(found: Found, role: str) -> list[Token] | None:
    [place] = found.values("P", "places")
    if place.role is not None:
        return None
    words = {t.text for t in found.tokens()}
    if words & {"engine", "tensorrt"} and place.uri.lower().endswith((".onnx", ".pth", ".pt", ".ckpt")):
        return None  # "an engine from model.onnx" is to be built
    # "the model in s3://x/data" may be data: a folder is only taken for weights when the words insist.
    if not _MODEL_FILE.search(place.uri) and not words & _INSISTING:
        return None
    if not _MODEL_FILE.search(place.uri) and "from" not in words and not words & _NAMED_WEIGHTS:
        return None  # "start the training on X" names data
    return _as(found, role)


def _pair(found: Found) -> list[Token] | None:
    """``train=s3://b/train`` gives a role and a place."""
    [token] = found.tokens()
    pair: Pair = token.value
    name = pair.key.lower().removesuffix("_data").removesuffix("_dataset").removesuffix("_datasets")
    uri = clean_uri(pair.value.strip("\"'"))
    if name in ROLES or pair.key in ROLES.values():
        return [Token("P", token.start, token.end, Place(uri, ROLES.get(name, pair.key)))]
    if name in ("results", "results_dir", "output", "out", "results_root", "output_dir"):
        return [Token("P", token.start, token.end, Place(uri, RESULTS))]
    if name in ("pretrained", "weights", "checkpoint", "ptm", "init"):
        return [Token("P", token.start, token.end, Place(uri, WEIGHTS))]
    if name == "data":
        return [Token("P", token.start, token.end, Place(uri))]
    if name in ("parent", "job"):
        return [Token("J", token.start, token.end, uri)]
    return None


_NAMING = words("platform skill action task model network arch")


def spell_out(text: Text) -> None:
    """Read ``model=grounding_dino action=train`` as if it were said in words."""

    def words(found: Found) -> list[Token] | None:
        [token] = found.tokens()
        if token.value.key.lower() not in _NAMING:
            return None
        return [Token(w.lower(), token.start, token.end) for w in re.findall(r"[A-Za-z]+", token.value.value)]

    text.rewrite(rx("E"), words)
