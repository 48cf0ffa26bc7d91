"""From steps to requests: which values, data and models each step gets, and which nobody takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from skillbank.bank.actions import Action
from skillbank.errors import ConflictError
from skillbank.plan.model import Question
from skillbank.plan.planner import accepted_products
from skillbank.plan.products import product_in, product_of, trains
from skillbank.plan.reader.belonging import is_bound, is_of_all
from skillbank.plan.reader.data import DataOfSteps
from skillbank.plan.reader.forms_before import form_before
from skillbank.plan.reader.judging import Said
from skillbank.plan.reader.matching import Text
from skillbank.plan.reader.place import SOURCES
from skillbank.plan.reader.platforms import platforms_of, ruled_out
from skillbank.plan.reader.roots import ListFolder
from skillbank.plan.reader.settings import StepSettings, set_once
from skillbank.plan.reader.settling import file_key, lend_data, settle_places
from skillbank.plan.reader.step import Step
from skillbank.plan.reader.tokens import Claim
from skillbank.plan.reader.variants import action_of, settle_variant
from skillbank.plan.request import DataLocation, Request, Setting, clean_uri
from skillbank.plan.slots import slot
from skillbank.plan.weights import SCRATCH, WEIGHTS
from skillbank.visible import one_line
from skillbank.ways import option

__all__ = ["Maker"]

_REACH = 4
"""Words before and behind a model that may say what it is."""
_IT = ("'it", "'this|'that|'the 'same|'very? group.model|@mark|group.prep")
"""What stands for the model before it: "it", "that model", and not "this dataset"."""
_OF_DATA = ("on_broken", "format")
"""Fields of a request that say something of its data."""
_LEFT = frozenset(
    {"its", "that", "report", "reports", "boxes", "masks", "onnx", "engine", "predictions", "detections"}
)
"""What one step leaves, by whose name a place for results is of it."""
_FILES = ("weights", "resume", "backbone", "labels", "output")


class Maker:
    """Makes the requests of a text whose steps have their skills.

    Attributes
    ----------
    unused
        Claims that no step has taken; they become free, so that the plan asks about them.
    platforms
        Where each step runs, None where nothing says it.
    notes
        What was decided about that, as sentences.
    """

    def __init__(
        self, text: Text, steps: Sequence[Step], policy: Said | None, list_folder: ListFolder
    ) -> None:
        self.text, self.steps, self.policy, self.list_folder = text, steps, policy, list_folder
        for step in steps:
            settle_places(text, step, action_of(step, False), self._is_model)
        lend_data(text, steps)
        self.engines = [self._uses_engine(s) for s in steps]
        settled = [settle_variant(text, s, e) for s, e in zip(steps, self.engines, strict=True)]
        self.actions, self.unclear = [action for action, _ in settled], [question for _, question in settled]
        self.data = DataOfSteps(text, steps, self.actions)
        self.platforms, self.notes = platforms_of(text, steps)
        self.taken: set[int] = set()
        self.values = StepSettings(text, steps, self.actions, policy, self.taken)

    def requests(self) -> list[Request]:
        """Return one request for each step."""
        return [self._request(i) for i in range(len(self.steps))]

    @property
    def unused(self) -> list[Claim]:
        """Claims of values, places, captions and jobs that no step took."""
        held = [
            *(c for s in self.steps for c in s.claims if _has_to_be_taken(c)),
            *self.text.ledger.of("format"),
            *self._idle_engines(),
        ]
        taken = (self.taken | self.data.used) - self._lacking()
        jobs = {str(c.value) for c in held if c.kind == "job" and id(c) in taken}
        claims = {id(c): c for c in held if id(c) not in taken}
        return [c for c in claims.values() if not (c.kind == "job" and str(c.value) in jobs)]

    def _lacking(self) -> set[int]:
        """Return places of a role that are said to be for all models and that one of them does not read."""
        by_action: dict[str, list[int]] = {}
        for i, step in enumerate(self.steps):
            by_action.setdefault(step.action, []).append(i)
        found = set[int]()
        for same in (each for each in by_action.values() if len(each) > 1):
            for claim in (c for i in same for c in self.steps[i].of("place") if c.value.role):
                if not is_of_all(self.text, claim):
                    continue
                reads = [any(d.uri == clean_uri(claim.value.uri) for d in self.data.of(i)) for i in same]
                found |= {id(claim)} if any(reads) and not all(reads) else set()
        return found

    def _idle_engines(self) -> Iterator[Claim]:
        """Yield the engines that are spoken of where no step makes or takes one: "train it as an engine"."""
        if any(step.action == "gen_trt_engine" for step in self.steps):
            return
        for step, action in zip(self.steps, self.actions, strict=True):
            if action is None or "engine" not in accepted_products(action):
                yield from (c for c in step.of("engine") if not self._is_refused(c))

    def _is_refused(self, claim: Claim) -> bool:
        """Whether a claim is part of what is refused: "we need no TensorRT engine"."""
        return "refused" in (self.text.owner(claim.first - 1), self.text.owner(claim.last + 1))

    def _request(self, at: int) -> Request:
        step, action = self.steps[at], self.actions[at]
        assert step.skill is not None
        settings, gpus, nodes = self.values.of(at)
        pretrained = self._take_files(at, settings)
        data = self.data.of(at)
        fields = self._fields(at, data)
        parent = self._parent(at)
        if parent is not None:
            params = action.spec_params if action is not None else {}
            for claim in step.of("job"):
                self._take_key_words(claim, [k for k, f in params.items() if f == "parent_model"])
        made = {
            "skill": step.skill.qualified,
            "action": step.action,
            "variant": action.variant if action and self._is_chosen(at, action) else None,
            "data": tuple(data),
            "settings": tuple(Setting(key=k, value=v) for k, v in settings.items()),
            "parent": parent,
            "pretrained": pretrained,
            "gpus": gpus,
            "nodes": nodes,
            "questions": tuple(self._questions(at, pretrained)),
        }
        return Request.model_validate({**made, **self._common(), **fields, "platform": self.platforms[at]})

    def _common(self) -> dict[str, Any]:
        """Return what holds for every step of the text."""
        of = self.text.ledger.of
        results = [c for s in self.steps for c in s.of("place") if c.value.role == "results"][:1]
        self.taken |= {id(c) for c in results}
        return {
            "unwanted": tuple(dict.fromkeys(c.value for c in of("refused") if c.value in SOURCES)),
            "automl": self.policy.value if self.policy else None,
            "automl_source": f"the words '{self.policy.words}'" if self.policy else "default",
            "image": images[0].value if (images := of("image")) else None,
            "results_root": results[0].value.uri if results else None,
        }

    def _take_files(self, at: int, settings: dict[str, Any]) -> str | None:
        """Set the keys that take files of weights; return what a training starts from."""
        step, action = self.steps[at], self.actions[at]
        pretrained = SCRATCH if self._is_from_scratch(step) else None
        for claim in (c for c in step.of("place") if c.value.role in _FILES):
            key = file_key(action, claim.value) if action else None
            if key is not None:
                set_once(settings, key, claim.value.uri)
                self._take_key_words(claim, [key])
            elif claim.value.role == "weights" and trains(step.action):
                if pretrained not in (None, claim.value.uri):
                    raise ConflictError(
                        f"The request starts from {pretrained} and from {claim.value.uri}; keep one of them."
                    )
                pretrained = claim.value.uri
            else:
                continue
            self.taken.add(id(claim))
        return pretrained

    def _is_from_scratch(self, step: Step) -> bool:
        """Whether a training starts from nothing: what is said behind a mark is of all in its sentence.

        "Train A on X, B on Y, from scratch".
        """
        if not trains(step.action):
            return False
        sentence = self.text.sentence(step.at)
        others = (s for s in self.steps if s.action == step.action and s.at > step.at)
        said = ((s, claim) for s in others for claim in s.of("scratch") if claim.first in sentence)
        apart = (self.text.has_kind(range(s.at, claim.first), "mark") for s, claim in said)
        return bool(step.of("scratch")) or any(apart)

    def _fields(self, at: int, data: Sequence[DataLocation]) -> dict[str, Any]:
        """Return the fields of a request that were named; a step without data has none of its data."""
        claims = [c for s in self.steps for c in s.of("field")]
        of_data = {"on_broken": bool(self.data.rows[at]), "format": bool(data)}
        fields = {name: value for name, value in (c.value for c in claims) if of_data.get(name, True)}
        self.taken |= {id(c) for c in claims if c.value[0] in fields}
        held = {each.uri for each in data}
        self.taken |= {id(c) for c in self.text.ledger.of("format") if held.intersection(c.value[0])}
        if at:
            fields.pop("parent", None)
        return fields

    def _questions(self, at: int, pretrained: str | None) -> Iterator[Question]:
        """Yield what has to be asked of a step."""
        if (unclear := self.unclear[at]) is not None:
            yield unclear
        yield from self.data.questions.get(at, ())
        for claim, other in self.values.unsure(at):
            said, name = self.text.ledger.said(claim.tokens), claim.value.slot
            either = f"'{said}' may be of {other.action} alone or of all steps; say '{said} for both'"
            yield Question(key=name, why=f"{either}, or give {slot(name).way('N')}")
        yield from self._unsure_results(at)
        if (elsewhere := ruled_out(self.text, self.steps, self.platforms)) is not None:
            yield elsewhere
        if trains(self.steps[at].action) and pretrained is None:
            yield from self._unnamed_weights()
            yield from self._weights_of_it(at)
            yield from self._weights_of_job(at)
            yield from self._weights_apart(at)

    def _unsure_results(self, at: int) -> Iterator[Question]:
        """Ask whether what a later step leaves alone goes to a place: "train it, then export it into X"."""
        for other in self.steps[at + 1 :]:
            for claim in other.of("place") if other.at != self.steps[at].at else ():
                if claim.value.role == "results" and self._is_of_step(other, claim):
                    where = f"{one_line(claim.value.uri)} may be for the results of {other.action} alone"
                    why = f"{where} or of all steps; say 'all results in' that place"
                    yield Question(
                        key="results_root", why=f"{why}, or give {slot('results_root').way('DIR')}"
                    )
                    return

    def _is_of_step(self, step: Step, claim: Claim) -> bool:
        """Whether a place of results is said with what one step leaves, or leads from its verb."""
        words = set(self.text.words(claim.tokens))
        led = words == {"place"} and self.text.word(claim.first - 1) in ("into", "in")
        return (led and claim.first > step.at) or not words.isdisjoint(_LEFT)

    def _weights_of_it(self, at: int) -> Iterator[Question]:
        """Ask whether a training goes on from an earlier step's file: "evaluate FILE, then train it"."""
        before = self.steps[:at]
        of_it = self._is_done_with_it(self.steps[at]) or self._starts_from_it(self.steps[at])
        if not of_it or any(trains(s.action) for s in before):
            return
        files = [c.value.uri for s in before for c in s.of("place") if c.value.role == "weights"]
        if files:
            why = f"'it' may be {one_line(files[-1])}, from which nothing says that the training starts"
            yield Question(key=WEIGHTS, why=f"{why}; give {option('pretrained', 'MODEL')}")

    def _weights_of_job(self, at: int) -> Iterator[Question]:
        """Ask whether a training of no named model starts from a job: "evaluate JOB, then train on A"."""
        step, before = self.steps[at], self.steps[:at]
        named = step.of("name") or step.of("job") or step.of("scratch") or self._is_done_with_it(step)
        jobs = [str(c.value) for s in before for c in s.of("job")]
        open_ = not named or (self._starts_from_it(step) and not (step.of("job") or step.of("scratch")))
        if jobs and open_ and not any(trains(s.action) for s in before):
            why = f"nothing says whether the training starts from job {one_line(jobs[-1])}"
            yield Question(
                key=WEIGHTS, why=f"{why}; give {option('parent', 'JOB')}, or {option('pretrained', 'MODEL')}"
            )

    def _weights_apart(self, at: int) -> Iterator[Question]:
        """Ask whether a training starts from a file apart from a later step: "evaluate it on B, from F"."""
        for other in (s for s in self.steps[at + 1 :] if s.skill is self.steps[at].skill):
            for claim in (c for c in other.of("place") if c.value.role == "weights"):
                led = "from" in self.text.words(range(max(0, claim.first - 1), claim.last))
                if led and not is_bound(self.text, other, claim):
                    uri = one_line(claim.value.uri)
                    why = f"{uri} may be for {other.action}, or what the training starts from"
                    yield Question(key=WEIGHTS, why=f"{why}; give {option('pretrained', 'MODEL')}")
                    return

    def _is_done_with_it(self, step: Step) -> bool:
        """Whether a step is said of what stands before it: "train it", "fine-tune that model"."""
        word = self.text.ledger.owner.get(step.at)
        unread = self.text.unread()
        return word is not None and any(unread.match(source, word.last + 1) for source in _IT)

    def _starts_from_it(self, step: Step) -> bool:
        """Whether a step is said to start from what stands before it: "then train MODEL from it"."""
        unread, sentence = self.text.unread(), self.text.sentence(step.at)
        return any(unread.match("'from|'off 'it|'that|'there", i) for i in sentence if i > step.at)

    def _unnamed_weights(self) -> Iterator[Question]:
        """Ask which weights are meant where a model to train is called pretrained and nothing names them."""
        for i, token in enumerate(self.text.tokens):
            told = self.text.owner(i) in ("", "talk")
            beside = self.text.tokens[i + 1 : i + 2]
            if token.text in ("pretrained", "pre-trained") and told and beside and beside[0].kind == "name":
                why = f"'{self.text.ledger.said([i, i + 1])}' does not say which weights are meant"
                yield Question(
                    key=WEIGHTS,
                    why=f"{why}; give {option('pretrained', 'MODEL')}, or {option('parent', 'JOB')}",
                )
                return

    def _is_chosen(self, at: int, action: Action) -> bool:
        """Whether the words choose the variant; elsewhere it follows from the parent."""
        skill = self.steps[at].skill
        several = skill is not None and sum(a.name == action.name for a in skill.actions) > 1
        return bool(action.variant) and (self.engines[at] or (several and self.unclear[at] is None))

    def _is_model(self, uri: str) -> bool | None:
        """Whether a text names a folder here that holds a saved model; None where no folder is named."""
        inside = self.list_folder(uri)
        if inside is None:
            return None
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
        """Return the job that a step starts from; None where there is none, or it is an earlier step."""
        step, own = self.steps[at], self.steps[at].of("job")
        alone = all(s.of("job") for s in self.steps if s.group == step.group)
        said = own if own and (at == 0 or alone) else [c for s in self.steps for c in s.of("job")]
        if not said:
            return None
        if not self._has_another_model(step) and not (trains(step.action) and self._is_told(said[0])):
            self.taken.add(id(said[0]))
        job = str(said[0].value)
        if own and said is own:
            return job
        of_step = form_before(self.text, self.steps, at)  # "export JOB, then run the exported model"
        return self._inherited(at, job) if of_step is None else None

    @staticmethod
    def _has_another_model(step: Step) -> bool:
        """Whether a step with a job has a file of weights too: they are two models for one step."""
        return bool(step.of("job")) and any(c.value.role == "weights" for c in step.of("place"))

    def _inherited(self, at: int, job: str) -> str | None:
        """Return a job of the text for a step that takes what it left, and takes no earlier step's."""
        step = self.steps[at]
        assert step.skill is not None
        takes = {p for a in step.skill.actions if a.name == step.action for p in accepted_products(a)}
        left = (product_of(earlier.action) for earlier in reversed(self.steps[:at]))
        product = next((each for each in left if each != "other"), None)
        if product is None:  # "evaluate JOB, then train it further"
            return job if takes or (trains(step.action) and self._is_done_with_it(step)) else None
        return None if product in takes or not takes else job

    def _is_told(self, claim: Claim) -> bool:
        """Whether a job is only told of: "I trained job X last week"."""
        return "report" in (self.text.owner(claim.first - 1), self.text.owner(claim.last + 1))


def _has_to_be_taken(claim: Claim) -> bool:
    """Whether a claim of a step says something that some step has to take."""
    if claim.kind in ("field", "find"):
        return claim.value[0] in _OF_DATA if claim.kind == "field" else bool(claim.value)
    return claim.kind in ("value", "place", "captions", "engine_value", "job")
