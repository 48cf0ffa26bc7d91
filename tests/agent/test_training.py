"""The whole way with the real engine, tiny: from a sentence to a trained detector that labels a picture."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.agent.toolbox import Toolbox
from skillbank.platforms.local import find_program
from tests.cli.conftest import Command

TINY = {
    "model.hidden_dim": 32, "model.dim_feedforward": 32, "model.num_queries": 12, "engine.profile": "small",
    "engine.threads": 1, "engine.image_size": 64, "engine.backbone_channels": [8, 16, 16, 16],
    "engine.text_hidden": 16, "engine.text_layers": 1, "engine.text_heads": 2, "engine.text_ffn": 16,
    "dataset.batch_size": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("shapes")
    program = find_program("grounding_dino")
    assert program is not None
    subprocess.run([program, "shapes", str(out), "--train=12", "--val=4", "--size=64"], check=True)
    return out


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[Toolbox]:
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    monkeypatch.delenv("SKILLBANK_APPROVE", raising=False)
    with Runtime() as runtime:
        yield Toolbox(runtime)


def start(tools: Toolbox, plan_id: str) -> str:
    """Launch a plan the way a door does: ask, get a yes, call again; return the job's id."""
    asked = tools.call("launch", {"plan_id": plan_id})
    assert asked.approval is not None, asked.error
    tools.approve(asked.approval, by="test")
    return str(tools.call("launch", {"plan_id": plan_id}).document()["job"])


@pytest.mark.slow
def test_from_a_sentence_to_a_labelled_picture(tools: Toolbox, shapes: Path, inline: Command) -> None:
    words = f"train Grounding DINO on {shapes}, no HPO, 2 epochs"
    settings = [{"key": key, "value_json": json.dumps(value)} for key, value in TINY.items()]
    [plan] = tools.plan(text=words, settings=settings).plans
    on_the_terminal = [f"--set={key}={json.dumps(value)}" for key, value in TINY.items()]
    printed = inline("plan", words, *on_the_terminal, "--json").document
    assert plan.plan_id == printed["plan_id"]
    job = start(tools, plan.plan_id)
    status = tools.job_status(job=job, wait_seconds=120)
    assert status.state == "COMPLETE", status.failure
    assert status.progress is not None
    assert (status.progress.epoch, status.progress.epochs) == (2, 2)
    assert next(iter(status.metrics)) == "val_mAP50", "what the job is judged by comes first"
    results = tools.job_results(job=job)
    assert any(c.best for c in results.checkpoints)
    assert (Path(results.results) / results.checkpoints[0].path).is_file()

    picture = next((shapes / "inference" / "images").iterdir())
    labelled = tools.label_image(
        image=str(picture), descriptions=["red circle", "blue star"], checkpoint=job, threshold=0.0
    )
    [found] = labelled.pictures
    assert Path(found.annotated).is_file()
    assert found.count > 0
    assert {d.description for d in found.objects} <= {"red circle", "blue star"}
    assert all(len(d.box) == 4 and 0 <= d.score <= 1 for d in found.objects)
    assert [d.score for d in found.objects] == sorted((d.score for d in found.objects), reverse=True)

    missing = tools.call("label_image", {"image": "/no/such.png", "descriptions": ["x"], "checkpoint": job})
    assert missing.error is not None
    assert (missing.error.code, "/no/such.png" in missing.error.message) == ("data_not_found", True)
