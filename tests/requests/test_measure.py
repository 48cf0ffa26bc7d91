"""``python -m benchmarks.requests`` on small sets of its own: read, planned, judged and shown."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from benchmarks.requests.__main__ import main

JOBS = "- {id: toy-train-20260101-000000-abc123, skill: tao-train-grounding-dino, action: train}\n"
CASES = """
- id: right
  text: export Grounding DINO job abc123
  ordinary: true
  plans: [{action: export, parent: abc123}]
- id: wrong
  text: train Grounding DINO on s3://b/t, no HPO, 3 epochs
  plans: [{action: train, policy: 'off', set: {num_epochs: 4}, data: {train_datasets: [s3://b/t]}}]
- id: launched
  text: export Grounding DINO job abc123
  refuse: out_of_scope
- id: needless
  text: |
    hello,
    what is the weather?
  ordinary: true
  plans: [{action: export, parent: abc123}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "jobs.yaml").write_text(JOBS)
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "some.yaml").write_text(CASES)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "more.yaml").write_text(CASES.replace("id: ", "id: o-"))
    return tmp_path


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    main([*arguments, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_score_of_each_set_and_of_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = document(capsys, str(folder))["sets"]
    assert [(name, each["requests"]) for name, each in sets.items()] == [
        ("half", 4),
        ("other", 4),
        ("all", 8),
    ]
    half = sets["half"]
    assert half["exact"] == half["exact_or_rightly_asked"] == half["needless"] == 0.25
    assert half["ordinary"] == {"requests": 2, "exact": 0.5, "needless": 0.5}
    assert half["wrong_but_runnable"] == ["launched", "wrong"] and half["asked_needlessly"] == ["needless"]
    assert half["slots"]["set"] == pytest.approx(1 / 3, abs=1e-4)
    assert 0 < half["reading_ms"]["median"] <= half["reading_ms"]["worst"]


def test_the_table_and_what_fails_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "half"), "--failing"]) == 1
    out = capsys.readouterr().out
    assert "set: expected {'train.num_epochs': 4}, got {'train.num_epochs': 3}" in out
    assert "expected refuse: out_of_scope, got export" in out
    assert "needless [some]: asked needlessly\n    hello,\n    what is the weather?\n  refused" in out
    assert "right [some]" not in out
    assert re.search(r"^\| exact +\| 25\.0% +\|$", out, re.MULTILINE)
    assert "half, wrong but runnable (2): launched, wrong" in out


def test_some_of_a_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder), "--id", "right"]) == 0
    out = capsys.readouterr().out
    assert "right [some]: exact" in out and "'parent': 'abc123'" in out
    sets = document(capsys, str(folder), "--category", "more")["sets"]
    assert [(name, each["requests"]) for name, each in sets.items()] == [("other", 4)]
    with pytest.raises(SystemExit) as ended:
        main([str(folder), "--category", "none"])
    assert ended.value.code == 2


def test_settings_of_the_person_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILLBANK_PLATFORM", "docker")
    monkeypatch.setenv("SKILLBANK_READER", "llm")
    (tmp_path / "a.yaml").write_text(
        "- id: a\n  text: train Grounding DINO on data/t, no HPO\n"
        "  plans: [{action: train, policy: 'off', data: {train_datasets: [data/t]}}]\n"
    )
    assert main([str(tmp_path)]) == 0
    assert "100.0%" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "said"), [("nowhere", "no folder nowhere"), (".", "no request files")])
def test_no_cases_is_said(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([name]) == 5
    assert said in capsys.readouterr().err


def test_a_case_that_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.yaml").write_text("- {id: a, text: train it, plan: []}\n")
    assert main([str(tmp_path)]) == 2
    assert "Case 'a' must have plans, refuse or ask." in capsys.readouterr().err
