"""From the steps of a text to requests: which data, values, model and parent each of them gets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from skillbank.bank.actions import Action
from skillbank.bank.skill import Skill
from skillbank.errors import ConflictError
from skillbank.plan.datasets import DATASETS, Binding, bindings
from skillbank.plan.described import CAPTIONS
from skillbank.plan.language import places, settings
from skillbank.plan.language.chain import Step
from skillbank.plan.language.files import file_key
from skillbank.plan.language.policy import Said
from skillbank.plan.language.roots import ListFolder, absolute, split_root
from skillbank.plan.language.tokens import Text
from skillbank.plan.language.values import Values
from skillbank.plan.model import is_hub_name
from skillbank.plan.planner import accepted_products
from skillbank.plan.products import product_in, product_of, trains
from skillbank.plan.request import DataLocation, Request, Setting
from skillbank.plan.weights import SCRATCH


class Maker:
    """Makes the requests of steps whose skills are known."""

    def __init__(
        self,
        text: Text,
        steps: Sequence[Step],
        policy: Said | None,
        platform: str | None,
        captions: list[str],
        list_folder: ListFolder,
        from_scratch: bool = False,
    ) -> None:
        self.text, self.from_scratch = text, from_scratch
        self.steps, self.policy, self.platform = steps, policy, platform
        self.captions, self.list_folder = captions, list_folder
        self.notes: list[str] = []
        self.values = Values(text, steps)

    def requests(self) -> Iterator[Request]:
        """Yield one request for each step, in order."""
        for step in self.steps:
            _settle_outputs(step)
        everything = [p for s in self.steps for p in s.values("P")]
        for step in self.steps:
            self._mark_hub_models(step)
        for place in everything:
            if place.role != places.WEIGHTS or not _only_on_hub(place.uri):
                place.uri = absolute(place.uri)
        results = [p.uri for p in everything if p.role == places.RESULTS]
        if len(set(results)) > 1:
            raise ConflictError(
                f"The request names two places for results, {results[0]} and {results[1]}; keep one."
            )
        for i, step in enumerate(self.steps):
            assert step.skill is not None
            engine = self._uses_engine(step)
            action = _action(step, engine)
            rows = _rows(step.skill, action) if action else []
            wanted, pretrained = self._settings(step, action)
            gpus, nodes = (self.values.count(step, key) for key in (settings.GPUS, settings.NODES))
            yield Request(
                skill=step.skill.qualified,
                action=step.action,
                variant=action.variant if action and engine and action.variant else None,
                data=tuple(self._data(i, rows)),
                settings=tuple(wanted),
                parent=self._parent(i),
                pretrained=pretrained,
                automl=self.policy.value if self.policy else None,
                automl_source=f"the words '{self.policy.words}'" if self.policy else "default",
                platform=self.platform,
                gpus=gpus,
                nodes=nodes,
                results_root=results[0] if results else None,
            )

    # -- data ----------------------------------------------------------------------------------

    def _data(self, at: int, rows: Sequence[Binding]) -> Iterator[DataLocation]:
        """Its own data, else what was said by role for all, else what an earlier step was given."""
        step = self.steps[at]
        reads = list(dict.fromkeys(r.source for r in rows))
        given = self._given(at, rows)
        for other in [s for i, s in enumerate(self.steps) if i != at]:
            for source, uris in _by_role(other, rows).items():
                if source in reads and source not in given:
                    given[source] = uris
        for i in range(at):
            earlier = self._given(i, _rows_of(self.steps[i]))
            for source, uris in earlier.items():
                if source in reads and source not in given:
                    given[source] = uris
        for i in range(at + 1, len(self.steps)):
            # What the trained model is evaluated on may also tell its checkpoints apart.
            if (
                trains(step.action)
                and self.steps[i].action == "evaluate"
                and step.skill is self.steps[i].skill
            ):
                later = self._given(i, _rows_of(self.steps[i]))
                given.setdefault("eval_dataset", later.get("eval_dataset", []))
        for source, uris in given.items():
            if source in reads or len(self.steps) == 1:
                yield from (DataLocation(source=source, uri=uri) for uri in dict.fromkeys(uris))

    @staticmethod
    def _respectively(step: Step) -> bool:
        return any(t.text == "respectively" for t in step.tokens)

    def _given(self, at: int, rows: Sequence[Binding]) -> dict[str, list[str]]:
        """Return the data that a step itself was given, by source."""
        step = self.steps[at]
        reads = {r.source for r in rows}
        own = _own_source(step.action, rows)
        given: dict[str, list[str]] = {}
        loose = [p for p in step.values("P") if p.role is None]
        if self._respectively(step) and len(loose) == len(step.group):
            loose = [loose[-1]]
        if not loose and step.group and step is not step.group[-1] and reads:
            last = step.group[-1].values("P")
            loose = [p for p in last if p.role is None] if all(p.role != own for p in last) else []
            if self._respectively(step.group[-1]) and len(loose) == len(step.group):
                loose = [loose[step.group.index(step)]]
        for place in loose:
            parts = split_root(place.uri, self.list_folder)
            if parts:
                held = ", ".join(f"{part.source} ({Path(part.uri).name}/)" for part in parts)
                note = f"{place.uri} holds {held}"
                self.notes += [note] if note not in self.notes else []
                for part in parts:
                    if part.source in reads or not reads:  # nobody named the other parts
                        given.setdefault(part.source, []).append(part.uri)
            elif reads or len(self.steps) == 1:
                given.setdefault(own, []).append(place.uri)
        for source, uris in _by_role(step, rows).items():
            if source in reads or not reads:
                given.setdefault(source, []).extend(uris)
            elif own in reads and not any(source in {r.source for r in _rows_of(s)} for s in self.steps):
                given.setdefault(own, []).extend(uris)
        return given

    # -- settings and models -------------------------------------------------------------------

    def _settings(self, step: Step, action: Action | None) -> tuple[list[Setting], str | None]:
        """Return what a step sets, files of models included, and the file that it is trained from."""
        chosen = self.values.chosen(step, action)
        if self.captions and step.action == "inference":
            chosen.setdefault(CAPTIONS, self.captions)
        pretrained = SCRATCH if self.from_scratch and step.action == "train" else None
        for place in step.values("P"):
            if place.role in (places.WEIGHTS, places.RESUME, places.BACKBONE, places.LABELS, places.OUTPUT):
                key = file_key(action, place) if action else None
                if key is not None:
                    chosen[key] = place.uri
                elif place.role == places.WEIGHTS:
                    pretrained = place.uri
        return [Setting(key=k, value=v) for k, v in chosen.items()], pretrained

    def _mark_hub_models(self, step: Step) -> None:
        """A model beside data is what a training starts from: "on D from OWNER/NAME", or from its folder."""
        loose = [t for t in step.tokens if t.text == "P" and t.value.role is None]
        for token in loose if len(loose) > 1 or any(p.role for p in step.values("P")) else ():
            before = self.text.original[: token.start].rstrip().lower()
            if self._is_model(token.value.uri) and before.endswith((" from", " with", " using")):
                token.value.role = places.WEIGHTS

    def _is_model(self, uri: str) -> bool:
        """Whether a text names a folder here that holds a saved model, or a model on the hub."""
        inside = self.list_folder(uri)
        if inside is None:
            return _only_on_hub(uri)
        return "config.json" in inside and any(name.endswith((".safetensors", ".bin")) for name in inside)

    def _uses_engine(self, step: Step) -> bool:
        if step.action == "gen_trt_engine":
            return False
        if step.mention.engine or any(t.text == "engine" for t in step.tokens):
            return True
        return any(p.role == places.WEIGHTS and product_in(p.uri) == "engine" for p in step.values("P"))

    def _parent(self, at: int) -> str | None:
        step = self.steps[at]
        own = step.values("J")
        if own and (at == 0 or len(step.group) < 2):
            return str(own[0])
        said = [j for s in self.steps for j in s.values("J")]
        if not said:
            return None
        assert step.skill is not None
        named = [a for a in step.skill.actions if a.name == step.action]
        takes = {p for a in named for p in accepted_products(a)} if named else set()
        for earlier in reversed(self.steps[:at]):
            product = product_of(earlier.action)
            if product != "other":
                return None if product in takes or not takes else str(said[0])
        return str(said[0]) if takes else None


def _only_on_hub(uri: str) -> bool:
    """Whether a text names a model on the hub and nothing on this machine."""
    return is_hub_name(uri) and not Path(uri).exists()


def _settle_outputs(step: Step) -> None:
    """A place of an action that reads no data is where its result goes, or the model that it starts from."""
    if _rows_of(step):
        return
    for before, token in zip(step.tokens, step.tokens[1:], strict=False):
        if token.text == "P" and token.value.role in (None, places.WEIGHTS):
            if before.text in ("to", "into", "in", "under", "as", "at"):
                token.value.role = places.OUTPUT if token.value.role else places.RESULTS
            elif before.text in ("from", "of"):
                token.value.role = places.WEIGHTS


def _action(step: Step, engine: bool) -> Action | None:
    assert step.skill is not None
    named = [a for a in step.skill.actions if a.name == step.action]
    if engine:
        fitting = [a for a in named if "engine" in accepted_products(a)]
        return next((a for a in fitting if a.variant), None) or next(iter(fitting or named), None)
    return next((a for a in named if a.variant is None), next(iter(named), None))


def _rows(skill: Skill, action: Action) -> list[Binding]:
    template, _ = skill.template(action)
    return [r for r in bindings(skill, action, template)[0] if DATASETS.fullmatch(r.source)]


def _rows_of(step: Step) -> list[Binding]:
    action = _action(step, False)
    assert step.skill is not None
    return _rows(step.skill, action) if action else []


def _own_source(action: str, rows: Sequence[Binding]) -> str:
    usual = {"evaluate": "eval_dataset", "inference": "inference_dataset"}.get(action, "train_datasets")
    sources = [r.source for r in rows]
    return usual if usual in sources or not sources else sources[0]


def _by_role(step: Step, rows: Sequence[Binding]) -> dict[str, list[str]]:
    """Return the places of a step with a role, by the source that the role is called here."""
    found: dict[str, list[str]] = {}
    sources = {r.source for r in rows}
    for place in step.values("P"):
        if place.role is None or not DATASETS.fullmatch(place.role):
            continue
        source = place.role
        if source == "calibration_dataset" and source not in sources:
            source = next((r.source for r in rows if "calib" in r.key), source)
        found.setdefault(source, []).append(place.uri)
    return found
