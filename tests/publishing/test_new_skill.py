"""A skill that ``skillbank skill new`` writes is clean, and its own sentences plan it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillbank.bank.discovery import Bank
from skillbank.bank.lint import lint_bank
from skillbank.errors import UsageError
from skillbank.publishing.new_skill import NewAction, write_skill
from skillbank.runtime import Runtime

IMAGE = "example.org/me/model:1"
ALL = ("train", "evaluate", "inference", "export")


def test_it_lints_without_a_finding(tmp_path: Path) -> None:
    write_skill(tmp_path / "skills", "bolt-finder", actions=ALL, image=IMAGE)
    assert lint_bank(tmp_path).findings == ()


def test_without_an_image_lint_says_where_it_runs(tmp_path: Path) -> None:
    write_skill(tmp_path, "bolt-finder", actions=ALL)
    assert {(d.severity, d.code) for _, d in lint_bank(tmp_path).findings} == {("note", "image-missing")}


@pytest.mark.parametrize("action", ALL)
def test_its_own_sentences_plan_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "pictures"):
        (tmp_path / folder).mkdir()
    write_skill(tmp_path / "skills", "bolt-finder", actions=ALL, image=IMAGE)
    with Runtime(banks=[tmp_path]) as runtime:
        [plan] = runtime.plan(NewAction("bolt-finder", action).request)
    assert (plan.skill.name, plan.action, list(plan.questions)) == ("bolt-finder", action, [])


def test_its_values_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    write_skill(tmp_path / "skills", "bolt-finder", image=IMAGE)
    with Runtime(banks=[tmp_path]) as runtime:
        [plan] = runtime.plan("train bolt-finder on ./data for 3 epochs")
        assert plan.spec["train"]["num_epochs"] == 3
        with pytest.raises(UsageError, match="num_epochs"):
            runtime.plan("train bolt-finder on ./data for 0 epochs")


@given(st.text(min_size=1, max_size=300).filter(lambda t: t.isprintable() and t.strip()))
def test_any_description_is_kept(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    home = tmp_path_factory.mktemp("bank")
    write_skill(home, "bolt-finder", description=text, image=IMAGE)
    [skill] = Bank(home).skills
    assert skill.frontmatter.description.split() == text.split()


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        write_skill(tmp_path, "Bolt_Finder", actions=("x y", "train"))
    assert "'Bolt_Finder' is no name of a skill" in str(refused.value)
    assert "'x y' is no name of an action" in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "bolt-finder").mkdir()
    (tmp_path / "bolt-finder" / "mine").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        write_skill(tmp_path, "bolt-finder")
    assert [p.name for p in (tmp_path / "bolt-finder").iterdir()] == ["mine"]


def test_its_questions_are_in_the_public_form(tmp_path: Path) -> None:
    write_skill(tmp_path, "bolt-finder", actions=ALL)
    cases = json.loads((tmp_path / "bolt-finder" / "evals" / "evals.json").read_text())
    assert [case["id"] for case in cases] == list(ALL)
    assert all(case["expected_skill"] == "bolt-finder" and case["expected_behavior"] for case in cases)
