"""Which of the values that were said each step takes, and under which keys of its spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skillbank.bank.actions import Action
from skillbank.errors import ConflictError
from skillbank.plan.products import trains
from skillbank.plan.reader.belonging import addressed_step, is_bound, is_of_all
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.spec_keys import NUMERIC, Keys, keys_of
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim, number_in
from skillbank.plan.reader.value import SIZE, Value
from skillbank.plan.slot_keys import key_of, only_trained
from skillbank.plan.slots import Fills, slot

__all__ = ["StepSettings", "set_once"]


_MACHINES = frozenset({"gpus", "nodes"})
_INT8 = ("quantize", "precision", "int8")
"""What a quantization makes anyway."""


class StepSettings:
    """The values of the steps of one text; ``taken`` gathers the ids of the claims that a step took."""

    def __init__(
        self,
        text: Text,
        steps: Sequence[Step],
        actions: Sequence[Action | None],
        policy: Said | None,
        taken: set[int],
    ) -> None:
        self.text, self.steps, self.actions, self.policy, self.taken = text, steps, actions, policy, taken

    def of(self, at: int) -> tuple[dict[str, object], int | None, int | None]:
        """Return the settings of a step by key, its GPUs and its nodes."""
        settings: dict[str, object] = {}
        counts: dict[str, Value] = {}
        said = set[str]()
        for claim, own in self._claims_for(at):
            value: Value = claim.value
            if value.slot not in _MACHINES:
                self._set(at, claim, own, settings)
            elif not (value.negated or value.limit) and (own or value.slot not in counts):
                _keep(counts, value.slot, value, own)
                said |= {value.slot} if own else set()
                self.taken.add(id(claim))
        if "gpus" in said and "nodes" not in said:
            counts.pop("nodes", None)  # "on 2 nodes with 8 GPUs each, then export on 1 GPU"
        self._set_captions(at, settings)
        return settings, *_counted(counts, settings)

    def _set(self, at: int, claim: Claim, own: bool, settings: dict[str, object]) -> None:
        """Set what a value says of a step; what is said of another step counts where nothing else does."""
        said: dict[str, object] | None
        key = self._key(at, claim.value, own)
        if key is None:
            said = (
                {} if own and (self.steps[at].action, claim.value.slot, claim.value.value) == _INT8 else None
            )
        else:
            said = self._said(at, claim, key, own)
        if said is None:
            return
        fits = own or all(settings.get(name, each) == each for name, each in said.items())
        if fits:  # else a value of the step's own stands in its place, and the plan asks about this one
            self.taken.add(id(claim))
        for name, each in said.items():
            if own or name not in settings:
                set_once(settings, name, each)

    def _set_captions(self, at: int, settings: dict[str, object]) -> None:
        step = self.steps[at]
        captions = [c for c in [*step.of("captions"), *step.of("find")] if c.value]
        key = self._slot_key(at, "captions") if captions and step.action == "inference" else None
        if key is not None:
            settings.setdefault(key, list(dict.fromkeys(item for c in captions for item in c.value)))
            self.taken |= {id(c) for c in captions}

    def _claims_for(self, at: int) -> Iterator[tuple[Claim, bool]]:
        """Yield claims of values: the step's own, those of its group, then those of other steps."""
        step = self.steps[at]
        own = step.of("value")
        yield from ((c, True) for c in own)
        last = max((s for s in self.steps if s.group == step.group), key=lambda s: s.at)
        for i, other in enumerate(self.steps):
            if other is not step:
                shared = other is last and not own
                breath = shared and self._are_one_breath(step, last)
                for claim in other.of("value"):
                    meant = breath or (shared and claim.first < last.at) or is_of_all(self.text, claim)
                    if meant or self._reaches(claim, other, step, i < at):
                        yield claim, meant

    def _are_one_breath(self, step: Step, last: Step) -> bool:
        """Whether nothing is said of a step before the last of its group: "export and evaluate it on D"."""
        between = range(step.at, last.at)
        return self.text.owners(between) <= {"action", "order"} and not self.text.holds(
            between, "grammar.group.it"
        )

    def _reaches(self, claim: Claim, other: Step, step: Step, before: bool) -> bool:
        """Whether a value of another step may be this one's: machines go on, what one word binds does not."""
        if addressed_step(self.text, self.steps, claim) is not None:
            return False
        machines = claim.value.slot in _MACHINES
        if (machines and before) or other.group == step.group:
            return True
        bound = is_bound(self.text, other, claim) or (machines and not self._closes(claim))
        return not bound and not self._may_be_of(claim, other)

    def _closes(self, claim: Claim) -> bool:
        """Whether a sentence without a step says it of all, as it speaks of a training: "No HPO, 1 GPU."."""
        here = self.text.sentence(claim.first)
        return "policy" in self.text.owners(here) and not any(s.at in here for s in self.steps)

    def unsure(self, at: int) -> Iterator[tuple[Claim, Step]]:
        """Yield what stands behind a later step and may be this one's too: "then evaluate it, 2 GPUs"."""
        step = self.steps[at]
        own = {c.value.slot for c in step.of("value")}
        for other in self.steps[at + 1 :]:
            for claim in other.of("value") if other.group != step.group else ():
                name = claim.value.slot
                both = trains(step.action) and self._have_both(at, other, name)
                may = name not in own and (name in _MACHINES or both)
                closes = name in _MACHINES and self._closes(claim)
                known = closes or is_of_all(self.text, claim) or is_bound(self.text, other, claim)
                if may and not known and addressed_step(self.text, self.steps, claim) is None:
                    yield claim, other

    def _have_both(self, at: int, other: Step, name: str) -> bool:
        """Whether each of two steps has such a value, so that it may be of either."""
        both = (at, self.steps.index(other))
        return bool(name) and all(self._slot_key(i, name) is not None for i in both)

    def _may_be_of(self, claim: Claim, step: Step) -> bool:
        """Whether a value may be meant for a step that has none such: "then export it, in fp16"."""
        name, skill = claim.value.slot, step.skill
        if not name or skill is None or self._slot_key(self.steps.index(step), name) is not None:
            return False
        return not only_trained(skill, name)

    def _key(self, at: int, value: Value, own: bool) -> str | None:
        """Return the key of a value for a step; None where the step has no such value, or it is not meant."""
        step, action = self.steps[at], self.actions[at]
        assert step.skill is not None
        keys = keys_of(step.skill, step.action)
        if value.slot == SIZE and own:
            return SIZE if f"{step.action}.input_width" in keys.kinds else _square(keys, value)
        if value.slot:
            return None if value.slot == SIZE else self._key_of_slot(at, value, own)
        key = value.key
        if key.startswith("automl.") or key == "automl":
            return key if self._searches(step) else None
        if "." not in key and (action is None or key not in action.shorthands):
            key = keys.spelled(key) or key
        return key if own else None

    def _key_of_slot(self, at: int, value: Value, own: bool) -> str | None:
        """Return the key of a slot's value; what is said of another step that has it is that step's."""
        if slot(value.slot).fills is Fills.SEARCH:
            return slot(value.slot).key if self._searches(self.steps[at]) else None
        key = self._most_key(at, value.slot) if value.most else None
        if key is None and not value.limit:
            key = self._slot_key(at, value.slot)
        return key if own or self._owner_of(value) is None else None

    def _searches(self, step: Step) -> bool:
        """Whether a step can be a search."""
        return trains(step.action) and (self.policy is None or self.policy.value != "off")

    def _slot_key(self, at: int, name: str) -> str | None:
        action, skill = self.actions[at], self.steps[at].skill
        return key_of(skill, action, slot(name)) if action is not None and skill is not None else None

    def _most_key(self, at: int, name: str) -> str | None:
        """Return the one key of the most that a slot may be, where a spec has one (``max_batch_size``)."""
        step = self.steps[at]
        assert step.skill is not None
        found = [
            k
            for k in keys_of(step.skill, step.action).kinds
            if any(k.endswith(f".max_{n}") for n in slot(name).names)
        ]
        return found[0] if len(found) == 1 else None

    def _owner_of(self, value: Value) -> Step | None:
        """Return the step that a value was said of, if that step has such a value."""
        for i, step in enumerate(self.steps):
            if any(c.value is value for c in step.of("value")) and self._slot_key(i, value.slot) is not None:
                return step
        return None

    def _said(self, at: int, claim: Claim, key: str, own: bool) -> dict[str, object] | None:
        """Return the settings that a value makes; nothing for one that is said not to be, None to ask."""
        value: Value = claim.value
        if value.negated:
            return {} if self._is_met(at, key, value) else None
        if value.slot == SIZE:
            width, height = value.value
            if key != SIZE:
                return {key: width}
            return {
                f"{self.steps[at].action}.input_width": width,
                f"{self.steps[at].action}.input_height": height,
            }
        if value.unit:
            return self._with_unit(at, key, value)
        if key.endswith("data_type") and isinstance(value.value, str):
            return {key: value.value.upper()}
        return {key: value.value}

    def _with_unit(self, at: int, key: str, value: Value) -> dict[str, object] | None:
        """Return an interval with its unit where the spec has a key for the unit that allows this one."""
        step, action = self.steps[at], self.actions[at]
        if action is None or step.skill is None:
            return None
        spec_key = f"{step.skill.shorthands(action).get(key, key)}_unit"
        found = step.skill.schema(action).find(tuple(spec_key.split(".")))[0]
        units = found.words.get("enum") if found is not None else None
        return {key: value.value, spec_key: value.unit} if units and value.unit in units else None

    def _is_met(self, at: int, key: str, value: Value) -> bool:
        """Whether a value that is not wanted is not there anyway, or another is said in its place."""
        step, action = self.steps[at], self.actions[at]
        assert step.skill is not None
        for other in step.of("value"):
            same = other.value.slot == value.slot and other.value.key == value.key
            if same and not other.value.negated and other.value.value != value.value:
                return True
        if action is None or number_in(value.value) is not None:
            return False  # "not with batch size 64": with which, nobody has said
        template, _ = step.skill.template(action)
        spec_key = step.skill.shorthands(action).get(key, key)
        node: object = template
        for part in spec_key.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if node is None:
            found = step.skill.schema(action).find(tuple(spec_key.split(".")))[0]
            node = found.words.get("default") if found is not None else None
        return node is not None and str(node).lower() != str(value.value).lower()


def _counted(counts: dict[str, Value], settings: dict[str, object]) -> tuple[int | None, int | None]:
    """Return the GPUs of each node and the nodes: by ids where no number says it, of a total its share."""
    gpus, nodes = (counts[name].value if name in counts else None for name in ("gpus", "nodes"))
    ids = next((v for k, v in settings.items() if k.rpartition(".")[2] == "gpu_ids"), None)
    if gpus is None and isinstance(ids, list | tuple) and ids:
        gpus = len(ids)
    elif gpus and nodes and counts["gpus"].total and gpus % nodes == 0:
        gpus //= nodes
    return gpus, nodes


def _square(keys: Keys, value: Value) -> str | None:
    """Return the key of an image's one size that a width and a height may be: both alike."""
    width, height = value.value
    return keys.named(["image", "size"], NUMERIC) if width == height else None


def set_once(settings: dict[str, object], key: str, value: object) -> None:
    """Set a key; raise `ConflictError` where it has another value."""
    if key in settings and settings[key] != value:
        raise ConflictError(f"The request sets {key} to {settings[key]} and to {value}; keep one of them.")
    settings[key] = value


def _keep(counts: dict[str, Value], name: str, value: Value, own: bool) -> None:
    if own and name in counts and counts[name].value != value.value:
        raise ConflictError(
            f"The request says {counts[name].value} {name} and {value.value}; keep one of them."
        )
    if own and name == "nodes" and value.value < 1:
        raise ConflictError(f"'{value.value} {name}' cannot run anything; say 1 or more.")
    counts.setdefault(name, value)
