"""How fast banks load, plans compile and searches answer, and how much an agent has to read.

Run it as ``python -m benchmarks.planning``; ``--json`` gives one document. Every goal is printed beside
its measure, and the exit status is 1 when one is missed. Times are medians, of processor time except for
whole processes; ratios of one run compare better between machines than times do.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from skillbank.bank.discovery import Library
from skillbank.bank.home import bank_root
from skillbank.bank.search import SearchIndex
from skillbank.plan.planner import compile_plan
from skillbank.plan.request import Request, parse_data, parse_settings

SKILL = "tao-train-grounding-dino"
CORPUS = bank_root().parent / "shared" / "corpus" / "bank"
GOALS = {"plan_warm_ms": 10.0, "search_1000_ms": 5.0, "sentence_10000_ms": 20.0,
         "sentence_10000_first_ms": 20.0, "cold_process_s": 0.6}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--skills", type=int, default=1000, help="of the made bank")
    given = parser.parse_args()
    as_json = given.json
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SKILLBANK_HOME"] = str(Path(folder) / "home")
        measures = run(Path(folder), given.skills)
    missed = [name for name, goal in GOALS.items() if measures.get(name, 0) > goal]
    if as_json:
        print(
            json.dumps(
                {"machine": machine(), "measures": measures, "goals": GOALS, "missed": missed}, indent=2
            )
        )
    else:
        print(machine())
        for name, value in measures.items():
            goal = (
                f"   goal <= {GOALS[name]:g}{'  MISSED' if name in missed else ''}" if name in GOALS else ""
            )
            print(f"{name:32} {value:>12,.6g}{goal}")
    return 1 if missed else 0


def run(folder: Path, count: int) -> dict[str, float]:
    """Take every measure once.

    Parameters
    ----------
    count
        Skills of a made bank.
    """
    bank = CORPUS if CORPUS.is_dir() else bank_root()
    measures: dict[str, float] = {}

    def load(root: Path) -> Callable[[], Any]:
        return lambda: [(s.name, s.info, s.actions) for s in Library([root], own=False).skills]

    library = Library([bank], own=False)
    measures["bank_skills"] = len(library.skills)
    measures["bank_cold_ms"] = cold_load_ms(bank)
    measures["bank_again_ms"] = median_ms(load(bank), 5)
    measures["bank_warm_us"] = 1000 * median_ms(
        lambda: [(s.name, s.info, s.actions) for s in library.skills], 50
    )

    many = generate(folder / "many", count)
    for again in ("", "_again"):
        measures[f"plan_beside_{count}{again}_s"] = plan_beside_s(many, folder / "beside")
    measures[f"load_{count}_s"] = median_ms(load(many), 1) / 1000
    crowd = Library([many], own=False)
    _ = [(s.frontmatter, s.info) for s in crowd.skills]
    gc.freeze()  # looking through them before each measure would take most of the time
    kept = folder / "kept"

    def indexed() -> SearchIndex:
        made = SearchIndex(crowd.skills, kept)
        made.search("of")  # it is made at the first question
        return made

    indexed().close()  # imports are not counted
    shutil.rmtree(kept, ignore_errors=True)
    measures[f"index_{count}_s"] = median_ms(lambda: indexed().close(), 1) / 1000
    measures[f"index_{count}_kept_s"] = median_ms(lambda: indexed().close(), 3) / 1000
    index = indexed()
    queries = [
        "grounding dino",
        "open vocabulary detection",
        "groundign dino",
        "weather forecast",
        "train dino",
    ]
    measures[f"search_{count}_ms"] = max(median_ms(lambda q=q: index.search(q), 20) for q in queries)  # type: ignore[misc]
    sentence = " ".join(crowd.skills[0].frontmatter.description.split()[:20])
    measures[f"sentence_{count}_first_ms"] = median_ms(lambda: index.search(sentence), 1)
    measures[f"sentence_{count}_ms"] = median_ms(lambda: index.search(sentence), 20)
    assert index.search("groundign dino")[0].skill.name == SKILL
    index.close()

    skill = Library().get(SKILL)
    request = Request(
        skill=SKILL, action="train", automl="off",
        data=parse_data(["train=s3://bucket/a", "train=s3://bucket/b", "eval=s3://bucket/c"]),
        settings=parse_settings(["num_epochs=20", "train.optim.lr=1e-4"]),
    )  # fmt: skip
    start = time.perf_counter()
    compile_plan(skill, request, "docker")
    measures["plan_first_ms"] = 1000 * (time.perf_counter() - start)
    measures["plan_warm_ms"] = median_ms(lambda: compile_plan(skill, request, "docker"), 50)
    plan = compile_plan(skill, request, "docker")
    measures["plan_id_ms"] = median_ms(lambda: plan.plan_id, 50)

    command = [sys.executable, "-m", "skillbank", "plan", "train Grounding DINO on s3://bucket/data, no HPO"]
    env = {**os.environ, "SKILLBANK_HOME": str(folder / "home"), "COLUMNS": "120"}
    measures["cold_process_s"], measures["cold_process_cpu_s"] = process_s([*command, "--json"], env)
    measures["bare_python_s"], _ = process_s([sys.executable, "-c", "pass"], env)
    shown = subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout
    files = sum(len((skill.root / name).read_text()) for name in reading_list(skill.root))
    measures["agent_reads_plan_chars"] = len(shown)
    measures["agent_reads_files_chars"] = files
    measures["ratio_files_to_plan"] = files / max(1, len(shown))
    measures["ratio_cold_to_bare_process"] = measures["cold_process_s"] / measures["bare_python_s"]
    measures["ratio_first_to_warm_plan"] = measures["plan_first_ms"] / measures["plan_warm_ms"]
    return measures


def reading_list(root: Path) -> list[str]:
    """What an agent without tools has to read to build the same spec by hand."""
    names = ["SKILL.md", "references/skill_info.yaml", "references/spec_template_train.yaml"]
    return [*names, "schemas/train.schema.json"] if (root / "schemas/train.schema.json").is_file() else names


def generate(folder: Path, count: int) -> Path:
    """Write many skills of the packaged one's size: its skill_info with a name of its own, and own words.

    The words are made of syllables by a fixed seed, common ones more often, as in a real bank; the last
    skill is the packaged one's text, so that there is something to find.
    """
    source = bank_root() / "skills" / SKILL
    text = (source / "SKILL.md").read_text()
    info = (source / "references" / "skill_info.yaml").read_text()
    random = Random(1)
    syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "en", "or")]
    words = ["".join(random.choices(syllables, k=random.randint(2, 4))) for _ in range(4000)]
    weights = [1 / (n + 1) for n in range(len(words))]
    for i in range(count):
        name = f"tao-train-{'-'.join(random.choices(words, k=2))}-{i}"
        described = " ".join(random.choices(words, weights, k=40))
        body = " ".join(random.choices(words, weights, k=len(text) // 7))
        head = f"---\nname: {name}\ndescription: {described}\n---\n{body}\n"
        named = info.replace("network_arch: grounding_dino", f"network_arch: made_{i}")
        if i == count - 1:
            name, head, named = SKILL, text, info
        root = folder / "skills" / name
        (root / "references").mkdir(parents=True)
        (root / "SKILL.md").write_text(head)
        (root / "references" / "skill_info.yaml").write_text(named)  # a text is parsed once: each has its own
    return folder


def plan_beside_s(bank: Path, home: Path) -> float:
    """Return the seconds of the processor of a whole process that plans beside a large bank.

    A request asks every skill what it is called; what was read for that is kept in the home for the next.
    """
    command = [sys.executable, "-m", "skillbank", "plan", "train Grounding DINO on s3://bucket/data, no HPO"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [*command, "--bank", str(bank), "--json"],
        env={**os.environ, "SKILLBANK_HOME": str(home)}, capture_output=True, check=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cold_load_ms(bank: Path) -> float:
    """Load a bank in a process of its own; imports are not counted."""
    program = (
        "import time; from pathlib import Path; from skillbank.bank.discovery import Library\n"
        "t = time.perf_counter()\n"
        f"[(s.name, s.info, s.actions) for s in Library([Path({str(bank)!r})], own=False).skills]\n"
        "print(time.perf_counter() - t)"
    )
    times = [
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(3)
    ]
    return 1000 * statistics.median(times)


def median_ms(work: Callable[[], Any], times: int) -> float:
    """Return the median processor time of some work in milliseconds: what wall time is on an idle machine."""
    taken = []
    for _ in range(times):
        gc.collect()
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return 1000 * statistics.median(taken)


def process_s(command: list[str], env: dict[str, str]) -> tuple[float, float]:
    """Return the median wall and processor time of a process, after one run that warms the file cache.

    Processor time tells more on a machine that others use too.
    """
    subprocess.run(command, env=env, capture_output=True, check=False)
    wall, cpu = [], []
    for _ in range(7):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, env=env, capture_output=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - start)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(wall), statistics.median(cpu)


def machine() -> str:
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"


if __name__ == "__main__":
    sys.exit(main())
