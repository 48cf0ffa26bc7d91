"""A training that broke off goes on from its last checkpoint, on the terms that it was launched on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank.errors import StateError
from skillbank.plan.model import Plan
from skillbank.runtime import Runtime
from tests.cli.conftest import Command

TRAIN = ["--skill", "toy-detector", "--action", "train", "--set", "num_epochs=4"]


@pytest.fixture
def bank(bank: Path) -> Path:
    """The toy goes on from a checkpoint, whose text is its epoch; data that says "stop" ends it after two."""
    program = bank.parent / "program.py"
    text = program.read_text()
    assert text.count("for epoch in range(") == 1
    text = text.replace(
        "    for epoch in range(",
        "    begun = spec['train']['resume']\n"
        "    text = pathlib.Path(spec['dataset']['file']).read_text()\n"
        "    first = int(pathlib.Path(begun).read_text()) + 1 if begun else 0\n"
        "    for epoch in range(first, ",
    )
    text = text.replace(
        "        time.sleep", "        assert text != 'stop' or epoch < first + 2\n        time.sleep"
    )
    program.write_text(text)
    references = bank / "toy-detector" / "references"
    info = references / "skill_info.yaml"
    info.write_text(
        info.read_text().replace(
            "train: {results_dir: output_dir}", "train: {results_dir: output_dir, train.resume: resume_model}"
        )
    )
    for template in references.glob("spec_template_*.yaml"):
        template.write_text(template.read_text().replace("seconds: 0", "seconds: 0, resume: ''"))
    return bank


@pytest.fixture
def data(data: Path) -> Path:
    (data / "data.txt").write_text("stop")
    return data


def spec_of(job: dict[str, Any]) -> dict[str, Any]:
    """Return the spec that a job's program was given."""
    return dict(yaml.safe_load((Path(job["results_dir"]) / "job" / "spec.yaml").read_text()))


def broken_off(inline: Command, data: Path, *more: str) -> dict[str, Any]:
    """Run a training that ends after two epochs of four, and return its record."""
    answer = inline("run", *TRAIN, "--data", f"train={data}", *more, "--yes", "--json")
    assert answer.code == 1, answer.err
    return dict(answer.document)


@pytest.mark.slow
def test_a_training_goes_on_from_its_last_checkpoint(inline: Command, data: Path) -> None:
    broken = broken_off(inline, data)
    left = Path(broken["results_dir"]) / "train" / "model_epoch_001_step_00002.pth"
    way = f"skillbank run --resume {broken['id']}"
    for verb in ("status", "results"):
        assert way in " ".join(inline(verb, broken["id"]).out.split())
    (data / "data.txt").write_text("good")
    shown = inline("run", "--resume", "last", "--yes")
    assert shown.code == 0, shown.err
    said = "".join(shown.out.split())
    assert f"{broken['id']}brokeoff;itgoesonfrom{left}" in said
    assert f"thedatahaschangedsince{broken['id']}wasstarted:dataset.file" in said
    assert "run --resume" not in inline("status", broken["id"]).out, "somebody has"
    again = inline("status", "last", "--json").document
    own = Path(again["results_dir"]) / "train"
    assert spec_of(again)["train"]["resume"] == str(own / left.name) and again["resumes"] == broken["id"]
    # The newest, with which the best of its epochs is the same here, and what came after.
    assert sorted(path.name for path in own.glob("*.pth")) == [
        "model_epoch_001_step_00002.pth", "model_epoch_002_step_00003.pth", "model_epoch_003_step_00004.pth"
    ]  # fmt: skip
    whole = inline("results", "last", "--json").document["epochs"]
    assert [(each["epoch"], each["values"]["val_mAP50"]) for each in whole] == [
        (0, 0.5), (1, 0.6), (2, 0.7), (3, 0.8)
    ]  # fmt: skip


@pytest.mark.slow
def test_a_job_that_is_named_goes_on_from_its_own_checkpoint(inline: Command, data: Path) -> None:
    first, second = broken_off(inline, data), broken_off(inline, data)
    assert second["id"] != first["id"] and not second["resumes"]
    (data / "data.txt").write_text("good")
    shown = inline("run", "--resume", first["id"], "--yes", "--json")
    assert shown.code == 0 and shown.document["resumes"] == first["id"]
    again = inline("run", "--resume", second["id"], "--yes")
    assert again.code != 0 and "having run the same plan anew; there is nothing to resume" in again.err


@pytest.mark.slow
def test_the_best_epoch_is_the_best_of_the_whole_training(inline: Command, data: Path, bank: Path) -> None:
    program = bank.parent / "program.py"
    program.write_text(program.read_text().replace("0.5 + epoch / 10", "[0.9, 0.2, 0.3, 0.4][epoch]"))
    broken = broken_off(inline, data)
    (data / "data.txt").write_text("good")
    again = inline("run", "--resume", "last", "--yes", "--json").document
    best = [each for each in inline("results", "last", "--json").document["checkpoints"] if each["best"]]
    assert [each["epoch"] for each in best] == [0]
    child = ["--skill", "toy-detector", "--action", "evaluate", "--data", f"eval={data}"]
    evaluated = inline("run", *child, "--parent", again["id"], "--yes", "--json").document
    used = spec_of(evaluated)["evaluate"]["checkpoint"]
    assert used == f"{again['results_dir']}/train/model_epoch_000_step_00001.pth"
    assert (Path(broken["results_dir"]) / "train" / "model_epoch_000_step_00001.pth").is_file()


@pytest.mark.slow
def test_what_broke_off_twice_goes_on_from_where_it_was(inline: Command, data: Path) -> None:
    first = broken_off(inline, data)
    (data / "data.txt").write_bytes(b"\xff")  # the program ends before its first epoch
    second = inline("run", "--resume", first["id"], "--yes", "--json").document
    assert second["state"] == "ERROR" and second["resumes"] == first["id"]
    (data / "data.txt").write_text("good")
    third = inline("run", "--resume", "last", "--yes", "--json")
    assert third.code == 0 and third.document["resumes"] == second["id"]
    assert f"note: {second['id']} broke off; it goes on from {second['results_dir']}" in third.err
    trained = sorted(path.name[:15] for path in (Path(third.document["results_dir"]) / "train").glob("*.pth"))
    assert trained == ["model_epoch_001", "model_epoch_002", "model_epoch_003"]


@pytest.mark.slow
def test_without_a_checkpoint_it_says_that_it_starts_anew(inline: Command, data: Path) -> None:
    (data / "data.txt").write_bytes(b"\xff")
    broken = broken_off(inline, data)
    (data / "data.txt").write_text("good")
    again = inline("run", "--resume", "last", "--yes", "--json")
    assert again.code == 0 and again.document["resumes"] is None
    assert f"note: {broken['id']} broke off and left no checkpoint to go on from" in again.err


@pytest.mark.slow
def test_it_goes_on_on_the_terms_of_then(inline: Command, data: Path) -> None:
    (data / "data.txt").write_text("good")
    assert inline("run", *TRAIN, "--data", f"train={data}", "--yes").code == 0
    (data / "data.txt").write_bytes(b"\xff")
    evaluate = [
        "--skill",
        "toy-detector",
        "--action",
        "evaluate",
        "--data",
        f"eval={data}",
        "--parent",
        "last:train",
    ]
    assert inline("run", *evaluate, "--checkpoint", "0", "--retries", "5", "--yes").code == 1
    (data / "data.txt").write_text("good")
    again = inline("run", "--resume", "last", "--yes", "--json").document
    assert spec_of(again)["evaluate"]["checkpoint"].endswith("model_epoch_000_step_00001.pth")
    assert (again["checkpoint"], again["retry"]["infra"]) == ("0", 5)
    (data / "data.txt").write_bytes(b"\xff")
    assert inline("run", *evaluate, "--checkpoint", "0", "--yes").code == 1
    (data / "data.txt").write_text("good")
    other = inline("run", "--resume", "last", "--checkpoint", "1", "--yes", "--json").document
    assert spec_of(other)["evaluate"]["checkpoint"].endswith("model_epoch_001_step_00002.pth")


@pytest.mark.slow
def test_going_on_is_approved_as_that(inline: Command, data: Path) -> None:
    broken = broken_off(inline, data, "--retries", "1")
    (data / "data.txt").write_text("good")
    asked = inline("run", "--resume", "last")
    subject = f"{broken['plan_id'][:12]}:resumes={broken['id']}:retries=1"
    assert asked.code == 4 and f"'skillbank approve {subject}'" in asked.err
    plain = inline("approve", broken["plan_id"][:12], "--yes")
    assert plain.code == 0 and inline("run", "--resume", "last").code == 4, "approved to start anew"
    approved = inline("approve", subject, "--yes")
    assert approved.code == 0 and f"going on from what {broken['id']} has left" in approved.out
    assert inline("run", "--resume", "last").code == 0


@pytest.mark.slow
def test_only_what_broke_off_at_the_same_plan_is_gone_on_from(
    inline: Command, data: Path, bank: Path
) -> None:
    broken = broken_off(inline, data)
    (data / "data.txt").write_text("good")
    done = inline("run", "--resume", "last", "--yes", "--json").document
    with Runtime(banks=[bank]) as runtime:
        plan = Plan.from_document(runtime.jobs.store.get(broken["id"]).plan)
        with pytest.raises(StateError, match=f"{done['id']} has left: that job is COMPLETE"):
            runtime.launch(plan, resumes=done["id"])
        other = plan.model_copy(update={"spec": {**plan.spec, "fail": "never"}})
        with pytest.raises(StateError, match=f"{broken['id']} has left: that job ran another plan"):
            runtime.launch(other, resumes=broken["id"])
