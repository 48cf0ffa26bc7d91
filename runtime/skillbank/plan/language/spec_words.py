"""Values said in the words of the spec: keys are known by the words of their names and by what they allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from skillbank.bank.actions import Action
from skillbank.bank.documents import parse_yaml
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError, SkillFormatError
from skillbank.plan.language.lexing import Quoted
from skillbank.plan.language.settings import Value
from skillbank.plan.language.tokens import Found, Text, Token, words
from skillbank.plan.language.words import rx
from skillbank.plan.paths import parse_path


@lru_cache(maxsize=256)
def keys_of(skill: Skill, action: str) -> Keys:
    """Return the spec keys of an action's variants, made once."""
    return Keys(skill, [a for a in skill.actions if a.name == action])


class Keys:
    """Spec keys of some actions by the words of their names ("weight decay 0.05", "resnet_50 backbone")."""

    def __init__(self, skill: Skill, actions: Sequence[Action]) -> None:
        self.leaves: dict[str, set[str]] = {}
        self.enums: dict[str, set[str]] = {}
        self.textual: set[str] = set()
        """Keys whose values are words: no number is meant for them."""
        self.choices: dict[str, tuple[str, set[str]]] = {}
        """Keys with a closed list of values, by the last part of their names."""
        self.switches: set[str] = set()
        """Keys that are on or off: no number is meant for them, either."""
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
                if node.kind == "boolean":
                    self.switches.add(key)
                if node.kind == "string":
                    self.textual.add(key)
                listed = {str(choice) for choice in node.words.get("enum") or () if choice}
                if node.kind == "string" and len(listed) > 1:
                    leaf = key.rpartition(".")[2].lower()
                    known = self.choices.get(leaf, (key, set()))[1]
                    self.choices[leaf] = (key, known | listed)
                for choice in node.words.get("enum") or ():
                    if isinstance(choice, str) and len(choice) > 2:
                        self.enums.setdefault(choice.lower(), set()).add(key)

    def spelled(self, name: str) -> str | None:
        """Return the one key whose last name is spelled like this."""
        found = self.leaves.get(name.lower(), set())
        return next(iter(found)) if len(found) == 1 else None

    def named(self, spoken: Sequence[str]) -> str | None:
        """Return the one key whose last name is said by these words: all of them, in any order."""
        said = {_ABBREVIATIONS.get(w, w) for w in spoken} - {""}
        exact = ["_".join(spoken)] if "_".join(spoken) in self.leaves else []
        found = exact or [leaf for leaf in self.leaves if said and said == set(leaf.split("_"))]
        found = found or [
            leaf for leaf in self.leaves if said and said <= set(leaf.split("_")) and _telling(said)
        ]
        keys = {key for leaf in found for key in self.leaves[leaf]}
        if len(found) > 1:
            shortest = min(len(leaf.split("_")) for leaf in found)
            short = [leaf for leaf in found if len(leaf.split("_")) == shortest]
            keys = {key for leaf in short for key in self.leaves[leaf]}
        return next(iter(keys)) if len(keys) == 1 else None


def _telling(said: set[str]) -> bool:
    return bool(said - _COMMON)


_COMMON = words(
    """num max min size type name path dir file id data image model device mode format enable group tags
    project layers results gpu threads loss input output version use using with without line step steps
    part interval period time times level value count"""
)
_ABBREVIATIONS = {
    "number": "num",
    **dict.fromkeys(("maximum", "maximal"), "max"),
    **dict.fromkeys(("minimum", "minimal"), "min"),
    "length": "len",
    "optimal": "opt",
    "evaluation": "eval",
    **dict.fromkeys(("confidence", "score"), "conf"),
    "gradient": "grad",
    "clipping": "clip",
    "encoder": "enc",
    "decoder": "dec",
    "normalization": "norm",
    **dict.fromkeys(("the", "a", "an", "of", "for"), ""),
    "dimension": "dim",
    "probability": "prob",
    "worker": "workers",
    "query": "queries",
    "flipping": "flip",
}

_VALUE_AFTER = rx(
    r"(?P<words>(?:[a-z][\w]*(?: (?:of|the))? ){1,4})(?:(?:of|=|:|to|at|is|set to|be|as|equals|value"
    r"|should|must|shall|needs to|has to) )*(?:<det?>(?:value of )?)?(?P<value>D|true|false)"
)
_VALUE_BEFORE = rx(r"(?P<value>D) (?P<words>[a-z][\w]*(?: [a-z][\w]*){0,2})")
_SNAKE = rx(
    r"(?P<words>[a-z][a-z0-9]*_\w+) (?:(?:of|=|:|to|at|is|set to|be|as|equals|should|must|shall|needs to|has"
    r" to) )*(?P<value>D|Q|true|false|[a-z]\w*)"
)


def take_by_schema(text: Text, keys: Keys) -> None:
    """Turn what is said in the words of the spec into tokens ``S``."""
    text.rewrite(_SNAKE, lambda found: _by_name(found, keys))
    for pattern in (_VALUE_AFTER, _VALUE_BEFORE):
        text.rewrite(pattern, lambda found: _by_name(found, keys))
    for word, owners in keys.enums.items():
        if len(owners) == 1 and any(t.text == word for t in text.tokens):
            [key] = owners
            _take_choice(text, word, key)
    refuse_unknown_choices(text, keys)


_CODE = r"[a-z][a-z]*[-_]?\d[\w.-]*|[a-z]+_\w+"
"""How names of networks, formats and the like are spelled; plain words may mean anything."""
_OPTIMIZERS = "adam|lion|rmsprop|adagrad|adadelta|adafactor|lamb|lars|muon|sophia|nadam|radam"
_COPULA = r"(?: (?:of|=|:|is|to|be|as|should|must|set|use|using))*"


def refuse_unknown_choices(text: Text, keys: Keys) -> None:
    """Refuse a value that a key with a closed list of values does not have ("the backbone vgg16").

    Raises
    ------
    ConflictError
        Naming the value and those that there are.
    """
    for leaf, (key, choices) in keys.choices.items():
        name = leaf.replace("_", " ")
        pattern = rx(
            rf"(?:{name}|{leaf}){_COPULA} (?P<value>{_CODE}|{_OPTIMIZERS})(?= |$)"
            rf"|(?P<before>{_CODE}|{_OPTIMIZERS}) (?:as <det*>)?(?:{name}|{leaf})(?= |$)"
        )
        for found in text.find(pattern):
            value = found.match["value"] or found.match["before"]
            raise ConflictError(f"{key} cannot be '{value}'; it is one of {', '.join(sorted(choices))}.")


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
        count = isinstance(value, int | float) and not isinstance(value, bool)
        if key is not None and not (count and key in keys.textual | keys.switches):
            part = part if after else words[:last]
            rest = [
                t
                for t in found.tokens()
                if t not in part and t not in found.tokens("value") and t.text not in _LINKS
            ]
            place = part + found.tokens("value")
            made = Token("S", min(t.start for t in place), max(t.end for t in place), Value(key, value))
            return [*rest, made] if after else [made, *rest]
    return None


_LINKS = words("of = : to at is set be as equals value should must shall needs has")


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
    """A word that only one key allows ("resnet_50", "fsdp") sets it, with the key's own name beside it."""
    leaf = key.rpartition(".")[2].replace("_", " ")
    telling = "_" in word or word in ("adamw", "sgd", "fsdp", "ddp", "multistep", "steplr", "torchao")
    beside = rx(
        rf"(?:with |using |use |and )?<det?>(?:(?P<before>{leaf}(?: (?:of|=|:|is|to))? "
        rf"))?(?P<value>{word})(?: (?:as (?:the |a )?)?(?P<after>{leaf}|optimizer|strategy"
        r"|scheduler))?"
    )

    def make(found: Found) -> list[Token] | None:
        if not telling and not found.match["before"] and not found.match["after"]:
            return None
        return [found.one("S", Value(key, found.said("value")))]

    text.rewrite(beside, make)
