"""Passes that are traced give the answers of the module, and are traced only where it pays."""

import copy
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from skillbank_engine.exchange import Graph
from skillbank_engine.families.classification_pyt.export import graph_of
from skillbank_engine.families.classification_pyt.model import build_classifier
from skillbank_engine.families.rtdetr.folding import folded
from skillbank_engine.families.rtdetr.model import build_detector
from skillbank_engine.families.rtdetr.task import RtDetrGraph
from skillbank_engine.families.segformer.export import graph as graph_of_segmenter
from skillbank_engine.families.segformer.model import build
from skillbank_engine.onnx_file import write_graph
from skillbank_engine.tracing import TracedPasses
from tests.engine.classification_pyt.test_loss import SIZES, architecture
from tests.engine.rtdetr.conftest import TINY
from tests.engine.segformer.test_model import TINY as TINY_SEGMENTER

MANY = 10_000


def _classifier(kind: str) -> nn.Module:
    return graph_of(build_classifier(architecture(kind), "abcd"), 64, 64, 1).module


_MODULES: dict[str, Callable[[], nn.Module]] = {
    "rtdetr": lambda: RtDetrGraph(folded(build_detector(TINY, 5))),
    "segformer": lambda: graph_of_segmenter(build(TINY_SEGMENTER, ("a", "b", "c")), 64, 64, 1).module,
    **{kind: partial(_classifier, kind) for kind in SIZES},
}


class _Counting(nn.Module):
    """Counts how often Python runs it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 2, 1)
        self.passes = 0

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        self.passes += 1
        return (self.layer(pixels),)


def _pixels(seed: int, pictures: int, side: int = 64) -> Tensor:
    return torch.rand(pictures, 3, side, side, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", _MODULES)
@torch.inference_mode()
def test_answers_are_those_of_the_module(name: str) -> None:
    torch.manual_seed(0)
    module = _MODULES[name]().eval()
    plain = copy.deepcopy(module)
    passes = TracedPasses(module, MANY, channels_last=name != "segformer")
    for seed, pictures in enumerate((1, 1, 3, 3, 1)):
        pixels = _pixels(seed, pictures)
        for found, wanted in zip(passes(pixels), plain(pixels), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_many_passes_run_without_python_and_few_as_they_are() -> None:
    many, few = _Counting(), _Counting()
    traced, plain = (
        TracedPasses(module, pictures, channels_last=False) for module, pictures in ((many, 100), (few, 20))
    )
    for seed in range(20):
        pixels = _pixels(seed, 1, 8)
        assert torch.equal(traced(pixels)[0], many.layer(pixels))
        plain(pixels)
    assert (many.passes, few.passes) == (1, 20)


class _Asking(nn.Module):
    """Says in its trace with how many threads it was made."""

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        return (pixels + torch.get_num_threads(),)


@torch.inference_mode()
@pytest.mark.parametrize(("side", "named", "wanted"), [(8, 0, 1), (256, 0, 2), (8, 3, 3), (256, 1, 1)])
def test_a_small_pass_has_one_thread_unless_somebody_names_a_number(
    side: int, named: int, wanted: int
) -> None:
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        passes = TracedPasses(_Asking(), MANY, channels_last=False, threads=named)
        pixels = _pixels(0, 1, side)
        torch.testing.assert_close(passes(pixels)[0], pixels + wanted)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(usual)


class _Placed(nn.Module):
    """Adds a code of places, which follows from the size of its pixels."""

    def forward(self, pixels: Tensor) -> tuple[Tensor]:
        places = torch.arange(pixels.shape[-1] * 2, dtype=torch.float32).sin().cos()
        return (pixels + places[: pixels.shape[-1]],)


@torch.inference_mode()
def test_what_follows_from_sizes_alone_is_computed_once() -> None:
    passes = TracedPasses(_Placed(), MANY, channels_last=False)
    pixels = _pixels(0, 1, 8)
    assert torch.equal(passes(pixels)[0], _Placed()(pixels)[0])
    with torch.profiler.profile() as profile:
        assert torch.equal(passes(pixels)[0], _Placed()(pixels)[0])
    counts = {event.key: event.count for event in profile.key_averages()}
    # Of the module, with which the pass is compared.
    assert counts["aten::sin"] == counts["aten::cos"] == 1


@torch.inference_mode()
def test_the_last_batch_and_pictures_of_many_sizes_go_through_the_module() -> None:
    module = _Counting()
    passes = TracedPasses(module, MANY, channels_last=False)
    for side in range(8, 18):
        pixels = _pixels(side, 1, side)
        assert torch.equal(passes(pixels)[0], module.layer(pixels))
    assert module.passes == 10
    passes(_pixels(0, 1, 8))
    passes(_pixels(0, 1, 17))
    assert module.passes == 11, "the first sizes are traced, the last is not"


def test_a_graph_is_in_evaluation_mode_whatever_was_made_of_it_before(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    dropping = nn.Dropout(0.5)
    inputs = {"inputs": torch.ones(1, 3, 8, 8)}
    # The exporter puts a module back into the mode that it has found, with all that is in it.
    write_graph(Graph(nn.Sequential(dropping), inputs, ("outputs",)), tmp_path / "m.onnx", {})
    module = Graph(nn.Sequential(dropping), inputs, ("outputs",)).module
    assert torch.equal(module(inputs["inputs"]), inputs["inputs"])
