"""The whole way with the real engine, tiny: from one sentence to a trained detector, through every door."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillbank import Runtime
from skillbank.agent.toolbox import Toolbox
from skillbank.bank.programs import find_program
from tests.agent.mcp_clients import Place, http_server, opened
from tests.agent.openai_server import KEY, MODEL, Call, OpenAIServer, Request, Says, Step
from tests.agent.sensible_model import sensible

pytestmark = pytest.mark.slow

TINY = {
    "model.hidden_dim": 32, "model.dim_feedforward": 32, "model.num_queries": 12, "engine.profile": "small",
    "engine.threads": 1, "engine.image_size": 64, "engine.backbone_channels": [8, 16, 16, 16],
    "engine.text_hidden": 16, "engine.text_layers": 1, "engine.text_heads": 2, "engine.text_ffn": 16,
    "dataset.batch_size": 4,
}  # fmt: skip
SETTINGS = [{"key": key, "value_json": json.dumps(value)} for key, value in TINY.items()]
WAIT = 300


@dataclass
class Errand:
    """What is asked for at each door, and where."""

    words: str
    bank: Path
    environment: dict[str, str]

    def command(self, *arguments: str, **more: str) -> Any:
        """Run the command line as the program that it is."""
        done = subprocess.run(
            [sys.executable, "-m", "skillbank", *arguments, "--json"],
            env={**self.environment, **more}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


Ran = tuple[str, str]
"""The plan that a door gave, and the job that it ran."""


def command_line(errand: Errand) -> Ran:
    given = [f"--set={key}={json.dumps(value)}" for key, value in TINY.items()]
    record = errand.command("run", errand.words, *given, "--yes")
    return record["plan_id"], record["id"]


def python(errand: Errand) -> Ran:
    with Runtime() as runtime:
        tools = Toolbox(runtime)
        [plan] = tools.plan(text=errand.words, settings=SETTINGS).plans
        asked = tools.call("launch", {"plan_id": plan.plan_id, "idempotency_key": "python"})
        assert asked.approval is not None, asked.error
        with tools.approving(asked.approval, by="test"):
            job = tools.launch(plan_id=plan.plan_id, idempotency_key="python").job
        status = tools.job_status(job=job, wait_seconds=WAIT)
        assert status.state == "COMPLETE", status.failure
        assert status.progress is not None and (status.progress.epoch, status.progress.epochs) == (2, 2)
        assert next(iter(status.metrics)) == "val_mAP50", "what the job is judged by comes first"
        return plan.plan_id, job


def openai_tools(errand: Errand) -> Ran:
    def model(request: Request) -> Step:
        if request.messages[-1]["role"] != "user":
            return sensible(request, WAIT)
        arguments = {"text": request.messages[-1]["content"], "settings": SETTINGS}
        return Says(calls=[Call("plan", arguments)])

    with OpenAIServer(model) as server:
        named = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "SKILLBANK_MODEL": MODEL}
        # What makes the model small is no word of the person's, so that --yes would start nothing.
        said = errand.command("chat", errand.words, **named, SKILLBANK_APPROVE="launch=always")
        assert not server.refused, server.refused
    [plan], [job] = said["plans"], said["jobs"]
    assert f"{job} is COMPLETE: " in said["text"] and "val_mAP50" in said["text"]
    return plan, job


async def _mcp(kind: str, place: Place, words: str) -> Ran:
    said: list[str] = []
    async with opened(kind, place, says=lambda _: "yes") as door:
        planned, failed = await door.call("plan", {"text": words, "settings": SETTINGS})
        assert not failed, planned
        arguments = {"plan_id": planned["plans"][0]["plan_id"], "wait": True}
        launched, failed = await door.call("launch", arguments, lambda *news: said.append(str(news[2])))
        assert not failed and launched["state"] == "COMPLETE", launched
    assert any("epoch 2/2" in line for line in said) and any("val_mAP50" in line for line in said)
    return launched["plan_id"], launched["job"]


def mcp_stdio(errand: Errand) -> Ran:
    return asyncio.run(_mcp("sdk", Place(errand.bank, errand.environment), errand.words))


def mcp_http(errand: Errand) -> Ran:
    with http_server(errand.bank, errand.environment) as server:
        return asyncio.run(_mcp("fastmcp", Place(errand.bank, errand.environment, server), errand.words))


DOORS: tuple[Callable[[Errand], Ran], ...] = (command_line, python, openai_tools, mcp_stdio, mcp_http)


def test_one_sentence_is_the_same_plan_and_a_trained_detector_at_every_door(
    bank: Path, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All doors are used at once: five processes and this one, on one store."""
    monkeypatch.setenv("SKILLBANK_HOME", environment["SKILLBANK_HOME"])
    monkeypatch.delenv("SKILLBANK_APPROVE", raising=False)
    shapes, program = tmp_path / "shapes", find_program("grounding_dino")
    assert program is not None
    subprocess.run([program, "shapes", str(shapes), "--train=8", "--val=2", "--size=64"], check=True)
    errand = Errand(f"train Grounding DINO on {shapes}, no HPO, 2 epochs", bank, environment)
    with ThreadPoolExecutor(len(DOORS)) as pool:
        ran = list(pool.map(lambda door: door(errand), DOORS))
    assert len({plan for plan, _ in ran}) == 1, dict(zip(DOORS, ran, strict=True))
    assert len({job for _, job in ran}) == len(DOORS)
    with Runtime() as runtime:
        tools = Toolbox(runtime)
        for _, job in ran:
            results = tools.job_results(job=job)
            assert results.state == "COMPLETE" and "val_mAP50" in results.metrics
            assert any(c.best for c in results.checkpoints)
            assert (Path(results.results) / results.checkpoints[0].path).is_file()
        _label(tools, shapes, ran[0][1])


def _label(tools: Toolbox, shapes: Path, job: str) -> None:
    """What was trained labels a picture."""
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
