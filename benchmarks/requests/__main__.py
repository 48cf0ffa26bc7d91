"""How well plain language is read, measured on requests with their exact readings.

python -m benchmarks.requests DIR... [--failing] [--category NAME] [--id ID] [--bank DIR] [--json]

A request is read as ``skillbank plan TEXT`` does it, in an empty folder, without anybody's settings, and
whole plans are compared. The exit status is 1 when a request is neither exact nor rightly asked about. Times
of reading are of the processor, after one request that is not counted. ``tests/requests/README.md`` has the
format of the cases and what the verdicts mean.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import groupby
from pathlib import Path

from benchmarks.requests.answers import alone, answer, job_id, open_with_jobs
from benchmarks.requests.cases import Case, CaseSet, load
from benchmarks.requests.judging import Verdict, judge
from benchmarks.requests.score import Score, verdict_document
from benchmarks.requests.table import explained, listing, table
from skillbank.errors import SkillbankError
from skillbank.runtime import Runtime
from skillbank.visible import json_text, one_line

JOBS = Path(__file__).resolve().parents[2] / "tests" / "requests"
"""Jobs and skills for sets that bring none of their own."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.requests", description="How well plain language is read."
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="folder of request files")
    parser.add_argument("--failing", action="store_true", help="list what is not as it should be")
    parser.add_argument("--category", action="append", metavar="NAME", help="only this category; repeatable")
    parser.add_argument(
        "--id", action="append", metavar="ID", help="only this request, shown whole; repeatable"
    )
    parser.add_argument(
        "--bank", action="append", default=[], metavar="DIR", help="a further bank; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    given = parser.parse_args(arguments)
    try:
        sets = load(given.folders, JOBS)
        chosen = [_chosen(each, given.category, given.id) for each in sets]
        chosen = [each for each in chosen if each.cases]
        if not chosen:
            parser.error("no request has this category or id")
        scores = measure(chosen, [str(Path(bank).resolve()) for bank in given.bank])
    except SkillbankError as error:
        print(one_line(error, 2000), file=sys.stderr)
        return error.exit_code
    whole = bool(given.id)
    shown = [v for s in scores.values() for v in s.verdicts if whole or (given.failing and _worth_showing(v))]
    if len(scores) > 1:
        scores["all"] = Score.of(v for s in scores.values() for v in s.verdicts)
    if given.json:
        document = {name: score.document() for name, score in scores.items()}
        print(json_text({"sets": document, "listed": [verdict_document(v) for v in shown]}, indent=2))
    else:
        lines = [line for verdict in shown for line in explained(verdict, whole=whole)]
        sums = [] if whole else [*table(scores), *listing({k: s for k, s in scores.items() if k != "all"})]
        print("\n".join([*lines, "", *sums] if lines else sums))
    return 1 if any(score.failing for score in scores.values()) else 0


def measure(sets: Sequence[CaseSet], banks: Sequence[str] = ()) -> dict[str, Score]:
    """Read all cases and return the score of each set."""
    scores: dict[str, Score] = {}
    for root, same in groupby(sets, key=lambda each: each.root):
        with alone(), open_with_jobs(root, banks) as runtime:
            answer(runtime, "train Grounding DINO on s3://bucket/data")  # loads the skills
            for each in same:
                scores[each.name] = Score.of(verdicts(runtime, each.cases))
    return scores


def verdicts(runtime: Runtime, cases: Iterable[Case]) -> Iterator[Verdict]:
    """Read and judge cases one by one."""
    resolve = cache(partial(job_id, runtime))
    for case in cases:
        yield judge(case, answer(runtime, case.text), resolve)


def _chosen(each: CaseSet, categories: Sequence[str] | None, ids: Sequence[str] | None) -> CaseSet:
    cases = tuple(
        case
        for case in each.cases
        if (not categories or case.category in categories) and (not ids or case.id in ids)
    )
    return CaseSet(each.name, each.root, cases)


def _worth_showing(verdict: Verdict) -> bool:
    return not verdict.right or bool(verdict.unnamed)


if __name__ == "__main__":
    sys.exit(main())
