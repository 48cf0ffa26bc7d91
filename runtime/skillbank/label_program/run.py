"""A labelling from its spec to its results: ``proposals.jsonl``, a line for each picture as it is done."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from skillbank.data_program.status import End, StatusLog, carried_out
from skillbank.datasets.progress import Step
from skillbank.label_program.spec import ACTION, LabelBlock, load_spec
from skillbank.labelling.engine import Engine
from skillbank.labelling.remarks import Remarks
from skillbank.labelling.set_answers import answers
from skillbank.sets.arrivals import PROPOSALS, line_of, listed, numbers_in
from skillbank.visible import one_line

__all__ = ["run"]

_BATCH = 32


def run(spec_file: Path) -> int:
    """Label, and return the exit status; what an earlier start of this job has done is not done again.

    Results go to ``results_dir/label``; what ends it is said in its ``status.json`` and on standard error.

    Raises
    ------
    SpecError
        When the spec is wrong, so that no results folder is known.
    """
    spec = load_spec(spec_file)
    folder = Path(spec.results_dir) / ACTION
    begins = f"{ACTION} with {one_line(spec.label.model, 300)}"
    return carried_out(folder, begins, partial(_label, spec.label, folder))


def _label(said: LabelBlock, folder: Path, status: StatusLog) -> End:
    file = folder / PROPOSALS
    pictures = listed(Path(said.pictures))
    done = numbers_in(file)
    found = left_out = boxes = 0
    remarks = Remarks()
    with Engine(said.model, precision=said.precision) as engine, file.open("ab") as out:
        engine.ready()
        rows = (each for each in pictures if each.number not in done)
        asked = answers(engine, rows, said.captions, least=said.least, nms=said.nms, tiles=said.tiles)
        for number, answered in enumerate(asked, 1):
            if answered.why:
                left_out += 1
                print(f"{one_line(answered.row.place, 300)} is {answered.why}", file=sys.stderr)
            else:
                found += 1
                boxes += len(answered.findings)
                remarks.take(answered.row.name, answered.document, answered.row.levels)
            row = answered.row
            out.write(line_of(row.number, answered.findings, answered.why, row.sha256))
            if number % _BATCH == 0:
                out.flush()
            status.step(Step("labelling", len(done) + number, len(pictures)))
    for sentence in (*engine.notes, *remarks.sentences()):
        print(sentence, file=sys.stderr)
    told = f"{found:,} pictures labelled, {boxes:,} boxes; {left_out:,} pictures cannot be looked at"
    return End(told, {"pictures": float(found), "boxes": float(boxes), "left_out": float(left_out)})
