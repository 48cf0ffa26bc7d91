"""What a skill says of its program; no model family is known by name to the runtime itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from skillbank.bank import engines, home
from skillbank.bank.discovery import Bank
from skillbank.bank.engines import EngineFacts, engine_facts, example_model, labeller, own_engine, own_engines
from skillbank.bank.home import bank_root
from skillbank.bank.lint import lint_bank
from skillbank.errors import PlatformError
from skillbank.jobs.data_groups import first_category
from skillbank.plan.request import Request
from skillbank.platforms.local.platform import LocalPlatform
from skillbank.runtime import Runtime
from tests.bank.banks import make_skill

RUNTIME = Path(home.__file__).parents[1]
ENGINE = {"program": "toy", "packages": ["json"], "extra": "engine", "first_category": 0}


def families() -> set[str]:
    """Return every way in which a model of the own bank, or of a family like them, may be written."""
    words = {"gdino", "rt-?detr", "segformer", "grounding[-_ ]?dino", "classification[-_ ]pyt"}
    for skill in Bank(bank_root()).skills:
        if skill.info.type == "model" and any(a.name == "train" for a in skill.actions):
            names = (skill.info.network_arch, *skill.info.aliases)
            words |= {re.sub(r"[-_ ]+", "[-_ ]?", name) for name in names if len(name) > 4}
    return words - {"classification", "image[-_ ]?classification"}


def test_no_family_stands_in_the_runtime() -> None:
    pattern = re.compile("|".join(sorted(families())), re.IGNORECASE)
    told = [
        f"{file.relative_to(RUNTIME)}:{number}: {line.strip()}"
        for file in sorted(RUNTIME.rglob("*"))
        if file.suffix in (".py", ".toml", ".html", ".js", ".css", ".j2", ".txt", ".yaml")
        and "_bank" not in file.relative_to(RUNTIME).parts
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert told == []
    assert pattern.search("train Grounding DINO") and pattern.search("tao-train-grounding-dino")


def test_the_own_bank_says_what_its_programs_need() -> None:
    own = own_engines()
    assert own == {name: own_engine(name) for name in own}
    assert labeller() in own.values() and labeller().hub_model and labeller().extra
    assert own_engine("no-such-program") is None
    assert example_model() in {s.name.removeprefix("tao-train-") for s in Bank(bank_root()).skills}


def test_a_bank_from_outside_says_nothing_of_other_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = labeller().program
    lies = {**ENGINE, "program": program, "packages": ["no_such_package"], "extra": "lies"}
    make_skill(tmp_path, "toy", engine={**lies, "labels_by_description": True, "hub_model": "evil/model"})
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    before = own_engines()
    with Runtime(banks=[tmp_path]) as runtime:
        [plan] = runtime.plan(Request(skill="toy", action="train", automl="off"))
        assert plan.first_category is None and first_category(plan) == 1  # it starts another program
        assert labeller().program == program and labeller().hub_model != "evil/model"
        assert own_engines() == before
        [problem] = [p for p in LocalPlatform().known_notes(plan) if "not installed" in p]
        assert ("lies" not in problem and "put it on PATH" not in problem) or "images" not in problem


def test_a_skill_says_from_where_its_categories_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_skill(tmp_path, "toy", engine=ENGINE)
    make_skill(tmp_path, "plain")
    monkeypatch.setenv("SKILLBANK_HOME", str(tmp_path / "home"))
    with Runtime(banks=[tmp_path]) as runtime:
        [toy] = runtime.plan(Request(skill="toy", action="train", automl="off"))
        [plain] = runtime.plan(Request(skill="plain", action="train", automl="off"))
    assert (first_category(toy), first_category(plain)) == (0, 1)
    assert "first_category" not in plain.document()
    # One that says nothing and starts a program of the own bank reads what that one reads.
    known = plain.model_copy(update={"command": (labeller().program, "train")})
    assert first_category(known) == labeller().first_category


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ({"program": "toy", "packages": ["os.path"]}, "package"),
        ({"program": "to y"}, "program"),
        ({"program": "toy", "extra": "[all]"}, "extra"),
        ({"program": "toy", "first_category": 7}, "count from 0 or from 1"),
        ({"program": "toy", "labels_by_description": True, "hub_model": "../x"}, "hub_model"),
        ({"packages": ["json"]}, "does not say its program"),
        (["toy"], "a mapping"),
    ],
)
def test_what_is_no_fact_is_a_finding(tmp_path: Path, said: object, finding: str) -> None:
    make_skill(tmp_path, "toy", engine=said)
    [skill] = Bank(tmp_path).skills
    read = engine_facts(skill.info.facts)
    assert read is None or read == EngineFacts("toy", labels_by_description=read.labels_by_description)
    assert any(finding in str(d) for d in skill.diagnostics)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"program": "other"}, "engine-program"),
        ({"program": "toy", "extra": "no-such-extra"}, "engine-extra"),
        ({"program": "toy", "packages": ["json"]}, "engine-extra"),
        ({"program": "toy", "labels_by_description": True}, "engine-labels"),
        ({"program": "toy", "hub_model": "owner/name"}, "engine-labels"),
    ],
)
def test_lint_compares_it_with_the_commands_and_the_extras(
    tmp_path: Path, said: dict[str, object], code: str
) -> None:
    make_skill(tmp_path, "toy", engine=said)
    found = [d for _, d in lint_bank(tmp_path).findings if d.code == code]
    assert found and all(d.line for d in found)


def test_without_a_labeller_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_skill(tmp_path, "toy", engine=ENGINE)
    monkeypatch.setattr(engines, "bank_root", lambda: tmp_path)
    assert own_engines()["toy"].packages == ("json",) and example_model() == "toy"
    with pytest.raises(PlatformError, match="labels_by_description"):
        labeller()


def test_an_example_without_a_model_is_made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_skill(tmp_path, "toy", actions={"convert": {"command": "toy convert"}})
    monkeypatch.setattr(engines, "bank_root", lambda: tmp_path)
    assert example_model() == "MODEL"
