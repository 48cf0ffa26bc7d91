"""What models find in pictures of a set, whatever people have decided; each is asked about once.

The set itself cannot tell: what a model proposed gives way to decisions and to later models. So it is asked
again, as ``label`` asks, and its answers are kept in the cache by the model's and the picture's content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skillbank.home import cache_dir
from skillbank.labelling.batch import load
from skillbank.labelling.engine import Engine
from skillbank.labelling.findings import Finding
from skillbank.labelling.models import Model, model_digest
from skillbank.labelling.set_answers import answers
from skillbank.sets.model import LabelClass, PictureRow, Proposal, look_of
from skillbank.sets.naming import Bid, named
from skillbank.sets.objects import LEAST, Wanted, objects
from skillbank.whole_files import write_whole

if TYPE_CHECKING:
    from skillbank.labelling.engine_documents import About

__all__ = ["Looked", "look"]

FOLDER = "findings"
_ABOUT = "about.json"
_ANSWERS = "answers.jsonl"
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Looked:
    """What a model finds in pictures.

    Attributes
    ----------
    threshold
        The model's own least score of what is shown.
    found
        By the picture's number, also what scores little.
    left_out
        Pictures that could not be asked about: half a sentence that goes on after "is".
    """

    name: str
    sha256: str
    threshold: float
    found: Mapping[int, Sequence[Proposal]]
    left_out: Mapping[int, str]


def look(
    model: Model,
    rows: Sequence[PictureRow],
    classes: Sequence[LabelClass],
    *,
    told: Told = lambda done, total: None,
) -> Looked:
    """Ask a model about pictures, those that it was not asked about before.

    Parameters
    ----------
    classes
        Whose captions are asked for, all at once.
    told
        Called with how many pictures are done and how many there are.

    Raises
    ------
    DataError, PlatformError
        When the engine cannot use the model or ends, or is not installed.
    """
    wanted = Wanted.of({each.number: (each.captions, each.not_captions) for each in classes})
    kept = _Kept(model_digest(model.source), wanted.captions)
    missing = [row for row in rows if row.look not in kept.answers]
    left_out: dict[int, str] = {}
    if missing or not kept.about:
        with Engine(model.source) as engine:
            load(engine, model.source)
            if not kept.digest:  # of the hub: it is known when it was loaded
                kept = _Kept(model_digest(model.source) or model.name, wanted.captions)
                missing = [row for row in rows if row.look not in kept.answers]
            kept.settle(engine.about)
            done = len(rows) - len(missing)
            told(done, len(rows))
            asked = answers(engine, missing, wanted.captions, least=LEAST, nms=kept.about["nms"])
            for number, answered in enumerate(asked, done + 1):
                if answered.why:
                    left_out[answered.row.number] = answered.why
                else:
                    kept.add(look_of(answered.row.sha256, answered.row.levels), answered.findings)
                told(number, len(rows))
    found = {
        row.number: _surest(objects(kept.answers[row.look], wanted, nms=kept.about["nms"]), kept.about)
        for row in rows
        if row.number not in left_out
    }
    return Looked(model.name, kept.digest, kept.about["threshold"], found, left_out)


def _surest(found: Sequence[Proposal], about: About) -> list[Proposal]:
    """Return of several names for one object the surest: what a set would show."""
    bids = [Bid(each.class_number, each.box, each.score, 0) for each in found]
    shown = named(bids, (), lambda _: float(about["across"])).shown
    return [each for place, each in enumerate(found) if place in shown]


class _Kept:
    """Answers of a model to one question, in a folder of the cache.

    Attributes
    ----------
    about
        What the engine said of its own bounds; empty when it was never asked.
    answers
        Findings by the picture's content, and its levels where it has some.
    """

    def __init__(self, digest: str, captions: Sequence[str]) -> None:
        self.digest = digest
        question = json.dumps([digest, captions, LEAST])
        self._folder = cache_dir() / f"{FOLDER}-{hashlib.sha256(question.encode()).hexdigest()[:32]}"
        self.about: About = {}
        self.answers: dict[str, tuple[Finding, ...]] = {}
        if digest:
            self._read()

    def _read(self) -> None:
        try:
            self.about = json.loads((self._folder / _ABOUT).read_bytes())
            lines = (self._folder / _ANSWERS).read_bytes().split(b"\n")
        except (OSError, ValueError):
            return
        for line in lines[:-1]:  # what stands behind the last line end was cut off
            try:
                look, found = json.loads(line)
                self.answers[str(look)] = tuple(_finding(each) for each in found)
            except (ValueError, TypeError):
                continue

    def settle(self, about: About) -> None:
        """Keep what the engine says of its bounds."""
        self.about = {"threshold": about["threshold"], "nms": about["nms"], "across": about["across"]}
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._folder / _ABOUT, json.dumps(self.about).encode())
        file = self._folder / _ANSWERS
        if file.is_file() and not file.read_bytes().endswith(b"\n"):
            with file.open("ab") as out:
                out.write(b"\n")

    def add(self, look: str, findings: Sequence[Finding]) -> None:
        """Keep an answer, whole or not at all."""
        self.answers[look] = tuple(findings)
        line = json.dumps([look, [[each.phrase, each.score, *each.box] for each in findings]])
        with (self._folder / _ANSWERS).open("ab", buffering=0) as file:
            file.write(line.encode() + b"\n")


def _finding(parts: Sequence[str | float]) -> Finding:
    phrase, score, left, top, right, bottom = parts
    return Finding(str(phrase), float(score), (float(left), float(top), float(right), float(bottom)))
