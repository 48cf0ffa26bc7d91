"""How many requests of people who write freely are understood: ``python -m benchmarks.requests.voices``.

The files of ``tests/requests/voices`` hold ordinary requests, without their plans: what is not understood is
seen without them. Jobs that a request names are there; a checkpoint that it lacks is no fault of the reader.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.requests.answers import Answer, add_job, alone, answer, open_with_jobs
from skillbank import Runtime

__all__ = ["measure"]

_FOLDER = Path(__file__).resolve().parents[2] / "tests" / "requests"
_JOB = re.compile(r"(?<![\w/-])(?=[a-f0-9]*[a-f])(?=[a-f0-9]*\d)[0-9a-f]{6}(?!\w)")
_MODELS = {
    "rt-?detr": "tao-train-rtdetr", "segformer": "tao-train-segformer",
    "classif": "tao-train-image-classification",
}  # fmt: skip
_FINDER = "tao-train-grounding-dino"


def measure(name: str) -> Counter[str]:
    """Read the requests of a file; return how many are understood, asked about, and refused.

    Parameters
    ----------
    name
        Of a file of ``tests/requests/voices``, without its ending.
    """
    said = (_FOLDER / "voices" / f"{name}.txt").read_text("utf-8").split("\n---\n")
    with alone(), open_with_jobs(_FOLDER / "strangers" / "twenty_second") as runtime:
        return Counter(_came_of(answer(runtime, text)) for text in _with_jobs(runtime, said))


def _with_jobs(runtime: Runtime, said: list[str]) -> Iterator[str]:
    """Yield requests after the jobs that they name have been put into the store."""
    held = {job.id[-6:] for job in runtime.jobs.store.list()}
    for text in (each.strip() for each in said if each.strip()):
        for named in set(_JOB.findall(text)) - held:
            skill = _model(text, text.index(named))
            add_job(
                runtime, f"{skill.removeprefix('tao-train-')}-train-20260801-080000-{named}", skill, "train"
            )
            held.add(named)
        yield text


def _model(text: str, at: int) -> str:
    """Return the skill of the model that is named nearest to a place in a text."""
    found = [
        (abs(m.start() - at), s) for p, s in _MODELS.items() for m in re.finditer(p, text, re.IGNORECASE)
    ]
    return min(found)[1] if found else _FINDER


def _came_of(read: Answer) -> str:
    if read.refused:
        return f"refused: {read.refused}"
    asked = any(q.of_reading or q.key == "words" for plan in read.plans for q in plan.asked)
    return "asked about words" if asked else "understood"


def main() -> None:
    """Print what came of the requests of each file."""
    for name in sys.argv[1:] or sorted(
        p.stem for p in (_FOLDER / "voices").glob("*.txt") if "_" not in p.stem
    ):
        counted = measure(name)
        total = sum(counted.values())
        shares = ", ".join(f"{kind} {count / total:.1%}" for kind, count in counted.most_common())
        print(f"{name}: {total} requests: {shares}")


if __name__ == "__main__":
    main()
