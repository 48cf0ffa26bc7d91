"""From steps to requests: which values, data and models each step gets, and which nobody takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from skillbank.bank.actions import Action
from skillbank.errors import ConflictError
from skillbank.plan.inference import field_accepts
from skillbank.plan.model import Question, is_hub_name
from skillbank.plan.planner import accepted_products
from skillbank.plan.products import product_in, product_of, trains
from skillbank.plan.reader.data import DataOfSteps, action_of, rows_of
from skillbank.plan.reader.files import file_key
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.place import Place, is_model_file
from skillbank.plan.reader.roots import ListFolder
from skillbank.plan.reader.spec_keys import keys_of
from skillbank.plan.reader.steps import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.value import SIZE, Value
from skillbank.plan.request import Request, Setting
from skillbank.plan.slot_keys import key_of
from skillbank.plan.slots import Fills, slot
from skillbank.plan.weights import SCRATCH

__all__ = ["Maker"]

_REACH = 4
"""Words before and behind a model that may say what it is."""
_FILES = ("weights", "resume", "backbone", "labels", "output")


class Maker:
    """Makes the requests of a text whose steps have their skills.

    Attributes
    ----------
    unused
        Claims that no step has taken; they become free, so that the plan asks about them.
    """

    def __init__(
        self, text: Text, steps: Sequence[Step], policy: Said | None, list_folder: ListFolder
    ) -> None:
        self.text, self.steps, self.policy, self.list_folder = text, steps, policy, list_folder
        for step in steps:
            _settle_places(text, step, action_of(step, False), self._is_model)
        _lend_data(text, steps)
        self.engines = [self._uses_engine(s) for s in steps]
        self.actions = [action_of(s, e) for s, e in zip(steps, self.engines, strict=True)]
        self.data = DataOfSteps(text, steps, self.actions, list_folder)
        self.taken: set[int] = set()

    def requests(self) -> list[Request]:
        """Return one request for each step."""
        return [self._request(i) for i in range(len(self.steps))]

    @property
    def unused(self) -> list[Claim]:
        """Claims of values, places, captions and jobs that no step took."""
        claims = {
            id(c): c
            for s in self.steps
            for c in s.claims
            if c.kind in ("value", "place", "captions", "engine_value", "job")
            or (c.kind == "find" and c.value)
        }
        jobs = {str(c.value) for c in claims.values() if c.kind == "job" and id(c) in self.taken}
        return [
            c for c in claims.values()
            if id(c) not in self.taken and id(c) not in self.data.used
            and not (c.kind == "job" and str(c.value) in jobs)
        ]  # fmt: skip

    def _request(self, at: int) -> Request:
        step, action = self.steps[at], self.actions[at]
        assert step.skill is not None
        settings, gpus, nodes = self._values(at)
        pretrained = SCRATCH if step.of("scratch") and trains(step.action) else None
        for claim in step.of("place"):
            if claim.value.role in _FILES:
                key = file_key(action, claim.value) if action else None
                if key is not None:
                    _set(settings, key, claim.value.uri)
                    self.taken.add(id(claim))
                    self._take_key_words(claim, [key])
                elif claim.value.role == "weights" and trains(step.action):
                    if pretrained not in (None, claim.value.uri):
                        raise ConflictError(
                            f"The request starts from {pretrained} and from {claim.value.uri}; keep "
                            "one of them."
                        )
                    pretrained = claim.value.uri
                    self.taken.add(id(claim))
        fields = dict(c.value for s in self.steps for c in s.of("field"))
        results = [c for s in self.steps for c in s.of("place") if c.value.role == "results"]
        self.taken |= {id(c) for c in results[:1]}
        platform = list(dict.fromkeys(c.value for c in self.text.ledger.of("platform")))
        if len(platform) > 1:
            raise ConflictError(
                f"The request names two platforms, {' and '.join(platform[:2])}; keep one of them."
            )
        data = self.data.of(at)
        parent = self._parent(at)
        takes = [k for k, f in (action.spec_params if action else {}).items() if f == "parent_model"]
        for claim in step.of("job") if parent is not None else ():
            self._take_key_words(claim, takes)
        made = {
            "skill": step.skill.qualified,
            "action": step.action,
            "variant": action.variant if action and self.engines[at] and action.variant else None,
            "data": tuple(data),
            "settings": tuple(Setting(key=k, value=v) for k, v in settings.items()),
            "parent": parent,
            "pretrained": pretrained,
            "automl": self.policy.value if self.policy else None,
            "automl_source": f"the words '{self.policy.words}'" if self.policy else "default",
            "platform": platform[0] if platform else None,
            "gpus": gpus,
            "nodes": nodes,
            "results_root": results[0].value.uri if results else None,
            "questions": tuple(self.data.questions.get(at, ())),
        }
        return Request.model_validate(
            {**made, **{k: v for k, v in fields.items() if k not in ("parent",) or at == 0}}
        )

    # -- values --------------------------------------------------------------------------------

    def _values(self, at: int) -> tuple[dict[str, Any], int | None, int | None]:
        """Return the settings of a step by key, its GPUs and its nodes."""
        step = self.steps[at]
        settings: dict[str, Any] = {}
        counts: dict[str, Value] = {}
        for claim, own in self._claims_for(at):
            value: Value = claim.value
            if value.slot in ("gpus", "nodes"):
                if not value.negated and (own or value.slot not in counts):
                    _keep(counts, value.slot, value, own)
                    self.taken.add(id(claim))
                continue
            key = self._key(at, value, own)
            if key is None:
                continue
            said = self._said(at, claim, key, own)
            if said is not None:
                self.taken.add(id(claim))
                for name, each in said.items():
                    if name in settings and not own:
                        continue
                    _set(settings, name, each)
        captions = [c for c in [*step.of("captions"), *step.of("find")] if c.value]
        if captions and step.action == "inference":
            key = self._slot_key(at, "captions")
            if key is not None:
                settings.setdefault(key, list(dict.fromkeys(item for c in captions for item in c.value)))
                self.taken |= {id(c) for c in captions}
        gpus, nodes = counts.get("gpus"), counts.get("nodes")
        ids = next((v for k, v in settings.items() if k.rpartition(".")[2] == "gpu_ids"), None)
        if ids and gpus is None:
            return settings, len(ids), nodes.value if nodes else None
        if gpus is not None and gpus.total and nodes is not None and gpus.value % nodes.value == 0:
            return settings, gpus.value // nodes.value, nodes.value
        return settings, gpus.value if gpus else None, nodes.value if nodes else None

    def _claims_for(self, at: int) -> Iterator[tuple[Claim, bool]]:
        """Yield claims of values: the step's own, those of its group, then those of other steps."""
        step = self.steps[at]
        own = step.of("value")
        yield from ((c, True) for c in own)
        last = max((s for s in self.steps if s.group == step.group), key=lambda s: s.at)
        for other in self.steps:
            if other is not step:
                shared = other is last and not own
                yield from ((c, shared) for c in other.of("value"))

    def _key(self, at: int, value: Value, own: bool) -> str | None:
        """Return the key of a value for a step; None where the step has no such value, or it is not meant."""
        step, action = self.steps[at], self.actions[at]
        assert step.skill is not None
        if value.slot == SIZE:
            return (
                SIZE
                if own and f"{step.action}.input_width" in keys_of(step.skill, step.action).kinds
                else None
            )
        if value.slot:
            if slot(value.slot).fills is Fills.SEARCH:
                return slot(value.slot).key if self._searches(step) else None
            key = (self._most_key(at, value.slot) if value.most else None) or self._slot_key(at, value.slot)
            mine = self._owner_of(value)
            return key if own or mine is None else None
        keys = keys_of(step.skill, step.action)
        shorthands = action.shorthands if action else {}
        key = value.key
        if key.startswith("automl.") or key == "automl":
            return key if self._searches(step) else None
        if key not in shorthands and "." not in key:
            key = keys.spelled(key) or key
        if own:
            return key
        known = shorthands.get(key, key) in keys.kinds
        return key if known and self._nobody_else(at, key) else None

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

    def _nobody_else(self, at: int, key: str) -> bool:
        for i, step in enumerate(self.steps):
            if i != at and any(c.value.key == key for c in step.of("value")):
                assert step.skill is not None
                return key not in keys_of(step.skill, step.action).kinds
        return True

    def _said(self, at: int, claim: Claim, key: str, own: bool) -> dict[str, Any] | None:
        """Return the settings that a value makes; nothing for one that is said not to be, None to ask."""
        value: Value = claim.value
        if value.negated:
            return {} if self._is_met(at, key, value) else None
        if value.slot == SIZE:
            width, height = value.value
            return {
                f"{self.steps[at].action}.input_width": width,
                f"{self.steps[at].action}.input_height": height,
            }
        if value.unit:
            return self._with_unit(at, key, value)
        if key.endswith("data_type") and isinstance(value.value, str):
            return {key: value.value.upper()}
        return {key: value.value}

    def _with_unit(self, at: int, key: str, value: Value) -> dict[str, Any] | None:
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
        if action is None:
            return False
        template, _ = step.skill.template(action)
        spec_key = step.skill.shorthands(action).get(key, key)
        node: Any = template
        for part in spec_key.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if node is None:
            found = step.skill.schema(action).find(tuple(spec_key.split(".")))[0]
            node = found.words.get("default") if found is not None else None
        return node is not None and str(node).lower() != str(value.value).lower()

    # -- models --------------------------------------------------------------------------------

    def _is_model(self, uri: str) -> bool:
        """Whether a text names a folder here that holds a saved model, or a model on the hub."""
        inside = self.list_folder(uri)
        if inside is None:
            return is_hub_name(uri)
        return "config.json" in inside and any(name.endswith((".safetensors", ".bin")) for name in inside)

    def _uses_engine(self, step: Step) -> bool:
        if step.action == "gen_trt_engine":
            return False
        files = [c.value.uri for c in step.of("place") if c.value.role == "weights"]
        return step.engine or bool(step.of("engine")) or any(product_in(uri) == "engine" for uri in files)

    def _take_key_words(self, claim: Claim, keys: Sequence[str]) -> None:
        """Account for what a model is called like the key that takes it: "the teacher is X"."""
        words = {word for key in keys for word in key.lower().rpartition(".")[2].split("_")}
        for step in (-1, 1):
            k = claim.first if step < 0 else claim.last
            for _ in range(_REACH):
                k += step
                if not 0 <= k < len(self.text.tokens) or self.text.tokens[k].kind != "word":
                    break
                if self.text.ledger.free(k) and self.text.tokens[k].text in words:
                    self.text.ledger.claim("context", [k])

    def _parent(self, at: int) -> str | None:
        step = self.steps[at]
        own = step.of("job")
        alone = sum(s.group == step.group for s in self.steps) < 2
        said = own if own and (at == 0 or alone) else [c for s in self.steps for c in s.of("job")]
        if not said:
            return None
        files = [c for c in step.of("place") if c.value.role == "weights"] if own else []
        told = trains(step.action) and self._is_told(said[0])
        if not files and not told:  # a file and a job are two models for one step
            self.taken.add(id(said[0]))
        if own and said is own:
            return str(said[0].value)
        assert step.skill is not None
        named = [a for a in step.skill.actions if a.name == step.action]
        takes = {p for a in named for p in accepted_products(a)} if named else set()
        for earlier in reversed(self.steps[:at]):
            product = product_of(earlier.action)
            if product != "other":
                return None if product in takes or not takes else str(said[0].value)
        return str(said[0].value) if takes else None

    def _is_told(self, claim: Claim) -> bool:
        """Whether a job is only told of: "I trained job X last week"."""
        owners = [self.text.ledger.owner.get(i) for i in (claim.first - 1, claim.last + 1)]
        return any(o is not None and o.kind == "report" for o in owners)


def _set(settings: dict[str, Any], key: str, value: Any) -> None:
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


def _settle_places(text: Text, step: Step, action: Action | None, is_model: Callable[[str], bool]) -> None:
    """Give places without a role one: the model that a step reads, what it writes, where it writes to."""
    reads = rows_of(step, action)
    loose = [c for c in step.of("place") if c.value.role in (None, "weights")]
    for claim in loose:
        before = {text.tokens[k].text for k in range(max(0, claim.first - 2), claim.last)}
        told = any(text.within(k, "places.weights.before") for k in claim.tokens)
        if (
            any(text.within(k, "places.data.nouns") for k in claim.tokens)
            and not told
            and claim.value.role is None
            and "into" not in before
        ):
            continue
        role = (
            _role_of_file(action, claim.value, before, told, file=is_model_file(text, claim.value.uri))
            if not reads
            else _role_beside_data(step, claim, before, is_model)
        )
        if role != claim.value.role:
            made = text.ledger.replace(claim, "place", replace(claim.value, role=role))
            step.claims = [c for c in step.claims if c is not claim] + [made]


def _lend_data(text: Text, steps: Sequence[Step]) -> None:
    """Give data said behind a step that reads none ("then export it, images in X") to the one before it."""
    reading = [s for s in steps if rows_of(s, action_of(s, False))]
    for step in steps:
        before = [
            s for s in reading if s.at < step.at and not any(c.value.role is None for c in s.of("place"))
        ]
        for claim in step.of("place") if step not in reading and before else ():
            if claim.value.role is None:
                step.claims.remove(claim)
                before[-1].claims.append(claim)


def _role_of_file(
    action: Action | None, place: Place, before: set[str], told: bool, *, file: bool
) -> str | None:
    """Return what a place is to an action that reads no data: its model, its product, or where results go."""
    target = bool(before & {"to", "into", "as", "under"}) and not before & {"from", "of", "using", "with"}
    if not file:
        return (
            "results"
            if target or "in" in before
            else "weights"
            if told or before & {"from", "of", "using"}
            else place.role
        )
    product = product_in(place.uri)
    takes = {
        field_accepts(k) for k, f in (action.spec_params if action else {}).items() if f == "parent_model"
    }
    return "output" if target or (takes and product not in takes and not told) else "weights"


def _role_beside_data(
    step: Step, claim: Claim, before: set[str], is_model: Callable[[str], bool]
) -> str | None:
    others = [c for c in step.of("place") if c is not claim and c.value.role != "results"]
    if (
        claim.value.role is None
        and others
        and before & {"from", "with", "using"}
        and is_model(claim.value.uri)
    ):
        return "weights"
    if claim.value.role is None and "into" in before:
        return "results"
    role: str | None = claim.value.role
    return role


def questions_of(requests: Sequence[Request]) -> list[Question]:
    """Return the questions that reading has left."""
    return [q for r in requests for q in r.questions]
