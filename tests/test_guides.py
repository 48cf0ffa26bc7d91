"""What the guides tell a newcomer to write is written and run, with nothing besides."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
import time
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Answer, bank, data, environment
from tests.plugin_site import Run, imaged, install, run, searched

__all__ = ["bank", "data", "environment", "imaged", "run"]

REPO = Path(__file__).parents[1]
GUIDES = REPO / "docs" / "guides"
pytestmark = pytest.mark.slow


def blocks(guide: str, language: str) -> list[str]:
    """Return the blocks of code of a guide, those of lists among them."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(code) for _, code in found]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of the guides' code, each block in the module that its entry point names."""
    site = tmp_path_factory.mktemp("guides") / "site"
    package = site / "my_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    entry_points: dict[str, dict[str, str]] = defaultdict(dict)
    for guide in ("add-a-platform.md", "add-a-format-or-an-algorithm.md", "write-an-inference-function.md"):
        for code, declared in zip(blocks(guide, "python"), blocks(guide, "toml"), strict=True):
            for group, entries in tomllib.loads(declared)["project"]["entry-points"].items():
                entry_points[group] |= entries
                [module] = {value.partition(":")[0] for value in entries.values()}
                (package / f"{module.removeprefix('my_package.')}.py").write_text(code, encoding="utf-8")
    [words] = re.findall(r'`(said = "[^`]*")`', (GUIDES / "add-a-platform.md").read_text(encoding="utf-8"))
    (package / "words.toml").write_text(f"{words}\n", encoding="utf-8")
    install(site, "my-package", entry_points)
    return site


def state(run: Run, site: Path, job: str, *, until: str) -> str:
    """Ask for the state of a job until it is the one that is waited for, a minute at most."""
    for _ in range(60):
        found = str(run("status", job, "--json", packages=site).document["state"])
        if found == until:
            break
        time.sleep(1)
    return found


@pytest.mark.usefixtures("imaged")
def test_the_platform_of_the_guide_runs_watches_and_stops_jobs(run: Run, site: Path, data: Path) -> None:
    words = ("run", f"train toy detector on {data} on our cluster, no HPO", "--yes", "--json")
    done = run(*words, packages=site)
    assert done.code == 0, done.out + done.err
    assert (done.document["state"], done.document["platform"]) == ("COMPLETE", "my_cluster")
    assert "data: forty-two" in run("logs", done.document["id"], packages=site).out
    failed = run(*words, "--set", "fail=no luck", packages=site)
    assert failed.code == 1 and failed.document["state"] == "ERROR"
    long = run(*words, "--set", "train.seconds=60", "--detach", packages=site).document["id"]
    assert state(run, site, long, until="RUNNING") == "RUNNING"
    assert run("cancel", long, "--json", packages=site).code == 0
    assert state(run, site, long, until="CANCELED") == "CANCELED"
    refused = run("run", *words[1:], "--nodes", "2", packages=site)
    assert refused.code == 1 and "my_cluster has one node and the plan asks for 2" in refused.out


def test_the_format_of_the_guide_is_read_and_written(run: Run, site: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    for split in ("train", "val"):
        (lines / split).mkdir(parents=True)
        for name in ("a.png", "b.png"):
            Image.new("RGB", (64, 48), "red" if name == split else "blue").save(lines / split / name)
        (lines / split / "my_lines.txt").write_text("a.png|1|2|30|40|cat\na.png|5|5|20|20|dog\nb.png\n")
    checked = run("data", "check", lines, "--json", packages=site)
    assert checked.code == 0 and checked.document["format"] == "my_lines", checked.out
    for to, source in (("coco", lines), ("my_lines", tmp_path / "coco")):
        made = run("data", "convert", source, "--to", to, "-o", tmp_path / to, packages=site)
        assert made.code == 0, made.err
    written = sorted((tmp_path / "my_lines").rglob("my_lines.txt"))
    assert [file.parent.name for file in written] == ["train", "val"]
    assert all(
        file.read_text().split() == ["a.png|1.0|2.0|30.0|40.0|cat", "a.png|5.0|5.0|20.0|20.0|dog", "b.png"]
        for file in written
    )
    (lines / "train" / "my_lines.txt").write_text("a.png|1|2|wide|40|cat\nb.png|1|2|30|40|cat\n")
    wrong = run("data", "check", lines, "--json", packages=site)
    assert wrong.code == 1 and "train/my_lines.txt line 1" in wrong.out


def test_the_algorithm_of_the_guide_searches(site: Path, environment: dict[str, str]) -> None:
    done = searched(site, environment, "my_search")
    assert done.stdout == "2 ['by my search', 'by my search']\n", done.stderr


def test_the_inference_function_of_the_guide_fills_a_field(
    run: Run, site: Path, bank: Path, data: Path
) -> None:
    info = bank / "toy-detector" / "references" / "skill_info.yaml"
    info.write_text(
        info.read_text().replace(
            "train: {results_dir: output_dir}", "train: {results_dir: output_dir, fail: notes}"
        )
    )
    plan = run("plan", f"train toy detector on {data}, no HPO", "--json", packages=site).document
    assert plan["spec"]["fail"] == "{results_dir}/train-notes.txt"


def test_the_slot_of_the_guide_is_said_in_words_and_by_its_option(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Its row and its words in a copy of ours, and nothing else; plans of before keep their ids."""
    for name in ("runtime/skillbank", "skills", "schemas", "references"):
        shutil.copytree(REPO / name, tmp_path / name)  # with what Python has compiled
    for name in ("manifest.json", "pyproject.toml"):
        shutil.copy2(REPO / name, tmp_path)

    def plan(*words: str) -> Answer:
        done = subprocess.run(
            [sys.executable, "-m", "skillbank", "plan", *words, "--json"],
            env={**environment, "PYTHONPATH": str(tmp_path / "runtime")},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    asked = "train RT-DETR on s3://b/data, no HPO"
    by_key = plan(asked, "--set", "train.optim.weight_decay=0.01")
    assert "train.optim.weight_decay = 0.01" in by_key.document["sentence"]
    assert plan(asked, "--weight-decay", "0.01").code == 2

    [row], [words] = blocks("add-a-slot.md", "python"), blocks("add-a-slot.md", "toml")
    slots = tmp_path / "runtime" / "skillbank" / "plan" / "slots.py"
    first, table, rest = slots.read_text(encoding="utf-8").partition("SLOTS: tuple[Slot, ...] = (\n")
    slots.write_text(f"{first}{table}{row.rstrip()},\n{rest}", encoding="utf-8")
    with (slots.parent / "reader" / "words" / "slots.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n{words}")

    said = plan("train RT-DETR on s3://b/data with a weight decay of 0.01, no HPO")
    by_option = plan(asked, "--weight-decay", "0.01")
    assert not said.err and not by_option.err
    again = plan(said.document["sentence"])
    before = plan(by_key.document["sentence"])
    assert "; weight decay 0.01; " in said.document["sentence"]
    assert {each.document["plan_id"] for each in (said, by_option, again, before)} == {
        by_key.document["plan_id"]
    }
    assert plan(asked, "--weight-decay", "-1").code == 2
