"""Which values each step of a text gets: its own, and those of others that its spec has a key for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from skillbank.bank.actions import Action
from skillbank.errors import ConflictError
from skillbank.plan.language import settings
from skillbank.plan.language.chain import Step
from skillbank.plan.language.settings import Value
from skillbank.plan.language.spec_words import keys_of, take_by_schema
from skillbank.plan.language.tokens import Text
from skillbank.plan.products import trains


class Values:
    """The values of steps whose skills are known.

    Raises
    ------
    ConflictError
        When a step is given two values for one setting.
    """

    def __init__(self, text: Text, steps: Sequence[Step]) -> None:
        self._text, self.steps = text, steps
        self._used: set[int] = set()
        self._take_spec_words()
        self._said: dict[int, list[Value]] = {}
        for step in steps:
            own = step.values("S")
            self._said[id(step)] = own or (step.group[-1].values("S") if step.group else [])
            settings.conflict_of(own)

    def count(self, step: Step, key: str) -> int | None:
        """Return how many GPUs or nodes are said of a step, or of another one.

        Raises
        ------
        ConflictError
            When it is none.
        """
        said = [v.value for s in [step, *self.steps] for v in s.values("S") if v.key == key]
        if said and said[0] < 1:
            raise ConflictError(f"'{said[0]} {key}' cannot run anything; say 1 or more.")
        return int(said[0]) if said else None

    def unused(self) -> Iterator[str]:
        """Yield the words of values that no step has a key for."""
        counts = (settings.GPUS, settings.NODES)
        for step in self.steps:
            for token in step.tokens:
                if token.text == "S" and token.value.key not in counts and id(token.value) not in self._used:
                    yield self._text.source([token])

    def chosen(self, step: Step, action: Action | None) -> dict[str, Any]:
        """Return the settings of a step by spec key or shorthand."""
        skill = step.skill
        assert skill is not None
        known = {a.name for a in skill.actions}
        chosen: dict[str, Any] = {}
        mine = self._said[id(step)]
        others = [v for s in self.steps if s is not step for v in s.values("S")]
        for value in [*mine, *others]:
            key = self._key(step, value, own=value in mine)
            if key is not None:
                self._used.add(id(value))
            if key is None or key in chosen:
                continue
            if len(self.steps) > 1 and not (
                concerns(key, step.action, len(self.steps), known)
                and self._owns(step, action, key, value in mine)
            ):
                continue
            chosen[key] = (
                value.value.upper()
                if key.endswith(".data_type") and value.key == settings.PRECISION
                else value.value
            )
        return chosen

    def _key(self, step: Step, value: Value, own: bool) -> str | None:
        if value.key in (settings.GPUS, settings.NODES):
            return None
        assert step.skill is not None
        if value.key in (settings.THRESHOLD, settings.WIDTH, settings.HEIGHT):
            key = f"{step.action}.{value.key}"
            return key if own and key in keys_of(step.skill, step.action).leaves.get(value.key, ()) else None
        if value.key != settings.PRECISION:
            named = {k for a in step.skill.actions for k in a.shorthands}
            plain = "." not in value.key and value.key not in named
            return (keys_of(step.skill, step.action).spelled(value.key) if plain else None) or value.key
        if trains(step.action):
            return "train.precision" if own else None
        if step.action == "gen_trt_engine" and (own or not any(trains(s.action) for s in self.steps)):
            assert step.skill is not None
            shorthands = {k: v for a in step.skill.actions for k, v in a.shorthands.items()}
            return shorthands.get("trt_data_type", "gen_trt_engine.tensorrt.data_type")
        return None

    def _owns(self, step: Step, action: Action | None, key: str, own: bool) -> bool:
        """Whether a value said of one step may reach another: only where the spec has the key."""
        if own or action is None:
            return True
        assert step.skill is not None
        spec_key = step.skill.shorthands(action).get(key, key)
        return spec_key in step.skill.schema(action).keys

    def _take_spec_words(self) -> None:
        """Read what is left in the words of the spec, step by step."""
        for step in self.steps:
            assert step.skill is not None
            keys = keys_of(step.skill, step.action)
            before = set(map(id, self._text.tokens))
            take_by_schema(self._text, keys)
            new = [t for t in self._text.tokens if id(t) not in before and t.text == "S"]
            gone = before - set(map(id, self._text.tokens))
            for each in self.steps:
                if new and any(id(t) in gone for t in each.tokens):
                    held = [n for n in new if any(n.start <= t.start <= n.end for t in each.tokens)]
                    each.tokens = [t for t in each.tokens if id(t) not in gone] + held


def concerns(key: str, action: str, chain: int, known: set[str]) -> bool:
    """Whether a value that is said once is meant for this action of a chain of `chain` actions."""
    if chain == 1:
        return True
    head = key.partition(".")[0]
    if head in known:
        return head == action
    return key not in ("num_epochs", "learning_rate") or trains(action)
