"""A small bank whose program is a real process, and a command line that is run for real."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillbank.cli import main

PROGRAM = """
import json, pathlib, sys, time
import yaml

action, spec_path = sys.argv[1], sys.argv[3]
spec = yaml.safe_load(open(spec_path))
out = pathlib.Path(spec["results_dir"]) / action
out.mkdir(parents=True, exist_ok=True)
def line(**fields):
    with open(out / "status.json", "a") as f:
        f.write(json.dumps({"date": "1/2/2026", "time": "1:2:3", "verbosity": "INFO", **fields}) + "\\n")
line(status="STARTED", message="Starting")
print("data:", pathlib.Path(spec["dataset"]["file"]).read_text())
if action == "train":
    for epoch in range(spec["train"]["num_epochs"]):
        time.sleep(spec["train"]["seconds"])
        line(status="RUNNING", message="Training loop in progress", epoch=epoch, step=epoch + 1,
             max_epoch=spec["train"]["num_epochs"], max_step=spec["train"]["num_epochs"], eta="0:00:01")
        line(status="RUNNING", message="Eval metrics generated.", kpi={"val_mAP50": 0.5 + epoch / 10})
        (out / f"model_epoch_{epoch:03d}_step_{epoch + 1:05d}.pth").write_text(str(epoch))
if spec["fail"]:
    line(status="FAILURE", message=spec["fail"])
    sys.exit("RuntimeError: " + spec["fail"])
if action == "evaluate":
    assert pathlib.Path(spec["evaluate"]["checkpoint"]).is_file()
    line(status="RUNNING", message="Test metrics generated.", kpi={"test_mAP50": 0.75})
line(status="SUCCESS", message="Done")
"""

INFO = """
network_arch: toy
automl_enabled: false
metric: {{name: val_mAP50, direction: maximize}}
actions:
  train:
    command: {python} {program} train -e {{config_path}}
    inputs:
      dataset.file: {{type: file}}
  evaluate:
    command: {python} {program} evaluate -e {{config_path}}
    inputs:
      dataset.file: {{type: file}}
      evaluate.checkpoint: {{type: file}}
data_sources:
  train: {{dataset.file: {{source: train_datasets, path: data.txt}}}}
  evaluate: {{dataset.file: {{source: eval_dataset, path: data.txt}}}}
spec_params:
  train: {{results_dir: output_dir}}
  evaluate: {{results_dir: output_dir, evaluate.checkpoint: parent_model}}
spec_shorthand_keys: {{num_epochs: train.num_epochs}}
"""

TEMPLATE = """
results_dir: ''
fail: ''
dataset: {file: ''}
train: {num_epochs: 2, seconds: 0}
evaluate: {checkpoint: ''}
"""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Stdout as one JSON document."""
        return json.loads(self.out)


Command = Callable[..., Answer]


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    skill = tmp_path / "bank" / "toy-detector"
    (skill / "references").mkdir(parents=True)
    (skill / "SKILL.md").write_text(
        "---\nname: toy-detector\ndescription: A toy that detects toys.\n---\n# Toy\n"
    )
    info = INFO.format(python=sys.executable, program=program)
    (skill / "references" / "skill_info.yaml").write_text(info)
    for action in ("train", "evaluate"):
        (skill / "references" / f"spec_template_{action}.yaml").write_text(TEMPLATE)
    return tmp_path / "bank"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "data.txt").write_text("forty-two")
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SKILLBANK_") and k != "COLUMNS"}
    kept["SKILLBANK_TRUST"] = os.environ["SKILLBANK_TRUST"]
    return {**kept, "SKILLBANK_HOME": str(tmp_path / "home")}


def with_bank(bank: Path, arguments: tuple[str, ...]) -> list[str]:
    """Add the toy bank to commands that read skills."""
    return [*arguments, *(["--bank", str(bank)] if arguments[0] in ("plan", "run", "skills", "show") else [])]


@pytest.fixture
def inline(
    bank: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run ``skillbank ARGS`` in this process: the same code, without a start of Python each time."""
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr(sys, "argv", ["skillbank", *with_bank(bank, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            main()
        out, err = capsys.readouterr()
        return Answer(int(exit_info.value.code or 0), out, err)

    return run
