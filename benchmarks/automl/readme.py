"""Puts the results that are there into README.md: ``python -m benchmarks.automl.readme``.

Everything between ``<!-- NAME -->`` and ``<!-- end -->`` is written anew from the files in ``results``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.automl import search, validity

HERE = Path(__file__).parent
RESULTS = HERE / "results"
TRIALS = 50


def best(name: str) -> str:
    """Return the table of what was reached on a set of objectives, and the verdict on the default."""
    done, objectives = search.read(RESULTS / f"{name}.jsonl"), search.SETS[name]
    lines, _ = search.verdict(done, TRIALS, objectives)
    return "\n".join([search.table(done, TRIALS, objectives), "", *(f"- {line}" for line in lines)])


def times() -> str:
    """Return the table of seconds of one suggestion."""
    found = json.loads((RESULTS / "times.json").read_text(encoding="utf-8"))
    head = "| | " + " | ".join(f"trial {n}" for n in search.AT) + " |"
    rows = [
        f"| {name} | " + " | ".join(f"{row[str(n)]:.3f}" for n in search.AT) + " |"
        for name, row in found.items()
    ]
    return "\n".join([head, "|---|" + "---|" * len(search.AT), *rows])


def valid() -> str:
    """Return the table of invalid suggestions."""
    return validity.table(validity.read(RESULTS / "validity.jsonl"))


SECTIONS: dict[str, Callable[[], str]] = {
    **{name: partial(best, name) for name in search.SETS},
    "times": times,
    "validity": valid,
}


def main() -> None:
    path = HERE / "README.md"
    text = path.read_text(encoding="utf-8")
    for name, section in SECTIONS.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        body = section()
        text, count = pattern.subn(lambda found, body=body: f"{found[1]}{body}\n{found[2]}", text)  # type: ignore[misc]
        if count != 1:
            raise SystemExit(f"{path} has {count} places for {name}")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
