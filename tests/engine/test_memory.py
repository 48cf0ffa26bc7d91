"""A step that does not fit into the device's memory is done again with less; whatever is changed is said."""

from pathlib import Path
from typing import Any

import pytest
import torch

from skillbank_engine.status import StatusLog
from skillbank_engine.training.memory import EVERY, Memory, MemoryGuard
from tests.engine.conftest import Run, status_lines
from tests.engine.toy_family.task import Colours, ColourTask

MOST = 2
"""Pictures that the device of these tests has room for."""


class Device:
    """Has room for few pictures, or for more once activations are recomputed."""

    def __init__(self, room: int, recomputed: int) -> None:
        self.room, self.recomputed = room, recomputed
        self.recomputes = False

    def recompute(self, _task: Any) -> bool:
        if self.recomputes or not self.recomputed:
            return False
        self.recomputes = True
        return True

    def look(self, _module: Any, inputs: tuple[torch.Tensor]) -> None:
        if torch.is_grad_enabled() and len(inputs[0]) > (self.recomputed if self.recomputes else self.room):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    """Let the toy's model run out of memory in its forward pass."""
    made = Device(MOST, 0)
    build = Colours.__init__

    def built(self: Colours, *arguments: Any, **more: Any) -> None:
        build(self, *arguments, **more)
        self.register_forward_pre_hook(made.look)

    monkeypatch.setattr(Colours, "__init__", built)
    monkeypatch.setattr(ColourTask, "recompute", lambda task: made.recompute(task))
    return made


def trained(toy: Run, folder: Path, *words: str) -> tuple[int, dict[str, torch.Tensor], list[str]]:
    words = ("train.num_epochs=2", "engine.profile=full", f"results_dir={folder}", *words)
    code = toy("train", *words)
    said = [line["message"] for line in status_lines(folder / "train")]
    path = folder / "train" / "toy_model_latest.pth"
    return code, torch.load(path, weights_only=True)["weights"] if path.exists() else {}, said


def test_parts_train_as_the_whole_batch_would(
    toy: Run, tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, parts, said = trained(toy, tmp_path / "parts")
    assert code == 0
    [line] = [text for text in said if "did not fit" in text]
    assert "Tried" not in line
    assert "each batch is computed in 2 parts from now on" in line
    device.room = 4
    code, whole, said = trained(toy, tmp_path / "whole")
    assert code == 0
    assert not [text for text in said if "did not fit" in text]
    assert all(torch.allclose(parts[name], whole[name], atol=1e-5) for name in whole)


def test_activations_are_recomputed_first(toy: Run, tmp_path: Path, device: Device) -> None:
    device.recomputed = 4
    code, _, said = trained(toy, tmp_path)
    assert code == 0
    assert device.recomputes
    [line] = [text for text in said if "did not fit" in text]
    assert "activations are recomputed from now on" in line


def test_what_the_spec_says_of_activations_holds(toy: Run, tmp_path: Path, device: Device) -> None:
    device.recomputed = 4
    code, _, said = trained(toy, tmp_path, "engine.memory=spec")
    assert code == 0
    assert not device.recomputes
    assert any("in 2 parts" in text for text in said)


@pytest.mark.parametrize("words", [(), ("model.norm=batch",)])
def test_what_fits_in_no_way_is_one_sentence(
    toy: Run, tmp_path: Path, device: Device, words: tuple[str, ...]
) -> None:
    # Statistics of a batch norm are those of the whole batch, which is never cut.
    device.room = 2 if words else 0
    code, _, said = trained(toy, tmp_path, *words)
    assert code == 1
    assert "does not fit into the device's memory" in said[-1]
    assert "lower dataset.batch_size" in said[-1]


class _Task:
    """As much of a task as the guard looks at."""

    separable = True

    def __init__(self, memory: str) -> None:
        self.module = torch.nn.Linear(1, 1)
        self.recomputed = 0
        self.spec: Any = type("Spec", (), {"engine": type("Engine", (), {"memory": memory})})

    def recompute(self) -> bool:
        self.recomputed += 1
        return self.recomputed == 1


@pytest.mark.parametrize(("memory", "size", "wanted"), [("auto", 1, 1), ("spec", 1, 0), ("auto", 2, 0)])
def test_a_memory_that_is_nearly_full_is_relieved(
    tmp_path: Path, memory: str, size: int, wanted: int
) -> None:
    task: Any = _Task(memory)
    retries = iter([0, 2, 20, 20])
    status = StatusLog(tmp_path)
    guard = MemoryGuard(
        task,
        torch.device("cpu"),
        status,
        repeats=size == 1,
        probe=lambda _: Memory(79 << 30, 80 << 30, next(retries)),
    )
    for step in range(1, 4 * EVERY + 1):
        guard.look(step)
    assert task.recomputed == wanted
    path = tmp_path / "status.json"
    said = path.read_text(encoding="utf-8") if path.exists() else ""
    assert said.count("nearly full (79.0 of 80.0 GiB)") == wanted


def test_of_several_processes_none_goes_back_alone(tmp_path: Path) -> None:
    task: Any = _Task("auto")
    guard = MemoryGuard(task, torch.device("cpu"), StatusLog(tmp_path), repeats=False)

    def step(parts: int) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried")

    with pytest.raises(Exception, match="does not fit"):
        guard.fit(step, 8)
    assert (guard.parts, task.recomputed) == (1, 0)
