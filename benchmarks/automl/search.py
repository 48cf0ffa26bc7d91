"""How good every search algorithm is after 50 trials, and how long a suggestion takes.

Run it as ``python -m benchmarks.automl.search``, with ``--set standard`` or ``--set bbob`` on functions that
nothing was tuned to. Every result is appended to ``--out`` at once, and what is there already is not run
again, so the benchmark can be stopped and goes on where it was; ``--table`` prints the table of what is
there. nvidia-tao-automl takes part when TAO_AUTOML_PYTHON names the python of an environment that has it;
plain Optuna's Gaussian process needs torch.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.automl import bbob
from benchmarks.automl.contestants import OPTUNA, OURS, PEER, contest, optuna_sampler, peer_is_there
from benchmarks.automl.functions import STANDARD
from benchmarks.automl.objectives import ALL, EPOCHS, Objective
from skillbank.automl.algorithms import Outcome, Recommendation, make_algorithm
from skillbank.automl.settings import AutoMLSettings
from skillbank.automl.space import SearchSpace
from skillbank.automl.space_optuna import optuna_params, suggest

DEFAULT = "bayesian"
GOALS = {"gdino": 0.70, "gdino-low": 0.65, "hartmann6": 3.2, "mixed8": 0.95}
AT = (10, 50, 200)
Objectives = Mapping[str, Callable[[int], Objective]]
"""By name, what gives the objective of a seed."""
SETS: dict[str, Objectives] = {
    "trainings": {name: lambda seed, make=make: make() for name, make in ALL.items()},  # type: ignore[misc]
    "standard": {name: partial(function.objective, name) for name, function in STANDARD.items()},
    "bbob": {name: partial(bbob.objective, name) for name in bbob.DIMENSIONS},
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("search-results.jsonl"))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--only", nargs="*", help="contestants")
    parser.add_argument("--set", choices=SETS, default="trainings", help="what is searched")
    parser.add_argument("--on", nargs="*", help="objectives of the set")
    parser.add_argument("--table", action="store_true", help="run nothing, print what is there")
    parser.add_argument(
        "--times",
        action="store_true",
        help="measure suggestions at trial 10, 50 and 200; --out gets only these",
    )
    said = parser.parse_args()
    if said.times:
        said.out.write_text(json.dumps(suggestion_times(), indent=2) + "\n", encoding="utf-8")
        return 0
    done, objectives = read(said.out), SETS[said.set]
    if not said.table:
        names = said.only or [*OURS, *OPTUNA, *(PEER if peer_is_there() else ())]
        for seed, name, objective in product(range(said.seeds), names, said.on or objectives):
            key = (name, objective, seed, said.trials)
            if key not in done:
                done[key] = run(name, objectives[objective](seed), seed, said.trials)
                with said.out.open("a", encoding="utf-8") as file:
                    print(json.dumps(dict(zip(_KEY, key, strict=True)) | done[key]), file=file)
    print(table(done, said.trials, objectives))
    return report(done, said.trials, objectives)


_KEY = ("name", "objective", "seed", "trials")


def run(name: str, objective: Objective, seed: int, trials: int) -> dict[str, Any]:
    """Run one search."""
    found = contest(name, objective, seed, trials)
    if not all(map(math.isfinite, found.best)) or found.best[-1] > objective.best + 1e-4:
        raise ArithmeticError(f"{name} on {objective.name}, seed {seed}: {found.best[-1]} is no score of it")
    print(f"{name} on {objective.name}, seed {seed}: {found.best[-1]:.3f}", file=sys.stderr, flush=True)
    return {"best": found.best[-1], "suggestions": len(found.best), "invalid": found.invalid,
            "seconds": statistics.mean(found.seconds)}  # fmt: skip


def read(path: Path) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Return what earlier runs have found."""
    if not path.is_file():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {tuple(line[k] for k in _KEY): line for line in lines}


def summary(
    done: dict[tuple[Any, ...], dict[str, Any]], trials: int
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return mean, standard error and number of runs, by contestant and objective."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (name, objective, _, count), line in done.items():
        if count == trials:
            groups[name, objective].append(line["best"])
    found: dict[str, dict[str, tuple[float, ...]]] = defaultdict(dict)
    for (name, objective), best in groups.items():
        error = statistics.stdev(best) / len(best) ** 0.5 if len(best) > 1 else 0.0
        found[name][objective] = (statistics.mean(best), error, float(len(best)))
    return found


def table(done: dict[tuple[Any, ...], dict[str, Any]], trials: int, asked: Objectives) -> str:
    """Return a table in Markdown."""
    found = summary(done, trials)
    objectives = [o for o in asked if any(o in row for row in found.values())]
    lines = [
        "| | " + " | ".join(objectives) + " | seeds | invalid | s per suggestion |",
        "|---|" + "---|" * (len(objectives) + 3),
    ]
    for name in [n for n in (*OURS, *OPTUNA, *PEER) if n in found]:
        cells = [f"{row[0]:.3f} ± {row[1]:.3f}" if (row := found[name].get(o)) else "" for o in objectives]
        mine = [line for key, line in done.items() if key[0] == name and key[3] == trials]
        counts = sorted({int(row[2]) for row in found[name].values()})
        seeds = " to ".join(str(n) for n in dict.fromkeys((counts[0], counts[-1])))
        invalid, all_ = sum(line["invalid"] for line in mine), sum(line["suggestions"] for line in mine)
        seconds = statistics.mean(line["seconds"] for line in mine)
        lines.append(
            f"| {name} | " + " | ".join(cells) + f" | {seeds} | {invalid} of {all_} | {seconds:.3f} |"
        )
    return "\n".join(lines)


def report(done: dict[tuple[Any, ...], dict[str, Any]], trials: int, asked: Objectives) -> int:
    """Say whether the default is the best or within one standard error of it, and at the goals."""
    lines, missed = verdict(done, trials, asked)
    print("\n".join(lines))
    return 1 if missed else 0


def verdict(
    done: dict[tuple[Any, ...], dict[str, Any]], trials: int, asked: Objectives
) -> tuple[list[str], int]:
    """Return one sentence for each objective, and in how many the default is behind."""
    found, missed, lines = summary(done, trials), 0, []
    for objective in asked:
        rows = {name: row[objective] for name, row in found.items() if objective in row}
        if DEFAULT not in rows:
            continue
        mean, error, _ = rows[DEFAULT]
        best = max(rows, key=lambda name: rows[name][0])
        near = mean + max(error, rows[best][1]) >= rows[best][0]
        goal = GOALS.get(objective)
        reached = goal is None or mean >= goal
        missed += not (near and reached)
        lines.append(
            f"{objective}: {DEFAULT} {mean:.3f}, best {best} {rows[best][0]:.3f}"
            f"{'' if near else ', NOT WITHIN ONE STANDARD ERROR'}"
            f"{'' if goal is None else f', goal {goal:g}'}{'' if reached else ', MISSED'}"
        )
    return lines, missed


def suggestion_times() -> dict[str, dict[str, float]]:
    """Return the seconds of processor time (best of three) of a suggestion, by name and earlier trials."""
    objective = ALL["gdino"]()
    space = objective.space()
    rng = np.random.default_rng(0)
    drawn = [space.sample(rng) for _ in range(max(AT))]
    scores = [objective.after(values, EPOCHS) for values in drawn]
    found: dict[str, dict[str, float]] = {}
    for name in ("bayesian", "bfbo", "tpe", "cmaes", "random", "grid", "optuna-tpe", "optuna-gp"):
        ready = _ready_optuna if name in OPTUNA else _ready
        found[name] = {}
        for count in AT:
            taken = []
            for seed in range(3):
                suggest = ready(name, space, drawn[:count], scores[:count], seed)
                start = time.process_time()
                suggest()
                taken.append(time.process_time() - start)
            found[name][str(count)] = round(min(taken), 4)
        print(name, found[name], file=sys.stderr, flush=True)
    return found


def _ready(
    name: str, space: SearchSpace, drawn: list[dict[str, Any]], scores: list[float], seed: int
) -> Callable[[], Any]:
    """Return what makes the next suggestion of an algorithm that knows some trials."""
    said = {"algorithm": name, "direction": "max", "max_recommendations": 1000, "seed": seed}
    algorithm = make_algorithm(space, AutoMLSettings.read(said))
    for number, (values, score) in enumerate(zip(drawn, scores, strict=True)):
        algorithm.ask(Recommendation(number, values if name != "grid" else _next(algorithm)))
        algorithm.tell(number, Outcome.of(score))
    return algorithm.ask


def _ready_optuna(
    name: str, space: SearchSpace, drawn: list[dict[str, Any]], scores: list[float], seed: int
) -> Callable[[], Any]:
    import optuna

    study = optuna.create_study(direction="maximize", sampler=optuna_sampler(name, seed))
    for values, score in zip(drawn, scores, strict=True):
        params, distributions = optuna_params(space, values)
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=score))
    return lambda: suggest(space, study.ask())


def _next(algorithm: Any) -> dict[str, Any]:
    return dict(algorithm._next_slot().values)


if __name__ == "__main__":
    sys.exit(main())
