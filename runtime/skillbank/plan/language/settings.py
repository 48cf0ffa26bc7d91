"""Values that a request sets: in the words of people, or in those of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError, SkillFormatError
from skillbank.bank.documents import parse_yaml
from skillbank.plan.language.lexing import Pair, Quoted, setting_of
from skillbank.plan.language.tokens import Found, Text, Token
from skillbank.plan.language.words import rx
from skillbank.plan.paths import parse_path

CAPTIONS = "dataset.infer_data_sources.captions"
GPUS, NODES, PRECISION = "gpus", "nodes", "precision"
"""Keys of settings that are no spec keys: which key they are is decided with the action."""

_NAMED: tuple[tuple[str, str], ...] = (
    ("train.optim.lr_backbone", r"(?:backbone lr|lr (?:of|for|on) <det?>backbone|lr backbone|lr_backbone) <of*>D"),
    ("train.checkpoint_interval", r"(?:save|write|keep|store|take|make|with|and)? ?<det*>(?:checkpoints?|snapshots?|checkpointing|it|model)? ?(?:saved|written|kept|stored)? ?"
                                  r"(?:every|each) D epochs?(?<! validate every D epochs)"),
    ("train.validation_interval", r"validat(?:e|ing|ion|ed) (?:it |the model |only |runs? )?(?:every|each|after every) D epochs?"),
    ("num_epochs", r"(?:number of |count of |max |maximum )?epochs?(?: count| number)? <of*>D(?! (?:gpus?|nodes?|epochs?))"),
    ("num_epochs", r"(?:for |over |with |in |using |run |do )?<det?>(?:up to |exactly |at most |only |about |around |total of |just |another )*D "
                   r"(?:more |full |training |total |whole |additional |complete )*epochs?"),
    ("num_epochs", r"(?:for |over |with |in )?<det?>D (?:full |complete )*passes(?: (?:over|through) <det*><data>)?"),
    ("batch_size", r"(?:with |and |using |at )?<det*>(?<!max )(?<!min )(?<!maximum )(?<!minimum )(?<!opt )(?<!optimal )(?<!optimum )(?:batch size|batch|batches|batch sizes) <of*>D"),
    ("batch_size", r"(?:with |and |using )?D (?:<data> )?(?:per|a|in a|in each|in every|each) batch"),
    ("batch_size", r"(?:with )?<det?>D batch(?: size)?"),
    ("learning_rate", r"(?:with |and |using |at )?<det*>(?:base |initial |starting |peak )?lr <of*>D"),
    ("learning_rate", r"(?:with |and |using )?<det?>D (?:as |for )?<det?>lr"),
    ("train.seed", r"(?:with |and |using )?<det*>(?:random |rng )?seed(?: number)? <of*>D"),
    (GPUS, r"(?:on |with |using |across |over |use |and |by |take |needs |has )?(?:the |a total of |all |only |just |up to |exactly )*D (?:x )?gpus?(?: (?:each|per node|per machine|apiece|on each|on each node|in each|total|in total|for each))?"),
    (GPUS, r"(?:number of |count of )?gpus?(?: count| number)? <of*>D"),
    (NODES, r"(?:on |with |using |across |over |use |and |by )?(?:the |a total of |all |only |just )*D (?:compute )?(?:nodes?|machines?|hosts?|servers?)(?: with)?"),
    (NODES, r"(?:number of |count of )?nodes? <of*>D"),
    ("export.opset_version", r"(?:with |using |at |and )?(?:onnx )?opset(?: version)? <of*>D"),
)  # fmt: skip
_COMPILED = [(key, rx(pattern)) for key, pattern in _NAMED]
_EITHER = rx(r"S or D(?! (?:[a-z]+))")
_PRECISION = rx(
    r"(?:in |with |use |using |at |to |as |and |of )?<det?>(?P<type>fp16|bf16|fp32|int8)(?: (?:precision|mode|arithmetic|data type|datatype|weights|floats?|numbers|training(?= precision)))?"
)
_PRECISION_IS = rx(r"(?:with |and )?(?:<det?>(?:training )?(?:precision|data type|datatype|dtype) <of*>)(?P<type>fp16|bf16|fp32|int8)")
_SPEC_KEY = rx(r"(?:(?:set|setting|change|put|with|and|use|using|make) )?<det?>K (?:(?:=|:|to|of|at|as|is|be|equals|equal to|should be|set to|a|value|the) )*(?P<value>D|Q|true|false|on|off|none|null|[a-z][\w.-]*|P)")
_EVERY_EPOCH = rx(r"(?:every|each) epochs?")


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as it was said: a spec key, a shorthand or one of our own keys, and its value."""

    key: str
    value: Any


def take_named(text: Text) -> None:
    """Turn pairs and what people say of epochs, batches, GPUs and precision into tokens ``S``."""
    text.rewrite(rx("E"), _pair)
    text.rewrite(_SPEC_KEY, _spec_key)
    text.rewrite(_EVERY_EPOCH, lambda found: [found.tokens()[0], found.one("D", 1), found.tokens()[-1]])
    for key, pattern in _COMPILED:
        text.rewrite(pattern, lambda found, key=key: _named(found, key))  # type: ignore[misc]
    for pattern in (_PRECISION_IS, _PRECISION):
        text.rewrite(pattern, lambda found: [found.one("S", Value(PRECISION, found.match["type"]))])
    for found in text.find(_EITHER):
        raise ConflictError(f"'{found.said()}' gives two values for one setting; keep one of them.")


def _named(found: Found, key: str) -> list[Token] | None:
    [number] = found.values("D")
    return [found.one("S", Value(key, number))]


def _pair(found: Found) -> list[Token] | None:
    [token] = found.tokens()
    pair: Pair = token.value
    if pair.key.lower() in _ROLE_KEYS or "://" in pair.value or pair.value.startswith(("/", "~", "./", "../")):
        if "." not in pair.key and pair.key.lower() not in _PATH_KEYS:
            return None
    key, value = setting_of(pair)
    if key.lower() in ("caption", "captions", "prompt", "prompts"):
        return [Token("S", token.start, token.end, Value(CAPTIONS, value if isinstance(value, list) else [value]))]
    return [Token("S", token.start, token.end, Value(_SAME.get(key.lower(), key), value))]


_ROLE_KEYS = frozenset("train val eval test validation inference infer data train_data val_data results results_dir output out platform parent".split())
_PATH_KEYS = frozenset({"resume_checkpoint", "pretrained_model"})
_SAME = {
    "epochs": "num_epochs", "epoch": "num_epochs", "lr": "learning_rate", "batch": "batch_size", "bs": "batch_size", "batchsize": "batch_size",
    "seed": "train.seed", "num_gpus": GPUS, "gpus": GPUS, "gpu": GPUS, "num_nodes": NODES, "nodes": NODES, "precision": PRECISION,
}  # fmt: skip


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


class Keys:
    """The spec keys of some actions by the words of their names, for "weight decay 0.05" and "resnet_50 backbone"."""

    def __init__(self, skill: Skill, actions: Sequence[Action]) -> None:
        self.leaves: dict[str, set[str]] = {}
        self.enums: dict[str, set[str]] = {}
        for action in actions:
            own = {a.name for a in skill.actions}
            schema = skill.schema(action)
            for shorthand, key in action.shorthands.items():
                self.leaves.setdefault(shorthand.lower(), set()).add(key)
            for key in schema.keys:
                head = key.partition(".")[0]
                node = schema.find(parse_path(key))[0]
                if node is None or node.children or (head in own and head != action.name) or head == "engine":
                    continue
                self.leaves.setdefault(key.rpartition(".")[2].lower(), set()).add(key)
                for choice in node.words.get("enum") or ():
                    if isinstance(choice, str) and len(choice) > 2:
                        self.enums.setdefault(choice.lower(), set()).add(key)

    def named(self, words: Sequence[str]) -> str | None:
        """Return the one key whose last name is said by these words: all of them, in any order."""
        said = {_ABBREVIATIONS.get(w, w) for w in words} - {""}
        exact = ["_".join(words)] if "_".join(words) in self.leaves else []
        found = exact or [leaf for leaf in self.leaves if said and said == set(leaf.split("_"))]
        found = found or [leaf for leaf in self.leaves if said and said <= set(leaf.split("_")) and _telling(said)]
        keys = {key for leaf in found for key in self.leaves[leaf]}
        if len(found) > 1:
            shortest = min(len(leaf.split("_")) for leaf in found)
            short = [leaf for leaf in found if len(leaf.split("_")) == shortest]
            keys = {key for leaf in short for key in self.leaves[leaf]}
        return next(iter(keys)) if len(keys) == 1 else None


def _telling(said: set[str]) -> bool:
    return bool(said - {"num", "max", "min", "size", "type", "name", "path", "dir", "file", "id", "data", "image", "model", "device", "mode", "format", "enable", "group", "tags", "project", "layers", "results", "gpu", "threads", "loss", "input", "output", "max"})


_ABBREVIATIONS = {
    "number": "num", "maximum": "max", "maximal": "max", "minimum": "min", "minimal": "min", "length": "len", "optimal": "opt", "evaluation": "eval", "validation": "validation",
    "threshold": "threshold", "confidence": "conf", "score": "conf", "gradient": "grad", "clipping": "clip", "encoder": "enc", "decoder": "dec", "ratio": "ratio",
    "normalization": "norm", "the": "", "a": "", "an": "", "of": "", "for": "", "dimension": "dim", "probability": "prob", "worker": "workers", "query": "queries", "flipping": "flip",
}  # fmt: skip

_VALUE_AFTER = rx(r"(?P<words>(?:[a-z][\w]*(?: (?:of|the))? ){1,4})(?:(?:of|=|:|to|at|is|set to|be|as|equals|value) )*(?:<det?>(?:value of )?)?(?P<value>D|true|false)")
_VALUE_BEFORE = rx(r"(?P<value>D) (?P<words>[a-z][\w]*(?: [a-z][\w]*){0,2})")
_SNAKE = rx(r"(?P<words>[a-z][a-z0-9]*_\w+) (?:(?:of|=|:|to|at|is|set to|be|as|equals) )*(?P<value>D|Q|true|false|[a-z]\w*)")


def take_by_schema(text: Text, keys: Keys) -> None:
    """Turn what is said in the words of the spec into tokens ``S``."""
    text.rewrite(_SNAKE, lambda found: _by_name(found, keys))
    for pattern in (_VALUE_AFTER, _VALUE_BEFORE):
        text.rewrite(pattern, lambda found: _by_name(found, keys))
    for word, owners in keys.enums.items():
        if len(owners) == 1 and any(t.text == word for t in text.tokens):
            [key] = owners
            _take_choice(text, word, key)


def _by_name(found: Found, keys: Keys) -> list[Token] | None:
    words = found.tokens("words")
    while words and words[-1].text in _LINKS:
        words = words[:-1]
    value = _plain(found, found.tokens("value")[0])
    after = found.match.start("words") < found.match.start("value")
    # The fewest words next to the value that name a key: what stands further away belongs to something else.
    for first, last in _parts(len(words), after):
        part = words[first:last]
        key = keys.named([t.text for t in part])
        if key is not None:
            part = part if after else words[:last]
            rest = [t for t in found.tokens() if t not in part and t not in found.tokens("value") and t.text not in _LINKS]
            place = part + found.tokens("value")
            made = Token("S", min(t.start for t in place), max(t.end for t in place), Value(key, value))
            return [*rest, made] if after else [made, *rest]
    return None


_LINKS = frozenset("of = : to at is set be as equals value".split())


def _parts(count: int, after: bool) -> Iterator[tuple[int, int]]:
    """Yield which of some words may name a key: those next to the value; before its noun may stand others."""
    for size in range(count, 0, -1):
        if after:
            yield count - size, count
        else:
            yield from ((size - inner, size) for inner in range(size, 0, -1))


def _plain(found: Found, token: Token) -> Any:
    if isinstance(token.value, Quoted):
        return token.value.content
    if token.text == "D":
        return token.value
    try:
        return parse_yaml(found.said("value"), "value")
    except SkillFormatError:
        return found.said("value")


def _take_choice(text: Text, word: str, key: str) -> None:
    """A word that only one key allows ("resnet_50", "fsdp") sets it, together with the key's own name beside it."""
    leaf = key.rpartition(".")[2].replace("_", " ")
    telling = "_" in word or word in ("adamw", "sgd", "fsdp", "ddp", "multistep", "steplr", "torchao")
    beside = rx(rf"(?:with |using |use |and )?<det?>(?:(?P<before>{leaf}(?: (?:of|=|:|is|to))? ))?(?P<value>{word})(?: (?:as (?:the |a )?)?(?P<after>{leaf}|optimizer|strategy|scheduler))?")

    def make(found: Found) -> list[Token] | None:
        if not telling and not found.match["before"] and not found.match["after"]:
            return None
        return [found.one("S", Value(key, found.said("value")))]

    text.rewrite(beside, make)


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
