"""The steps of the loop, each through the doors that people use, and what is measured of them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.loop.person import Objects, Person
from benchmarks.loop.pictures import CLASSES, Drawn, write_pictures
from skillbank.labelling.loop.asking import look
from skillbank.labelling.models import find_model
from skillbank.labelling.set_pictures import gathered, scanned
from skillbank.runtime import Runtime
from skillbank.sets.accuracy import Accuracy, Truth, accuracy
from skillbank.sets.label_set import LabelSet
from skillbank.sets.model import Add, ClassSpec, Filter, PictureRow, Review

if TYPE_CHECKING:
    from benchmarks.loop.at_page import PagePerson

NAME, WHOLE, FRESH = "signs", "signs-whole", "signs-fresh"
"""The set that people review, the same pictures with the truth, and pictures that nothing was trained on."""
SPECS = tuple(ClassSpec(name, (caption,)) for name, caption in CLASSES.items())


START = ("train.num_epochs=6",)
"""For the model to start from: so that it is weak on these classes, below .6 mAP50."""
RATE = ("dataset.batch_size=2", "train.optim.lr=0.0005", "train.optim.lr_backbone=0.0005")
"""What suits few pictures: small batches make many steps of them, and small steps keep what is known."""
FEW = (*RATE, "train.num_epochs=30")
"""For what was reviewed; the truth of all pictures is several times as much and has the usual epochs."""


@dataclass
class Loop:
    """A loop in a folder; ``seconds`` has the time of each step."""

    folder: Path
    pictures: int = 200
    review: int = 60
    seed: int = 0
    settings: Sequence[str] = ()
    browser: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self, base: str | None, *, truth: bool = True, start: Sequence[str] = START) -> dict[str, Any]:
        """Go once around the loop.

        Parameters
        ----------
        base
            A model to start from; by default one is trained.
        truth
            Whether a model is trained on the truth of all pictures as well.
        start
            Settings of the training of a model to start from.
        """
        drawn = write_pictures(self.folder / "photos", self.pictures, seed=self.seed)
        fresh = write_pictures(self.folder / "fresh", self.pictures, seed=self.seed + 1000)
        if base is None:
            with self._step("a model to start from"):
                command("skillbank_engine", "grounding_dino", "shapes", str(self.folder / "shapes"))
                words = f"train Grounding DINO on {self.folder / 'shapes'}, no HPO"
                skillbank("run", words, *_options(start), "--yes")
            base = self._job("train")
        whole = time.monotonic()
        ontology = [f"{name} = {caption}" for name, caption in CLASSES.items()]
        with self._step("label"):
            photos = str(self.folder / "photos")
            skillbank("label", photos, *ontology, "--into", NAME, "--checkpoint", base)
        truth_of = {each.path.name: each.objects for each in drawn}
        with self._step("review"):
            first = self._reviewed(truth_of, self.review)
        with self._step("fine-tune"):
            self._tune(NAME, base, self.settings or FEW)
        tuned = self._job("train")
        with self._step("label again"):
            skillbank("label", "--into", NAME, "--checkpoint", tuned, "--only", "unreviewed")
        self.seconds["the loop"] = time.monotonic() - whole
        with Runtime() as runtime:
            rest = {row.name for row in _rows(runtime.sets.open(NAME), "todo")}
        with self._step("review the rest"):
            second = self._reviewed(truth_of, self.pictures)
        models = {"before": base, "after": tuned}
        self._set_of(WHOLE, drawn)
        self._set_of(FRESH, fresh)
        if truth:
            with self._step("fine-tune on all the truth"):
                self._tune(WHOLE, base, self.settings or RATE)
            models["all the truth"] = self._job("train")
        return {
            "load": round(os.getloadavg()[0], 1),
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "actions, first round": first.document(),
            "actions, second round": second.document(),
            "rest": self._measured(models, WHOLE, drawn, rest),
            "fresh": self._measured(models, FRESH, fresh, {each.path.name for each in fresh}),
        }

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started
        print(
            f"{name}: {self.seconds[name]:.0f} s, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True
        )

    def _job(self, action: str) -> str:
        with Runtime() as runtime:
            return runtime.jobs.store.get(f"last:{action}").id

    def _tune(self, name: str, base: str, settings: Sequence[str]) -> None:
        words = f"fine-tune Grounding DINO on set {name} from {base}, no HPO"
        skillbank("run", words, *_options(settings), "--yes")

    def _reviewed(self, truth: Mapping[str, Objects], most: int) -> Person | PagePerson:
        """Review what the queue asks for, one picture after the other."""
        if self.browser:
            from benchmarks.loop.at_page import review_at_page

            return review_at_page(Path(os.environ["SKILLBANK_HOME"]), NAME, truth, most)
        with Runtime() as runtime:
            labels = runtime.sets.open(NAME)
            person = Person(labels, truth)
            if not labels.summary().learns:
                person.learn()
            while person.pictures < most and (asked := labels.next(person.name)):
                person.review(asked[0])
        return person

    def _set_of(self, name: str, drawn: Sequence[Drawn]) -> None:
        """Make a set of pictures that somebody has marked."""
        with Runtime() as runtime:
            labels = runtime.sets.create(name, SPECS, who="truth")
            for chunk in scanned(gathered([each.path for each in drawn], None), {}):
                labels.add_pictures(chunk.found, "truth")
            numbers = {each.name: each.number for each in labels.classes()}
            truth = {each.path.name: each.objects for each in drawn}
            for row in _rows(labels):
                boxes = [Add(numbers[kind], box) for kind, box in truth[row.name]]
                labels.edit(row.number, [*boxes, Review()], who="truth", version=row.version)

    def _measured(
        self, models: dict[str, str], name: str, drawn: Sequence[Drawn], wanted: set[str]
    ) -> dict[str, dict[str, list[float]]]:
        """Return how well each model finds what is on some pictures of a set."""
        truth = {each.path.name: each.objects for each in drawn}
        with Runtime() as runtime:
            labels = runtime.sets.open(name)
            classes = labels.classes()
            numbers = {each.name: each.number for each in classes}
            rows = [row for row in _rows(labels) if row.name in wanted]
            there = [[Truth(numbers[kind], box) for kind, box in truth[row.name]] for row in rows]
            seen = {called: look(find_model(runtime, job), rows, classes) for called, job in models.items()}
        return {
            called: _shown(accuracy(there, [each.found[row.number] for row in rows]))
            for called, each in seen.items()
        }


def _options(settings: Sequence[str]) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


def skillbank(*words: str) -> str:
    """Run a command as people do and return what it prints; a failure ends the benchmark."""
    return command("skillbank", *words)


def command(module: str, *words: str) -> str:
    """Run a program of this environment and return what it prints."""
    done = subprocess.run([sys.executable, "-m", module, *words], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(words)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def _rows(labels: LabelSet, kind: str = "all") -> Iterator[PictureRow]:
    after: int | None = None
    while page := labels.pictures(where=Filter(kind), order="number", after=after, limit=500):
        yield from page
        after = page[-1].number


def _shown(seen: Accuracy) -> dict[str, list[float]]:
    means = {"mAP50": seen.map50, "mAP": seen.map}
    return {n: [round(x, 3) for x in (e.value, e.low, e.high)] for n, e in means.items() if e is not None}
