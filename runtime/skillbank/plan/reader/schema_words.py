"""Values said in the words of a spec: keys are known by the words of their names and by what they allow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError
from skillbank.plan.paths import parse_path
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.values import Value

__all__ = ["Keys", "keys_of", "take_spec_words"]


@lru_cache(maxsize=256)
def keys_of(skill: Skill, action: str) -> Keys:
    """Return the spec keys of an action's variants, made once."""
    return Keys(skill, [a for a in skill.actions if a.name == action])


class Keys:
    """Spec keys of some actions by the words of their names ("weight decay 0.05", "resnet_50 backbone")."""

    def __init__(self, skill: Skill, actions: Sequence[Action]) -> None:
        self.leaves: dict[str, set[str]] = {}
        self.kinds: dict[str, str] = {}
        self.enums: dict[str, dict[str, str]] = {}
        """By the letters and digits of a value that a key lists: the keys, and how each spells it."""
        for action in actions:
            others = {a.name for a in skill.actions} - {action.name}
            schema = skill.schema(action)
            for shorthand, key in action.shorthands.items():
                if key.partition(".")[0] not in others:
                    self.leaves.setdefault(shorthand.lower(), set()).add(key)
            for key in schema.keys:
                node = schema.find(parse_path(key))[0]
                head, _, leaf = key.rpartition(".")
                if node is None or node.children or key.partition(".")[0] in others:
                    continue
                self.kinds[key] = node.kind
                if leaf.lower() in ("enable", "enabled"):
                    leaf = head.rpartition(".")[2]
                self.leaves.setdefault(leaf.lower(), set()).add(key)
                for choice in node.words.get("enum") or ():
                    if isinstance(choice, str) and len(choice) > 2:
                        self.enums.setdefault(_letters(choice), {})[key] = choice

    def spelled(self, name: str) -> str | None:
        """Return the one key whose last name is spelled like this."""
        found = self.leaves.get(name.lower().replace("-", "_"), set())
        return next(iter(found)) if len(found) == 1 else None

    def extends(self, names: Sequence[str], word: str) -> bool:
        """Whether a word and one of these names are the name of another key: "backbone" and "lr"."""
        word = _ABBREVIATIONS.get(word, word)
        longer = [{word, *name.split("_")} for name in names if word and word not in name.split("_")]
        return any(set(leaf.split("_")) in longer for leaf in self.leaves)

    def named(self, spoken: Sequence[str], kinds: Sequence[str]) -> str | None:
        """Return the one key of these kinds whose last name these words say: all of it, or what tells it apart."""
        said = {_ABBREVIATIONS.get(w, w) for w in spoken} - {""}
        if not said:
            return None
        exact = [leaf for leaf in self.leaves if said == set(leaf.split("_"))]
        partly = [leaf for leaf in self.leaves if said < set(leaf.split("_")) and said - _COMMON]
        for found in (exact, partly):
            keys = {k for leaf in found for k in self.leaves[leaf] if self.kinds.get(k, "any") in (*kinds, "any")}
            if len(keys) > 1:
                short = min(len(leaf.split("_")) for leaf in found)
                keys = {k for leaf in found if len(leaf.split("_")) == short for k in self.leaves[leaf] if self.kinds.get(k, "any") in (*kinds, "any")}
            if len(keys) == 1:
                return next(iter(keys))
        return None


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


_COMMON = frozenset(
    """num max min size type name path dir file id data image model device mode format enable group tags project layers
    results gpu threads loss input output version use using with without line step steps part interval period time times
    level value count is rate weight random train val test""".split()
)
_ABBREVIATIONS = {
    "number": "num", **dict.fromkeys(("maximum", "maximal"), "max"), **dict.fromkeys(("minimum", "minimal"), "min"),
    "length": "len", "optimal": "opt", "evaluation": "eval", **dict.fromkeys(("confidence", "score"), "conf"),
    "gradient": "grad", "clipping": "clip", "encoder": "enc", "decoder": "dec", "normalization": "norm",
    **dict.fromkeys(("the", "a", "an", "of", "for", "to"), ""), "dimension": "dim", "probability": "prob",
    "worker": "workers", "query": "queries", "flipping": "flip", "optimiser": "optimizer", "learning": "lr",
}  # fmt: skip
_LINK = "slots.around.link|'of|'="


def take_spec_words(text: Text, keys: Keys) -> None:
    """Account for what is said in the words of a spec."""
    for i, token in enumerate(text.tokens):
        if token.kind == "number" and text.ledger.free(i):
            _number(text, i, keys)
    _choices(text, keys)
    _switches(text, keys)
    _snake(text, keys)


def _words_before(text: Text, i: int) -> tuple[list[int], list[int]]:
    """Return the words before a token that may name it, and those that only link."""
    links: list[int] = []
    k = i - 1
    while k >= 0 and text.ledger.free(k) and text.tokens[k].kind in ("word", "mark") and text.within(k, "slots.around.link") and text.tokens[k].text not in _NAMING:
        links.append(k)
        k -= 1
    words: list[int] = []
    while k >= 0 and len(words) < 5 and text.ledger.free(k) and text.tokens[k].kind == "word" and (text.tokens[k].text not in _BREAKS):
        words.append(k)
        k -= 1
    return words[::-1], links[::-1]


_NAMING = frozenset("max maximum value".split())
_BREAKS = frozenset("with and for use using on at in set have want but then to by from".split())


def _number(text: Text, i: int, keys: Keys) -> None:
    value = text.tokens[i].value
    words, links = _words_before(text, i)
    for first in range(len(words)):
        key = keys.named([text.tokens[k].text for k in words[first:]], ("number", "integer"))
        if key is not None:
            text.ledger.claim("value", [*words[first:], *links, i], Value("", value, key=key))
            return
    after: list[int] = []
    k = i + 1
    while k < len(text.tokens) and len(after) < 3 and text.ledger.free(k) and text.tokens[k].kind == "word" and text.tokens[k].text not in _BREAKS:
        after.append(k)
        k += 1
    for end in range(len(after), 0, -1):
        key = keys.named([text.tokens[k].text for k in after[:end]], ("number", "integer"))
        if key is not None:
            text.ledger.claim("value", [i, *after[:end]], Value("", value, key=key))
            return


_OPTIMIZERS = frozenset("adam lion rmsprop adagrad adadelta adafactor lamb lars muon sophia nadam radam adam8bit".split())


def _choices(text: Text, keys: Keys) -> None:
    """A word that only one key allows ("resnet_50", "fsdp") sets it, with the key's own name beside it."""
    for i in range(len(text.tokens)):
        for size in (3, 2, 1):
            part = range(i, i + size)
            if part.stop > len(text.tokens) or not all(text.ledger.free(k) and text.tokens[k].kind in ("word", "number", "key") for k in part):
                continue
            owners = keys.enums.get(_letters(text.ledger.said(part)), {})
            if owners and _choice(text, list(part), owners):
                break
    _refuse_unknown(text, keys)


def _choice(text: Text, part: list[int], owners: dict[str, str]) -> bool:
    said = text.ledger.said(part).lower()
    telling = bool(re.search(r"[\d_-]", said)) or said in ("adamw", "sgd", "fsdp", "ddp", "multistep", "steplr", "torchao")
    for key, spelled in owners.items():
        leaf = set(key.rpartition(".")[2].lower().split("_"))
        before, links = _words_before(text, part[0])
        beside = [k for k in before[-3:] if text.tokens[k].text in leaf or text.tokens[k].text == key.rpartition(".")[2]]
        end = part[-1] + 1
        while end < len(text.tokens) and text.ledger.free(end) and (text.tokens[end].text in leaf or text.tokens[end].text in ("optimizer", "strategy", "scheduler", "backbone")):
            end += 1
        tokens = [*beside, *(links if beside else ()), *range(part[0], end)]
        if (telling and len(owners) == 1) or beside or end > part[-1] + 1:
            negated = any(text.tokens[k].text in ("no", "not", "without", "don't") for k in range(max(0, min(tokens) - 3), min(tokens)))
            if negated:
                first = max(k for k in range(max(0, min(tokens) - 3), min(tokens)) if text.tokens[k].text in ("no", "not", "without"))
                tokens = [*range(first, min(tokens)), *tokens]
            text.ledger.claim("value", tokens, Value("", spelled, key=key, negated=negated))
            return True
    return False


def _refuse_unknown(text: Text, keys: Keys) -> None:
    """Refuse a value that a key with a closed list of values does not have ("the backbone vgg16").

    Raises
    ------
    ConflictError
        Naming the value and those that there are.
    """
    lists: dict[str, tuple[str, set[str]]] = {}
    for owners in keys.enums.values():
        for key, spelled in owners.items():
            lists.setdefault(key.rpartition(".")[2].lower(), (key, set()))[1].add(spelled)
    for i, token in enumerate(text.tokens):
        leaf = token.text
        if token.kind != "word" or leaf not in lists or not text.ledger.free(i):
            continue
        key, choices = lists[leaf]
        for k in (i - 1, i + 1, i + 2):
            if 0 <= k < len(text.tokens) and text.ledger.free(k) and text.tokens[k].kind == "word":
                said = text.tokens[k].text
                code = re.fullmatch(r"[a-z]+[-_]?\d[\w.-]*|[a-z]+_\w+", said) or said in _OPTIMIZERS
                if code and (k != i + 2 or text.within(i + 1, "slots.around.link")):
                    raise ConflictError(f"{key} cannot be '{said}'; it is one of {', '.join(sorted(choices))}.")


def _switches(text: Text, keys: Keys) -> None:
    """Read "no activation checkpointing", "enable wandb", "with pin memory"."""
    for on, source in ((True, "operator.enable|'with group.det*"), (False, "operator.not group.det|free.light*")):
        for match in text.find(source):
            after: list[int] = []
            k = match.end
            while k < len(text.tokens) and len(after) < 4 and text.ledger.free(k) and text.tokens[k].kind == "word":
                after.append(k)
                k += 1
            for end in range(len(after), 0, -1):
                said = [text.tokens[k].text.replace("checkpointing", "checkpoint") for k in after[:end]]
                key = keys.named(said, ("boolean",))
                if key is not None and keys.kinds.get(key) == "boolean" and set(said) >= set(key.rpartition(".")[2].split("_")) - {"enable", "enabled"}:
                    text.ledger.claim("value", [*match.tokens(), *after[:end]], Value("", on, key=key))
                    break


def _snake(text: Text, keys: Keys) -> None:
    """Read a key's last name as it is spelled, with its value behind: "max_labels to 80"."""
    for i, token in enumerate(text.tokens):
        if token.kind != "word" or "_" not in token.text or not text.ledger.free(i):
            continue
        key = keys.spelled(token.text)
        match = text.match("slots.around.link* v=@number|@quote|'true|'false|~word", i + 1)
        if key is not None and match is not None:
            [v] = match.tokens("v")
            said = text.tokens[v]
            value: Any = said.value if said.value is not None else {"true": True, "false": False}.get(said.text, said.text)
            text.ledger.claim("value", [i, *match.tokens()], Value("", value, key=key))
