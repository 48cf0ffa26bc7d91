"""How fast plain language is read: one short request, and requests as long as they may be.

Run it as ``python -m benchmarks.reading``; ``--json`` gives one document. Every goal is printed beside its
measure, and the exit status is 1 when one is missed. Times are medians of processor time; the first reading,
which loads the words and the skills, is not counted. How *well* requests are read is
``python -m benchmarks.requests``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Iterator

from skillbank.errors import SkillbankError
from skillbank.plan.reader.reading import read_text
from skillbank.runtime import Runtime

LONG = 18_000
"""Characters of a long request."""
_LONG = ("prose_ms", "unknown_words_ms", "values_ms", "list_ms", "places_ms")
GOALS = {"short_ms": 5.0, **dict.fromkeys(_LONG, 300.0)}
SHORT = "train Grounding DINO on s3://b/t and validate on s3://b/v, 10 epochs, batch size 4, lr 1e-4, no hpo"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    as_json = parser.parse_args().json
    runtime = Runtime([])
    _cpu_ms(runtime, SHORT)
    measures = {"short_ms": _median(runtime, SHORT, 25)}
    for name, text in long_requests():
        measures[name] = _median(runtime, text, 3)
    missed = [name for name, goal in GOALS.items() if measures[name] > goal]
    if as_json:
        print(json.dumps({"measures": measures, "goals": GOALS, "missed": missed}, indent=2))
    else:
        for name, value in measures.items():
            mark = "  MISSED" if name in missed else ""
            print(f"{name:20} {value:>9.1f}   goal <= {GOALS[name]:g}{mark}")
    return 1 if missed else 0


def long_requests() -> Iterator[tuple[str, str]]:
    """Yield names of measures and requests of `LONG` characters, each long in another way."""
    prose = "The team has collected pictures of pallets for a year, and the customer hopes that it works. "
    endless = {
        "prose_ms": f"{SHORT}. {prose * LONG}",
        "unknown_words_ms": f"{SHORT}. {'asdfg qwert zxcvb hjklo ' * LONG}",
        "values_ms": f"{SHORT}, {', '.join(f'weight decay 0.0{i}' for i in range(LONG))}",
        "list_ms": f"{SHORT}; find {', '.join(f'red car number {i}' for i in range(LONG))}",
        "places_ms": f"{SHORT}; {' and '.join(f's3://bucket/part{i}/train' for i in range(LONG))}",
    }
    for name, text in endless.items():
        yield name, text[:LONG]


def _median(runtime: Runtime, text: str, times: int) -> float:
    return statistics.median(_cpu_ms(runtime, text) for _ in range(times))


def _cpu_ms(runtime: Runtime, text: str) -> float:
    """Return the processor time of one reading in ms; a refusal takes its time too."""
    start = time.process_time()
    with contextlib.suppress(SkillbankError):
        read_text(text, runtime.library, runtime.index)
    return (time.process_time() - start) * 1000


if __name__ == "__main__":
    sys.exit(main())
