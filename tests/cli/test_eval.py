"""``skillbank eval requests`` on the development half and on small sets of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skillbank.cli import main

REQUESTS = Path(__file__).parents[1] / "requests"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["skillbank", "eval", "requests", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.slow
def test_the_development_half(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, str(REQUESTS / "development"), "--json")
    half = json.loads(capsys.readouterr().out)["development"]
    assert half["cases"] >= 150
    assert half["false_launches"] == []
    assert half["accuracy"] >= 0.97, half["failures"]
    assert all(share >= 0.95 for share in half["slots"].values())


def test_what_fails_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jobs.yaml").write_text(
        "- {id: toy-train-20260101-000000-abc123, skill: tao-train-grounding-dino, action: train}\n"
    )
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "some.yaml").write_text(
        "- id: right\n  text: export Grounding DINO job abc123\n  plans: [{action: export, parent: abc123}]\n"
        "- id: wrong\n  text: train Grounding DINO on s3://b/t, no HPO, 3 epochs\n"
        "  plans: [{action: train, policy: 'off', set: {train.num_epochs: 4}, data: {train_datasets: [s3://b/t]}}]\n"
        "- id: launched\n  text: export Grounding DINO job abc123\n  refuse: out_of_scope\n"
    )  # fmt: skip
    assert run(monkeypatch, str(tmp_path)) == 1
    out = capsys.readouterr().out
    assert "exact                 1 (33.3%)" in out
    assert "false launch in half: launched: export of tao-train-grounding-dino" in out
    assert "set: expected {'train.num_epochs': 4}, got {'train.num_epochs': 3}" in out
    assert "refuse: expected ['out_of_scope'], got ['export']" in out


def test_settings_of_the_person_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SKILLBANK_PLATFORM", "docker")
    monkeypatch.setenv("SKILLBANK_READER", "llm")
    (tmp_path / "a.yaml").write_text(
        "- id: a\n  text: train Grounding DINO on data/t, no HPO\n"
        "  plans: [{action: train, policy: 'off', data: {train_datasets: [data/t]}}]\n"
    )
    assert run(monkeypatch, str(tmp_path)) == 0
    assert "100.0%" in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_no_cases_is_said(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, folder) == 5
    assert "no folder nowhere" in (err := capsys.readouterr().err) or "no request files" in err
