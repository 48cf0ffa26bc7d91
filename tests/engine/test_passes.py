"""Passes that could be recorded: gradients in one row, the same over processes, and what is in a batch."""

from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, distributed, nn
from torch.multiprocessing.spawn import spawn

from skillbank_engine.exchange import Batch
from skillbank_engine.recording import (
    copied,
    is_paced_by_device,
    on_host,
    shape_of,
    tensors_in,
    with_tensors,
)
from skillbank_engine.team import ALONE, Team
from skillbank_engine.training.passes import GradientRow, Passes


@dataclass(frozen=True)
class Inner:
    values: Tensor
    groups: int


@dataclass(frozen=True)
class Rows(Batch):
    inputs: Tensor
    mask: Tensor | None = None
    inner: Inner | None = None


def test_a_batch_is_known_by_its_shapes_and_by_what_is_no_tensor() -> None:
    batch = Rows(torch.zeros(2, 3), None, Inner(torch.ones(4), 2))
    assert [tuple(tensor.shape) for tensor in tensors_in(batch)] == [(2, 3), (4,)]
    again = with_tensors(batch, iter([torch.ones(2, 3), torch.zeros(4)]))
    assert shape_of(again) == shape_of(batch)
    assert again.inner is not None
    assert (float(again.inputs.sum()), float(again.inner.values.sum()), again.inner.groups) == (6.0, 0.0, 2)
    others = [
        Rows(torch.zeros(2, 4), None, batch.inner),
        Rows(torch.zeros(2, 3, dtype=torch.int64), None, batch.inner),
        Rows(torch.zeros(2, 3), torch.ones(2), batch.inner),
        Rows(torch.zeros(2, 3), None, Inner(torch.ones(4), 3)),
    ]
    assert len({shape_of(batch), *map(shape_of, others)}) == 5
    copy = copied(batch)
    copy.inputs.add_(1)
    assert not batch.inputs.any()


def test_work_of_the_host_gets_all_it_asks_for() -> None:
    found = on_host(lambda a, b: a.sum(1) + b, torch.ones(2, 3), torch.tensor([1.0, 2.0]))
    assert found.tolist() == [4.0, 5.0]


class Model(nn.Module):
    """Two layers, of which a batch may leave one out, and one that nothing uses."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.always, self.sometimes, self.never = (nn.Linear(3, 3) for _ in range(3))

    def losses(self, batch: Rows, divisor: Any) -> dict[str, Tensor]:
        hidden = self.always(batch.inputs)
        if batch.mask is not None:
            hidden = self.sometimes(hidden)
        loss = hidden.square().sum() / divisor
        return {"loss": loss, "rows": loss.detach() * 0 + len(batch.inputs)}


def passes_of(model: Model, team: Team = ALONE) -> Passes[Rows]:
    passes = Passes(model.losses, lambda loss: loss, list(model.parameters()), team)
    passes.stop()
    return passes


def batches(rank: int) -> list[Rows]:
    numbers = torch.Generator().manual_seed(rank)
    rows = torch.randn(4, 3, generator=numbers)
    # Only the first process uses the second layer.
    return [Rows(rows[:2]), Rows(rows[2:], torch.ones(2) if rank == 0 else None)]


def test_a_step_of_two_batches_adds_up_and_forgets_the_one_before() -> None:
    model = Model()
    passes = passes_of(model)
    for _ in range(2):
        losses = passes.backward(batches(0), [4.0, 4.0]).read()
    assert losses["rows"] == 4.0
    found = {name: parameter.grad for name, parameter in model.named_parameters()}
    plain = Model()
    sum(plain.losses(batch, 4.0)["loss"] for batch in batches(0)).backward()  # type: ignore[union-attr]
    for name, parameter in plain.named_parameters():
        if parameter.grad is None:
            assert found[name] is None
        else:
            torch.testing.assert_close(found[name], parameter.grad)
    passes.backward([Rows(torch.ones(1, 3))], [1.0])
    assert model.sometimes.weight.grad is None
    assert model.always.weight.grad is not None


def test_places_of_a_row_are_aligned_and_apart() -> None:
    model = Model()
    row = GradientRow(list(model.parameters()))
    row.clear()
    row.touch(row.add(model.losses(batches(0)[1], 1.0)["loss"]))
    row.give(ALONE)
    places = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(places) == 4
    assert all(place.data_ptr() % 16 == places[0].data_ptr() % 16 for place in places)


def _train(rank: int, folder: str) -> None:
    distributed.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    model = Model()
    passes_of(model, Team(rank, 2, rank, 2)).backward(batches(rank), [4.0, 4.0])
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    torch.save(gradients, f"{folder}/{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_processes_have_the_mean_of_their_gradients(tmp_path: Any) -> None:
    spawn(_train, (str(tmp_path),), nprocs=2)  # type: ignore[no-untyped-call]
    one, other = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    plain = Model()
    sum(plain.losses(batch, 8.0)["loss"] for rank in (0, 1) for batch in batches(rank)).backward()  # type: ignore[union-attr]
    for name, parameter in plain.named_parameters():
        if parameter.grad is None:
            assert one[name] is other[name] is None
        else:
            assert torch.equal(one[name], other[name])
            torch.testing.assert_close(one[name], parameter.grad)


def test_only_what_is_recorded_is_told_to_spare_the_device() -> None:
    told = []

    class Telling(Model):
        def losses(self, batch: Rows, divisor: Any) -> dict[str, Tensor]:
            told.append(is_paced_by_device())
            return super().losses(batch, divisor)

    model = Telling()
    passes = Passes(model.losses, lambda loss: loss, list(model.parameters()), ALONE)
    passes.backward([Rows(torch.ones(1, 3))], [1.0])
    passes.stop()
    passes.backward([Rows(torch.ones(1, 3))], [1.0])
    assert told == [True, False]
    assert not is_paced_by_device()
