"""Ten thousand suggestions of every algorithm over every train schema that is there: how many break it.

Run it as ``python -m benchmarks.automl.validity``. A suggestion is judged twice: by the search space, and
by the checks that a user's own settings meet, which know nothing of search spaces; physical limits on top.
Schemas are the bank's own and, where the corpus of the family's skills lies beside the repository, all of
its. Algorithms that model the trials are asked in short experiments, the others in long ones, and those
with a Gaussian process look less long for the best place than they do in earnest; those that a
language model leads are left out: what it proposes is checked against the space, and without it they are
bayesian. Every result is appended to ``--out`` at once, and what is there already is not run again;
``--table`` prints what is there.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from skillbank.automl.algorithms import Algorithm, Outcome, algorithm_class, make_algorithm
from skillbank.automl.algorithms.bayesian import Bayesian
from skillbank.automl.settings import ALGORITHMS, AutoMLSettings
from skillbank.automl.space import SearchSpace, space_from_schema
from skillbank.bank.home import bank_root
from skillbank.bank.schema import SpecSchema
from skillbank.bank.values import check, check_relations
from skillbank.errors import SkillbankError
from skillbank.plan.paths import get_path, parse_path

CORPUS = bank_root().parent / "shared" / "corpus" / "bank"
MODELLED = ("bayesian", "bfbo", "tpe", "bohb")
LED = ("llm", "hybrid", "autoresearch")
"""Without an endpoint they are bayesian."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="suggestions of each algorithm")
    parser.add_argument("--modelled", type=int, help="of those that model the trials; else the same")
    parser.add_argument("--only", nargs="*", default=[a for a in ALGORITHMS if a not in LED])
    parser.add_argument("--skills", nargs="*", help="only schemas whose path holds one of these words")
    parser.add_argument("--out", type=Path, default=Path("validity-results.jsonl"))
    parser.add_argument("--table", action="store_true", help="run nothing, print what is there")
    said = parser.parse_args()
    done = read(said.out)
    for name, schema, spec in () if said.table else schemas():
        if said.skills and not any(word in name for word in said.skills):
            continue
        space = space_from_schema(schema, spec)
        for algorithm in said.only:
            count = said.modelled if said.modelled and algorithm in MODELLED else said.count
            if done.get((name, algorithm), {}).get("wanted", 0) >= count:
                continue
            start = time.process_time()
            asked, wrong, example = judge(algorithm, space, schema, spec, count)
            line = {
                "schema": name,
                "algorithm": algorithm,
                "wanted": count,
                "suggestions": asked,
                "invalid": wrong,
                "example": example,
                "seconds": round(time.process_time() - start, 1),
            }
            print(" ".join(str(value) for value in line.values()), file=sys.stderr, flush=True)
            with said.out.open("a", encoding="utf-8") as file:
                print(json.dumps(line), file=file)
            done[name, algorithm] = line
    print(table(done))
    return 1 if any(line["invalid"] for line in done.values()) else 0


def read(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what earlier runs have found; of one schema and algorithm the longest run."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        line = json.loads(text)
        key = (line["schema"], line["algorithm"])
        if key not in found or found[key]["wanted"] <= line["wanted"]:
            found[key] = line
    return found


def table(done: Mapping[tuple[str, str], Mapping[str, Any]]) -> str:
    """Return a table in Markdown: suggestions and how many of them are invalid, by algorithm."""
    lines = ["| | schemas | suggestions of each | in all | invalid |", "|---|---|---|---|---|"]
    for algorithm in ALGORITHMS:
        mine = [line for (_, name), line in done.items() if name == algorithm]
        if mine:
            counts = [int(line["suggestions"]) for line in mine]
            each = f"{min(counts):,}" if min(counts) == max(counts) else f"{min(counts):,} to {max(counts):,}"
            invalid = sum(line["invalid"] for line in mine)
            lines.append(f"| {algorithm} | {len(mine)} | {each} | {sum(counts):,} | {invalid} |")
    return "\n".join(lines)


def schemas() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield name, schema and spec of every train schema."""
    roots = [bank_root() / "skills", *([CORPUS] if CORPUS.is_dir() else [])]
    for root in roots:
        for path in sorted(root.rglob("schemas/train.schema.json")):
            skill = path.parents[1]
            schema = json.loads(path.read_text(encoding="utf-8"))
            template = skill / "references" / "spec_template_train.yaml"
            spec = yaml.safe_load(template.read_text(encoding="utf-8")) if template.is_file() else None
            where = "" if root == roots[0] else "corpus/"
            yield where + skill.name, schema, spec or schema.get("default") or {}


def judge(
    name: str, space: SearchSpace, schema: Mapping[str, Any], spec: Mapping[str, Any], count: int
) -> tuple[int, int, str]:
    """Return how many suggestions were made, how many were invalid, and what is wrong with one."""
    parsed = SpecSchema.parse(schema)
    asked = wrong = seed = 0
    example = ""
    while asked < count:
        before = asked
        for values in suggestions(name, space, seed):
            asked += 1
            why = violation(space, parsed, spec, values)
            if why:
                wrong, example = wrong + 1, why
            if asked >= count:
                break
        seed += 1
        if asked == before:
            break
    return asked, wrong, example


def suggestions(name: str, space: SearchSpace, seed: int) -> Iterator[dict[str, Any]]:
    """Run one experiment with odd scores and failures, and yield what it suggests beside the defaults."""
    length = 20 if name in MODELLED else 400
    said: dict[str, Any] = {"algorithm": name, "seed": seed, "direction": "maximize", "max_epochs": 9}
    said |= (
        {"population": 10, "generations": 9}
        if algorithm_class(name).multi_fidelity
        else {"max_recommendations": length}
    )
    algorithm: Algorithm = make_algorithm(space, AutoMLSettings.read(said))
    if isinstance(algorithm, Bayesian):
        # How good a place is found matters to no check, and takes most of the time.
        algorithm.candidates, algorithm.rounds = 100, 3
    rng = np.random.default_rng(seed)
    running: list[int] = []
    while True:
        found = algorithm.ask() if len(running) < 4 else None
        if found is not None:
            running.append(found.number)
            if found.values != space.defaults:
                # The spec's own values are no suggestion, also where their training goes on.
                yield found.values
            continue
        if not running:
            return
        number = running.pop(int(rng.integers(len(running))))
        score = float(rng.normal())
        algorithm.tell(number, Outcome.failed("at random") if rng.random() < 0.25 else Outcome.of(score))


def violation(
    space: SearchSpace, parsed: SpecSchema, spec: Mapping[str, Any], values: Mapping[str, Any]
) -> str:
    """Say what is wrong with a suggestion, or nothing."""
    found = space.violations(values)
    if found:
        return found[0]
    try:
        for key, value in values.items():
            check(key, value, parsed.find(parse_path(key))[0])
        check_relations(parsed, values, lambda key: values[key] if key in values else get_path(spec, key))
    except SkillbankError as error:
        return str(error)
    for key, value in values.items():
        leaf = key.rpartition(".")[2]
        numbers = value if isinstance(value, list) else [value]
        if leaf in ("momentum", "betas") and not all(0 <= n < 1 for n in numbers):
            return f"{key} is {value}"
        if (leaf == "lr" or leaf.endswith("_lr")) and not (math.isfinite(value) and value > 0):
            return f"{key} is {value}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
