"""How many small faults the tests find.

python -m benchmarks.mutants look --seen FOLDER            which tests see which lines, once
python -m benchmarks.mutants run --seen FOLDER --out FILE  make faults and run the tests that see them

One process imports the package and collects the tests. For each fault a fork of it exchanges the code of the
function that holds it and runs, in process, tests that ran one of its lines, until one fails. mutmut (3.8)
changes a copy of the sources, which tests here read, and chooses no sample by a seed; cosmic-ray (8.7)
changes the files themselves and starts the tests anew for each fault, of which their collection alone takes
fifteen seconds of the processor.

Run are the quick tests of `TESTS`, the slow ones of `SLOW`, which only compute, and each request of the open
sets, the paraphrases and the corpus as a test of its own (`sentences`): `make test` reads these by the set.
What starts processes and servers is not.

A fault that no test fails of survives; one that no such test sees does too. One that takes more than five
times as long as it should is killed. Controls, the same choices of tests without a fault, show that what
fails does so of a fault.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import sys
import types
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.mutants.forks import Job, done, run_items
from benchmarks.mutants.seeding import Mutant, chosen, closed_over
from benchmarks.mutants.sight import Seen, caches, kept, looked

ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = ROOT / "runtime" / "skillbank"
GROUPS: Mapping[str, tuple[int, tuple[str, ...]]] = {
    "plan": (110, ("plan/*.py",)),
    "plan/reader": (30, ("plan/reader/*.py",)),
    "binding": (
        40,
        (
            "jobs/binding.py", "jobs/data_places.py", "jobs/data_sets.py", "jobs/parents.py",
            "jobs/specfile.py",
        ),
    ),
    "datasets": (150, ("datasets/**/*.py",)),
    "gate": (
        70,
        (
            "agent/approval.py", "approval_code.py", "jobs/admission.py", "jobs/approv*.py", "jobs/given.py",
            "jobs/launch_terms.py", "facade/launch_question.py", "trust/beforehand.py", "trust/decisions.py",
            "trust/environment.py", "trust/gate.py", "trust/standing.py", "jobs/wrong_codes.py",
        ),
    ),
}  # fmt: skip
"""What faults are made in, and how many of 400."""
TESTS = (
    "agent/test_approval.py", "agent/test_reading.py", "automl/test_space.py", "cli/test_code_setting.py",
    "corpus", "data_program", "datasets", "jobs", "labelling/test_formats.py", "plan", "sets",
    "team/test_places.py", "test_doors.py", "test_slots.py", "trust",
)  # fmt: skip
SLOW = ("tests/plan/test_key_words.py",)
"""Files of which the slow tests are run too: they compute for seconds, and wait for nothing."""
SENTENCES = "benchmarks/mutants/sentences.py"
MOST_TESTS = 600
MOST_SECONDS = 8
AT_ONCE = 2
EACH_CONTROL = 10
_FASTEST = 10
"""Seconds of the processor that a fork has at least."""


def modules_of(group: str) -> list[Path]:
    """Return the modules of a group."""
    return sorted({path for pattern in GROUPS[group][1] for path in _PACKAGE.glob(pattern)})


def tests_for(mutant: Mutant, seen: Seen, patience: float = 1) -> list[str]:
    """Choose tests that see a fault, those that see little else first, of each function one in turn."""
    turns: dict[str, int] = defaultdict(int)
    ranked: list[tuple[float, int, int, str]] = []
    for place, test in enumerate(seen.tests_of(mutant.path, mutant.lines)):
        function = test.partition("[")[0]
        ranked.append((-seen.share(test, mutant.path), turns[function], place, test))
        turns[function] += 1
    found: list[str] = []
    left = MOST_SECONDS * patience
    for *_, test in sorted(ranked):
        if len(found) < MOST_TESTS * patience and (seen.seconds[test] <= left or not found):
            left -= seen.seconds[test]
            found.append(test)
    return sorted(found, key=lambda test: seen.seconds[test])


@dataclass(frozen=True)
class _Ready:
    """The process that is forked: its tests, its functions, and what they remember."""

    session: pytest.Session
    items: Mapping[str, pytest.Item]
    functions: Mapping[tuple[str, str, int], list[types.FunctionType]]
    caches: Sequence[Any]

    def job(self, mutant: Mutant | None, tests: Sequence[str], seen: Seen) -> Job:
        items = sorted((self.items[test] for test in tests), key=lambda item: seen.seconds[item.nodeid])

        def work(folder: Path) -> str:
            if mutant is not None:
                code = mutant.code()
                for function in self.functions[(str(mutant.path), mutant.function, mutant.first)]:
                    function.__code__ = closed_over(code, function.__code__.co_freevars)
            for cache in self.caches:
                cache.cache_clear()
            failed = run_items(self.session, items, folder)
            return failed[0] if failed else ""

        return Job(work, _FASTEST + 5 * sum(seen.seconds[test] for test in tests))


def _ready(session: pytest.Session, seen: Seen) -> _Ready:
    for name in seen.modules:
        try:
            importlib.import_module(name)
        except Exception:
            continue
    remembering = caches()
    functions: dict[tuple[str, str, int], list[types.FunctionType]] = defaultdict(list)
    for each in gc.get_objects():
        if type(each) is types.FunctionType and each.__code__.co_filename.startswith(str(_PACKAGE)):
            code = each.__code__
            functions[(code.co_filename, code.co_qualname, code.co_firstlineno)].append(each)
    gc.freeze()
    return _Ready(session, {item.nodeid: item for item in session.items}, functions, remembering)


def _drawn(arguments: argparse.Namespace) -> list[tuple[str, Mutant]]:
    """Draw faults, those of all groups in turn: what is done after a while is a fair part of them."""
    drawn: list[tuple[float, str, Mutant]] = []
    for group in arguments.only or GROUPS:
        of_group = chosen(modules_of(group), GROUPS[group][0] * arguments.number // 400, arguments.seed)
        drawn += [(place / len(of_group), group, mutant) for place, mutant in enumerate(of_group)]
    return [(group, mutant) for _, group, mutant in sorted(drawn, key=lambda each: each[0])]


def _run(session: pytest.Session, arguments: argparse.Namespace) -> None:
    seen = kept(arguments.seen)
    ready = _ready(session, seen)
    out: Path = arguments.out
    results: list[dict[str, Any]] = json.loads(out.read_text("utf-8")) if out.exists() else []
    if arguments.again:
        results = [each for each in results if each["killer"]]
    known = {each["name"] for each in results}
    jobs: dict[Job, tuple[str, Mutant | None, Sequence[str]]] = {}
    for count, (group, mutant) in enumerate(_drawn(arguments)):
        if _short(mutant) in known:
            continue
        tests = [test for test in tests_for(mutant, seen, arguments.patience) if test in ready.items]
        jobs[ready.job(mutant, tests, seen)] = group, mutant, tests
        if count % EACH_CONTROL == 0:
            jobs[ready.job(None, tests, seen)] = group, None, tests
    controls: list[str] = []
    for job, outcome in done(jobs, AT_ONCE):
        group, fault, of_job = jobs[job]
        killer = "did not end" if outcome is None else outcome
        if fault is None:
            controls.append(killer)
            continue
        results.append(
            {
                "name": _short(fault),
                "group": group,
                "line": fault.lines.start,
                "kind": fault.kind,
                "before": fault.before,
                "after": fault.after,
                "tests": len(of_job),
                "killer": killer,
            }
        )
        print(len(results), "killed" if killer else "SURVIVES", _said(results[-1]), flush=True)
        out.write_text(json.dumps(results, indent=1), "utf-8")
    print("\n".join(_table(results)))
    failing = [each for each in controls if each]
    print(f"\ncontrols without a fault: {len(controls)}, of which failed {len(failing)} {failing or ''}")


def _short(mutant: Mutant) -> str:
    return mutant.name.removeprefix(f"{_PACKAGE}/")


def _said(result: Mapping[str, Any]) -> str:
    path, function, *_ = result["name"].split(":")
    return (
        f"{path}:{result['line']} {function} [{result['kind']}, {result['tests']} tests] "
        f"{result['before'][:150]}  =>  {result['after'][:150]}"
    )


def _table(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    all_of = Counter(each["group"] for each in results)
    killed = Counter(each["group"] for each in results if each["killer"])
    unseen = Counter(each["group"] for each in results if not each["tests"])
    yield "| where | faults | killed | no test sees |"
    yield "|---|---|---|---|"
    for group, count in [*all_of.items(), ("all", len(results))]:
        dead, blind = (sum(each.values()) if group == "all" else each[group] for each in (killed, unseen))
        yield f"| {group} | {count} | {dead}, {100 * dead / max(1, count):.0f} % | {blind} |"


def _is_slow(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None


class _Plugin:
    """Takes the place of a run of the tests."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings  # pytest wants to import it first

        # What fails is known; how small it can be made is nothing to wait for.
        quick = settings.get_profile("quick")
        settings.register_profile("mutants", quick, phases=[Phase.explicit, Phase.generate])
        settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [each for each in items if each.nodeid.startswith(SLOW) or not _is_slow(each)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if self._arguments.what == "look":
            paths = [path for group in GROUPS for path in modules_of(group)]
            looked(session, paths, self._arguments.seen, AT_ONCE)
        else:
            _run(session, self._arguments)
        return True


def main() -> int:
    """Look, or make faults."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("look", "run"))
    parser.add_argument("--seen", type=Path, required=True, help="a folder for what the tests saw")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("mutants.json"),
        help="where results go; what stands there is not done again",
    )
    parser.add_argument("--number", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[], choices=GROUPS)
    parser.add_argument("--again", action="store_true", help="try what survived once more")
    parser.add_argument("--patience", type=float, default=1, help="how many times as many tests a fault gets")
    parser.add_argument("--tests", nargs="+", default=[*(f"tests/{name}" for name in TESTS), SENTENCES])
    arguments = parser.parse_args()
    os.chdir(ROOT)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--capture=sys"]
    return int(pytest.main([*options, *arguments.tests], plugins=[_Plugin(arguments)]))


if __name__ == "__main__":
    sys.exit(main())
