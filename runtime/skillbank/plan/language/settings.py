"""Values that a request sets: in the words of people, or in those of the spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skillbank.bank.documents import parse_yaml
from skillbank.errors import ConflictError
from skillbank.plan.described import CAPTIONS
from skillbank.plan.language.lexing import Pair, Quoted, setting_of
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx

GPUS, NODES, PRECISION, THRESHOLD = "gpus", "nodes", "precision", "conf_threshold"
WIDTH, HEIGHT = "input_width", "input_height"
"""Keys of settings that are no spec keys: which key they are is decided with the action."""

_NAMED: tuple[tuple[str, str], ...] = (
    ("train.optim.lr_backbone", r"(?:backbone lr|lr (?:of |for |on )?<det?>backbone|lr_backbone) <of*>D"),
    ("train.optim.lr_backbone", r"D (?:lr )?(?:for|on|in) <det?>backbone"),
    (
        THRESHOLD,
        r"(?:with |at |using |and |above |over )?<det?>(?:(?:confidence|score|detection|conf) "
        r")?(?:threshold|confidence"
        r"|score)(?: threshold| level)? (?:of |= |: |at least |above |over |is |to |set to |>= |> )*D",
    ),
    (
        "train.validation_interval",
        r"validat(?:e|ing|ion|ed) (?:it |the model |only |runs? )?(?:every|each|after every|after each"
        r"|after) D epochs?",
    ),
    (
        "train.checkpoint_interval",
        r"(?:(?:save|write|keep|store|take|make|saving|writing) <det*>(?:checkpoints?|snapshots?|it|model"
        r"|weights)? ?|(?:with |and )?<det*>(?:checkpoints?|snapshots?|checkpointing) (?:saved |written |kept"
        r" |stored )?)(?:every|each|after every|after each|after) D epochs?",
    ),
    (
        "train.validation_interval",
        r"(?:with |and |use |using )?<det?>(?:validation|eval|evaluation) (?:interval|frequency) <of*>D(?:"
        r" epochs?)?",
    ),
    (
        "train.checkpoint_interval",
        r"(?:with |and |use |using )?<det?>(?:checkpoint|checkpointing|snapshot|saving) (?:interval"
        r"|frequency) <of*>D"
        r"(?: epochs?)?",
    ),
    (
        "num_epochs",
        r"(?:through|over) <det*><data> D times|D times (?:through|over) <det*><data>",
    ),
    (
        "num_epochs",
        r"(?:number of |count of |max |maximum )?epochs?(?: count| number)? <of*>D(?! (?:gpus?"
        r"|nodes?|epochs?))",
    ),
    (
        "num_epochs",
        r"(?:for |over |with |in |using |run |do )?<det?>(?:up to |exactly |at most |only |about "
        r"|around |total of |just |another )*D "
        r"(?:more |full |training |total |whole |additional |complete )*epochs?",
    ),
    (
        "num_epochs",
        r"(?:for |over |with |in )?<det?>D (?:full |complete )*passes(?: (?:over|through) "
        r"<det*><data>)?",
    ),
    (
        "batch_size",
        r"(?:with |and |using |at )?<det*>(?<!max )(?<!min )(?<!maximum )(?<!minimum )(?<!opt "
        r")(?<!optimal )(?<!optimum )(?:batch size|batch|batches|batch sizes) <of*>D",
    ),
    (
        "batch_size",
        r"(?:with |and |using )?D (?:<data> )?(?:per|a|in a|in each|in every|each) (?:batch|step)(?: and"
        r" (?:gpu|gpus|device))?",
    ),
    (
        "batch_size",
        r"(?:with |and |using )?D <data> (?:per|on each|for each|on every) (?:gpu|gpus|device)(?: and"
        r" (?:batch|step))?",
    ),
    ("batch_size", r"(?:with )?<det?>D batch(?: size)?"),
    ("learning_rate", r"(?:with |and |using |at )?<det*>(?:base |initial |starting |peak )?lr <of*>D"),
    ("learning_rate", r"(?:with |and |using )?<det?>D (?:as |for )?<det?>lr"),
    ("train.seed", r"(?:with |and |using )?<det*>(?:random |rng )?seed(?: number)? <of*>D"),
    (
        GPUS,
        r"(?:on |with |using |across |over |use |and |by |take |needs |has )?(?:the |a total of "
        r"|all |only |just |up to |exactly )*D (?:x )?gpus?(?: (?:each|per node|per machine|apiece"
        r"|on each|on each node|in each|total|in total|for each))?",
    ),
    (GPUS, r"(?:number of |count of )?gpus?(?: count| number)? <of*>D"),
    (
        NODES,
        r"(?:on |with |using |across |over |use |and |by )?(?:the |a total of |all |only |just "
        r")*D (?:compute )?(?:nodes?|machines?|hosts?|servers?)(?: with)?",
    ),
    (NODES, r"(?:number of |count of )?nodes? <of*>D"),
    ("export.opset_version", r"(?:with |using |at |and )?(?:onnx )?opset(?: version)? <of*>D"),
)
_TRIALS = r"(?P<kept>(?:hpo |automl |hyperparameter |search |tuning )?)(?:trials?|recommendations?)"
_SEARCH: tuple[tuple[str, str], ...] = (
    ("automl.parallel", r"(?:with |in |using |and )?D parallel (?P<kept>)trials"),
    (
        "automl.parallel",
        rf"(?:with |using |and )?(?:at most |up to |only )*D (?:(?:of )?(?:them|these) |each |{_TRIALS} )?"
        r"(?:at a time|in parallel|at once|side by side|concurrently)",
    ),
    (
        "automl.max_recommendations",
        r"(?:with |for |in |over |using |and |run |do |try )?<det?>(?:up to |exactly |at most |no more than "
        r"|only |just |about |around |max |maximum |maximum of |total of )*D (?:more |different )?"
        rf"{_TRIALS}(?: (?:at most|at the most|in total|max|maximum))?",
    ),
    ("automl.max_recommendations", r"(?:number of |count of |max |maximum )(?P<kept>)trials <of*>D"),
)
_COMPILED_SEARCH = [(key, rx(pattern)) for key, pattern in _SEARCH]
_COMPILED = [(key, rx(pattern)) for key, pattern in _NAMED]
_SIZE = rx(
    r"(?:with |at |and |in |using )?<det?>(?P<word>(?:(?:input|image|picture|model|onnx) "
    r")?(?:size|resolution|shape"
    r"|dimensions|input) )?<of*>D (?:x|by) D(?: pixels| px)?(?! gpus?)"
)
_EITHER = rx(r"S or D(?! (?:[a-z]+))")
_PRECISION = rx(
    r"(?:in |with |use |using |at |to |as |and |of )?<det?>(?P<type>fp16|bf16|fp32|int8)(?: "
    r"(?:precision|mode|arithmetic|data type|datatype|weights|floats?|numbers|training(?= "
    r"precision)))?"
)
_PRECISION_IS = rx(
    r"(?:with |and )?(?:<det?>(?:training )?(?:precision|data type|datatype|dtype) "
    r"<of*>)(?P<type>fp16|bf16|fp32|int8)"
)
_SPEC_KEY = rx(
    r"(?:(?:set|setting|change|put|with|and|use|using|make) )?<det?>K (?:(?:=|:|to|of|at|as|is"
    r"|be|equals|equal to|should be|set to|a|value|the) )*(?P<value>D|Q|true|false|on|off|none"
    r"|null|[a-z][\w.-]*|P)"
)
_EPOCH_OF_JOB = rx(r"epoch D (?:of|from|in) (?=<det*>J)")
"""Which checkpoint of a job: an option of the launch and no setting."""
_EVERY_EPOCH = rx(r"(?:every|each) (?P<which>other |second |third |fourth |fifth |tenth |single )?epochs?")
_WHICH = {"other": 2, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "tenth": 10}


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as it was said: a spec key, a shorthand or one of our own keys, and its value."""

    key: str
    value: Any


def take_search_size(text: Text) -> None:
    """Turn "20 trials, 2 at a time" into tokens ``S``; what else the words say of a search stays."""
    for key, pattern in _COMPILED_SEARCH:
        text.rewrite(pattern, lambda found, key=key: _sized(found, key))  # type: ignore[misc]


def _sized(found: Found, key: str) -> list[Token]:
    return [*_named(found, key), *(found.tokens("kept") if found.match["kept"] else ())]


def take_named(text: Text) -> None:
    """Turn pairs and what people say of epochs, batches, GPUs and precision into tokens ``S``."""
    text.rewrite(rx("E"), _pair)
    text.rewrite(_SPEC_KEY, _spec_key)
    text.rewrite(_EVERY_EPOCH, _every_epoch)
    text.rewrite(_EPOCH_OF_JOB, lambda found: [found.one("snapshot"), *found.kept("J")])
    for key, pattern in _COMPILED:
        text.rewrite(pattern, lambda found, key=key: _named(found, key))  # type: ignore[misc]
    text.rewrite(_SIZE, _size)
    for pattern in (_PRECISION_IS, _PRECISION):
        text.rewrite(pattern, lambda found: [found.one("S", Value(PRECISION, found.match["type"]))])
    for found in text.find(_EITHER):
        raise ConflictError(f"'{found.said()}' gives two values for one setting; keep one of them.")


def _every_epoch(found: Found) -> list[Token]:
    which = (found.match["which"] or "").strip()
    return [found.tokens()[0], found.one("D", _WHICH.get(which, 1)), found.tokens()[-1]]


def _size(found: Found) -> list[Token] | None:
    width, height = found.values("D")
    if not found.match["word"] and min(width, height) < 32:
        return None
    return [found.one("S", Value(WIDTH, width)), found.one("S", Value(HEIGHT, height))]


def _named(found: Found, key: str) -> list[Token]:
    [number] = found.values("D")
    return [found.one("S", Value(key, number))]


def _pair(found: Found) -> list[Token] | None:
    [token] = found.tokens()
    pair: Pair = token.value
    place = "://" in pair.value or pair.value.startswith(("/", "~", "./", "../"))
    spec_key = "." in pair.key or pair.key.lower() in _PATH_KEYS
    known = (
        pair.key.lower() in _ROLE_KEYS
        or "_" not in pair.key
        or rx.is_one_of(pair.key.partition("_")[0], "role")
    )
    if ((place and known) or pair.key.lower() in _ROLE_KEYS) and not spec_key:
        return None  # a place with a role, not a setting
    key, value = setting_of(pair)
    if key.lower() in ("caption", "captions", "prompt", "prompts"):
        return [
            Token("S", token.start, token.end, Value(CAPTIONS, value if isinstance(value, list) else [value]))
        ]
    return [Token("S", token.start, token.end, Value(_SAME.get(key.lower(), key), value))]


_ROLE_KEYS = words(
    """train val eval test validation inference infer data train_data val_data results results_dir output
    results_root output_dir out platform parent job run"""
)
_PATH_KEYS = frozenset({"resume_checkpoint", "pretrained_model"})
_SAME = {
    **dict.fromkeys(("epochs", "epoch", "ep"), "num_epochs"),
    **dict.fromkeys(("batch", "bs", "batchsize"), "batch_size"),
    **dict.fromkeys(("num_gpus", "gpus", "gpu"), GPUS),
    **dict.fromkeys(("num_nodes", "nodes"), NODES),
    "lr": "learning_rate",
    "seed": "train.seed",
    **dict.fromkeys(("opset", "opset_version"), "export.opset_version"),
    "precision": PRECISION,
}


def _spec_key(found: Found) -> list[Token] | None:
    key = found.values("K")[0]
    [token] = found.tokens("value")
    value: Any = token.value
    if token.text == "P":
        value = token.value.uri
    elif isinstance(value, Quoted):
        value = value.content
    elif token.text != "D":
        value = parse_yaml(found.said("value"), key)
    return [found.one("S", Value(key, value))]


def conflict_of(values: Sequence[Value]) -> None:
    """Refuse a setting said twice with two values.

    Raises
    ------
    ConflictError
        Naming the key and both values.
    """
    said: dict[str, Any] = {}
    for value in values:
        if value.key in said and said[value.key] != value.value:
            raise ConflictError(
                f"The request sets {value.key} to {said[value.key]} and to {value.value}; keep one of them."
            )
        said[value.key] = value.value
