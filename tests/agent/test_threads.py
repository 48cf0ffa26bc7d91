"""Many threads, one toolbox: the first use, every kind of call, and no secret in any answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from skillbank import Runtime
from skillbank.agent.toolbox import Toolbox

CALLS: list[tuple[str, dict[str, object]]] = [
    ("search_skills", {"query": "open vocabulary detecton"}),
    ("describe_action", {"skill": "grounding dino", "action": "train", "find": "lr"}),
    ("describe_action", {"skill": "toy", "action": "train"}),
    ("plan", {"text": "train Grounding DINO on s3://b/t, no HPO, 20 epochs"}),
    ("plan", {"skill": "grounding_dino", "actions": ["train", "evaluate"], "automl": "off"}),
    ("plan", {"text": "train the toy detector"}),
    ("launch", {"plan_id": "0" * 64}),
    ("list_jobs", {}),
    ("job_status", {"job": "last"}),
]


@pytest.mark.parametrize("round_", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_calls_at_once_answer_as_calls_in_a_row(bank: Path, runtime: Runtime, round_: int) -> None:
    alone = Toolbox(runtime)
    expected = [alone.call(*call).document() for call in CALLS]
    with Runtime([bank]) as fresh, ThreadPoolExecutor(16) as pool:
        shared = Toolbox(fresh)
        found = list(pool.map(lambda call: shared.call(*call).document(), CALLS * 4))
    assert found == expected * 4


def test_no_answer_holds_a_secret(toolbox: Toolbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, odd = "hushhush123", 'hush"hush\\é-123'
    monkeypatch.setenv("TOY_TOKEN", plain)
    monkeypatch.setenv("TOY_PASSWORD", odd)
    settings = [{"key": "fail", "value_json": json.dumps(odd)}]
    words = f"train the toy detector on s3://b/{plain}/x"
    answers = [
        toolbox.call("plan", {"text": words, "settings": settings}),
        toolbox.call("plan", {"skill": odd, "actions": [plain]}),
        toolbox.call("search_skills", {"query": plain}),
        toolbox.call("job_status", {"job": plain}),
        toolbox.call(odd, {}),
    ]
    # Long enough that a question cuts the path in the middle of the secret.
    folder = tmp_path / ("x" * (75 - len(str(tmp_path)) % 75)) / plain
    folder.mkdir(parents=True)
    (folder / "data.txt").write_text("data")
    [plan] = toolbox.plan(text=f"train the toy detector on {folder}").plans
    answers.append(toolbox.call("launch", {"plan_id": plan.plan_id}))
    assert answers[-1].approval is not None and "hush" not in answers[-1].approval.question
    for answer in answers:
        assert "hush" not in json.dumps(answer.document(), ensure_ascii=False)
    [plan] = answers[0].document()["plans"]
    assert plan["settings"] == [{"key": "fail", "value": "[redacted]"}]
    assert plan["data"][0]["uri"] == "s3://b/[redacted]/x/data.txt"
