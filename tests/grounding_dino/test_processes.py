"""Several processes train as one would, stop as one would, and fail with one sentence."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from skillbank_engine.crew import Crew, crew_of, gpu_numbers
from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.checkpoint import read_checkpoint
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.denoising import make_denoising_queries
from skillbank_engine.families.grounding_dino.targets import batch_targets
from skillbank_engine.team import Team
from skillbank_engine.training.loading import EpochBatches
from tests.grounding_dino.conftest import LATEST, TINY_OVERRIDES, data_block, status_lines

NODES = {"WORLD_SIZE": "2", "NODE_RANK": "1", "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"}


@given(st.integers(1, 40), st.integers(1, 5), st.integers(1, 4))
def test_shares_make_up_the_batches_of_one_process(count: int, batch_size: int, processes: int) -> None:
    whole = EpochBatches(count, batch_size * processes, seed=3)
    shares = [EpochBatches(count, batch_size, seed=3, team=Team(n, processes)) for n in range(processes)]
    for sampler in (whole, *shares):
        sampler.start(2)
    columns = [list(sampler) for sampler in shares]
    assert {len(column) for column in columns} == {whole.batches} == {sampler.batches for sampler in shares}
    for number, batch in enumerate(whole):
        counted = [part for s, part in zip(shares, columns, strict=True) if s.share(number)]
        assert [key for column in counted for key in column[number]] == batch
        # Nobody skips a step, and nobody is far behind.
        sizes = [len(column[number]) for column in columns]
        assert min(sizes) >= 1
        assert max(sizes) - min(sizes) <= 1


def test_parts_of_a_batch_get_the_noise_of_the_whole() -> None:
    boxes = [torch.rand(count, 4) * 0.5 for count in (2, 3, 1)]
    targets = batch_targets(boxes, [torch.zeros(len(item), dtype=torch.int64) for item in boxes])
    counts = torch.tensor([3, 4, 5])

    def queries(rows: slice) -> Any:
        part = batch_targets(boxes[rows], [torch.zeros(len(item), dtype=torch.int64) for item in boxes[rows]])
        numbers = torch.Generator().manual_seed(7)
        return make_denoising_queries(
            part.padded(3), 2, 1.0, 0.5, counts[rows], numbers, (rows.start, len(boxes))
        )

    numbers = torch.Generator().manual_seed(7)
    whole = make_denoising_queries(targets, 2, 1.0, 0.5, counts, numbers)
    assert whole is not None
    for rows in (slice(0, 1), slice(1, 3)):
        part, expected = queries(rows), whole.part(rows)
        assert torch.equal(part.phrases, expected.phrases)
        assert torch.equal(part.valid, expected.valid)
        assert torch.equal(part.boxes[part.valid], expected.boxes[expected.valid])


@pytest.mark.parametrize(
    ("words", "gpus", "environment", "crew"),
    [
        ([], 0, {}, Crew()),
        (["train.num_gpus=8"], 0, {}, Crew()),
        (["engine.processes=3"], 0, {"WORLD_SIZE": "1"}, Crew(3)),
        (["engine.processes=3"], 1, {}, Crew(1)),
        (["train.num_gpus=2"], 4, {}, Crew(2)),
        (["train.num_gpus=2", "train.gpu_ids=[3, 1]"], 4, {}, Crew(2)),
        (["train.num_nodes=2", "train.num_gpus=4"], 4, NODES, Crew(4, 2, 1, "10.0.0.1", 29500)),
    ],
)
def test_crews(words: list[str], gpus: int, environment: dict[str, str], crew: Crew) -> None:
    assert crew_of(build_spec("train", {}, words), gpus, environment) == crew


@pytest.mark.parametrize(
    ("words", "gpus", "environment", "sentence"),
    [
        (
            ["train.num_nodes=2"],
            0,
            {},
            "train.num_nodes is 2, but WORLD_SIZE, NODE_RANK, MASTER_ADDR, MASTER",
        ),
        (["train.num_nodes=2"], 0, {**NODES, "MASTER_PORT": ""}, "but MASTER_PORT is not set"),
        (["train.num_nodes=3"], 0, NODES, "train.num_nodes is 3, but WORLD_SIZE, which counts nodes, is 2"),
        ([], 0, NODES, "train.num_nodes is 1, but WORLD_SIZE, which counts nodes, is 2: make them agree"),
        (
            ["train.num_nodes=2"],
            0,
            {**NODES, "NODE_RANK": "2"},
            "NODE_RANK is 2, but 2 nodes count from 0 to 1",
        ),
        (["train.num_nodes=2"], 0, {**NODES, "NODE_RANK": "one"}, "NODE_RANK is 'one', which is no number"),
        (["train.num_gpus=2", "train.gpu_ids=[1]"], 4, {}, r"train.gpu_ids \[1\] does not name .*num_gpus=2"),
        (["train.num_gpus=2", "train.gpu_ids=[1, 1]"], 4, {}, "2 different GPUs"),
        (["train.num_gpus=4"], 2, {}, "train.gpu_ids names GPU 3, but there are 2"),
    ],
)
def test_refused_crews(words: list[str], gpus: int, environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence):
        crew_of(build_spec("train", {}, words), gpus, environment)


def test_gpus_are_named_or_counted() -> None:
    assert gpu_numbers(build_spec("train", {}, ["train.num_gpus=3"]).train, 4) == [0, 1, 2]
    assert gpu_numbers(build_spec("train", {}, ["train.gpu_ids=[2]"]).train, 4) == [2]


@pytest.fixture(scope="module")
def eleven(tmp_path_factory: pytest.TempPathFactory, shapes: Path) -> Path:
    """A spec with eleven pictures, so that the last batch of ten leaves one of two processes idle."""
    folder = tmp_path_factory.mktemp("eleven")
    document: dict[str, Any] = {"results_dir": str(folder / "one"), "dataset": data_block(shapes)}
    source = document["dataset"]["train_data_sources"][0]
    lines = Path(source["json_file"]).read_text(encoding="utf-8").splitlines(keepends=True)
    source["json_file"] = str(folder / "eleven.jsonl")
    Path(source["json_file"]).write_text("".join(lines[:11]), encoding="utf-8")
    (folder / "spec.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def alone(eleven: Path) -> Path:
    """The results of one process with batches of ten."""
    words = ["train.num_epochs=3", "dataset.batch_size=10"]
    assert main(["train", "-e", str(eleven / "spec.yaml"), *TINY_OVERRIDES, *words]) == 0
    return eleven / "one" / "train"


def words(eleven: Path, folder: str, *more: str) -> list[str]:
    """Arguments of a run whose processes take five pictures each."""
    return [
        "train",
        "-e",
        str(eleven / "spec.yaml"),
        *TINY_OVERRIDES,
        "train.num_epochs=3",
        "dataset.batch_size=5",
        f"results_dir={eleven / folder}",
        *more,
    ]


def start(arguments: list[str], **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "skillbank_engine", "grounding_dino", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "runtime", **environment},
    )


def kpis(folder: Path) -> list[dict[str, float]]:
    return [line["kpi"] for line in status_lines(folder) if "kpi" in line]


def agree(folder: Path, other: Path) -> None:
    """Two runs measured the same and ended with the same weights, up to rounding."""
    first, second = kpis(folder), kpis(other)
    assert len(first) == 6
    assert first == [pytest.approx(kpi, rel=2e-3, abs=2e-3) for kpi in second]
    ends = [read_checkpoint(place / LATEST, "test") for place in (folder, other)]
    assert ends[0].step == ends[1].step == 6
    assert ends[0].training["position"] == pytest.approx(ends[1].training["position"])
    for name, tensor in ends[0].weights.items():
        # A constant ahead of a norm with one channel a group: its gradient is rounding, and Adam follows it.
        if "input_proj_vision" in name and name.endswith(".0.bias"):
            continue
        torch.testing.assert_close(tensor, ends[1].weights[name], rtol=1e-2, atol=1e-3, msg=name)
    for number, state in ends[0].training["optimizer"]["state"].items():
        expected = ends[1].training["optimizer"]["state"][number]["exp_avg"]
        torch.testing.assert_close(state["exp_avg"], expected, rtol=5e-2, atol=2e-3, msg=str(number))


@pytest.mark.slow
def test_two_nodes_train_as_one_process(eleven: Path, alone: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    arguments = words(eleven, "nodes", "train.num_nodes=2")
    nodes = [start(arguments, NODE_RANK=str(number), **common) for number in (1, 0)]
    outputs = [node.communicate(timeout=300) for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], outputs
    assert all(output == "Execution status: PASS\n" for output, _ in outputs)
    # The first node tells, the second is silent.
    assert "epoch 3/3" in outputs[1][1]
    assert "epoch" not in outputs[0][1]
    folder = eleven / "nodes" / "train"
    assert [line["status"] for line in status_lines(folder)].count("STARTED") == 1
    agree(alone, folder)


@pytest.mark.slow
def test_weights_shared_out_train_as_whole_ones(eleven: Path, alone: Path) -> None:
    assert main(words(eleven, "fsdp", "engine.processes=2", "train.distributed_strategy=fsdp")) == 0
    agree(alone, eleven / "fsdp" / "train")


@pytest.mark.slow
def test_a_stopped_or_killed_run_goes_on_in_any_number_of_processes(eleven: Path) -> None:
    folder = eleven / "stopped" / "train"
    endless = words(eleven, "stopped", "engine.processes=2", "train.num_epochs=1000")

    def until_saved() -> subprocess.Popen[str]:
        before = len(list(folder.glob("model_epoch_*")))
        process = start(endless, WHOSE=str(folder))
        deadline = time.monotonic() + 120
        while len(list(folder.glob("model_epoch_*"))) <= before and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        return process

    process = until_saved()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=120)
    assert (process.returncode, output) == (1, "Execution status: FAIL\n")
    last = status_lines(folder)[-1]
    assert (last["status"], last["message"]) == (
        "FAILURE",
        "The run was stopped by SIGTERM: start the same command again to go on",
    )
    stopped_at = read_checkpoint(folder / LATEST, "test").step
    assert stopped_at >= max(line["step"] for line in status_lines(folder) if "step" in line)

    process = until_saved()
    second = _processes_of(folder)[-1]
    os.kill(second, signal.SIGKILL)
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (1, "Execution status: FAIL\n")
    (sentence,) = [line for line in errors.splitlines() if line.startswith("ERROR: ")]
    assert "Training process 1 of 2 was ended by SIGKILL, perhaps for lack of memory" in sentence
    assert status_lines(folder)[-1]["message"] == sentence.removeprefix("ERROR: ")
    checkpoint = read_checkpoint(folder / LATEST, "test")
    assert checkpoint.step > stopped_at

    # One process goes on from what two have left.
    epochs = checkpoint.training["position"]["epoch"] + 1
    more = ["dataset.batch_size=10", f"train.num_epochs={epochs}"]
    assert main(words(eleven, "stopped", *more)) == 0
    assert read_checkpoint(folder / LATEST, "test").step == 2 * epochs


def _processes_of(folder: Path) -> list[int]:
    """The training processes that the launcher of a run has started, in order."""
    whose = f"WHOSE={folder}".encode()
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = ((place / name).read_bytes() for name in ("cmdline", "environ"))
        except OSError:
            continue
        if b"spawn_main" in command and whose in environment.split(b"\0"):
            found.append(int(place.name))
    return sorted(found)


@pytest.mark.slow
def test_what_one_process_cannot_read_ends_all_with_its_sentence(
    eleven: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # A picture larger than it is annotated is found by the process that loads it.
    spec = yaml.safe_load((eleven / "spec.yaml").read_text(encoding="utf-8"))
    source = spec["dataset"]["train_data_sources"][0]
    lines = [json.loads(line) for line in Path(source["json_file"]).read_text(encoding="utf-8").splitlines()]
    lines[4]["width"] += 1
    wrong = eleven / "wrong.jsonl"
    wrong.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    key = f"dataset.train_data_sources[0].json_file={wrong}"
    assert main(words(eleven, "wrong", "engine.processes=2", key)) == 1
    captured = capfd.readouterr()
    assert captured.out.splitlines()[-1] == "Execution status: FAIL"
    errors = [line for line in captured.err.splitlines() if "ERROR" in line]
    assert len(errors) == 1
    assert "64 x 64 pixels but annotated as 65 x 64: correct the annotation's size" in errors[0]
    assert status_lines(eleven / "wrong" / "train")[-1]["message"] == errors[0].removeprefix("ERROR: ")
