"""The full-size detector on a GPU against transformers' own Grounding DINO, in one run on one machine.

python -m benchmarks.gpu.against_transformers [--compile] [--profile] [--only inference|training]

Both hold the same random weights (Swin-T, BERT-base, 172 million parameters) and see the same pictures, the
same prompt of 80 names and the same boxes. Time is between device events over several steps after a warm-up,
the median is printed; memory is the peak that torch allocated, warm-up and recording included. Both train
with AdamW and count the same losses: six decoder layers and the encoder's proposals, each matched for itself.
"Recorded" is ``engine.cuda_graphs``, "compiled" is ``engine.compile``.
"""

import argparse
import copy
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from benchmarks.full_size import BOXES, Scene, detector_of, missing, random_network
from torch import Tensor

from skillbank_engine.device import Compute, attend_by_built_kernels
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss
from skillbank_engine.families.grounding_dino.prompt import PromptBatch
from skillbank_engine.families.grounding_dino.recorded import RecordedDetector
from skillbank_engine.families.grounding_dino.targets import TargetBatch
from skillbank_engine.team import ALONE
from skillbank_engine.training.low_weights import LowWeights
from skillbank_engine.training.passes import Passes


@dataclass(frozen=True)
class Inputs:
    """What a pass is recorded with."""

    pixels: Tensor
    prompts: PromptBatch
    targets: TargetBatch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--width", type=int, default=1066)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--only", choices=["inference", "training"])
    parser.add_argument("--compile", action="store_true", help="measure ours compiled as well")
    parser.add_argument("--profile", action="store_true", help="print where our time goes")
    options = parser.parse_args()
    torch._dynamo.config.recompile_limit = 32  # every layer of the backbone drops paths at its own rate
    torch.manual_seed(0)
    device = torch.device("cuda")
    network = random_network()
    theirs = network.to(device)
    ours = detector_of(copy.deepcopy(network)).to(device)
    scene = Scene(options.batch, options.height, options.width, device)
    count = sum(parameter.numel() for parameter in ours.parameters()) / 1e6
    size = f"batch {options.batch}, {options.height}x{options.width}, {count:.1f} M parameters"
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {size}")
    agreement(theirs, ours, scene)
    if options.only != "training":
        inference(theirs, ours, scene, options)
    if options.only != "inference":
        training(theirs, ours, scene, options)


def timed(work: Callable[[], Any], steps: int, warm_up: int = 3) -> tuple[float, float]:
    """Median seconds of one call, and the peak of allocated memory in GiB."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    for _ in range(warm_up):
        work()
    torch.cuda.synchronize()
    spans = []
    for _ in range(steps):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        spans.append(start.elapsed_time(end) / 1000)
    return statistics.median(spans), torch.cuda.max_memory_allocated() / 2**30


def row(name: str, batch: int, span: float, memory: float, base: float | None) -> float:
    speed = batch / span
    against = f"{speed / base:6.2f}x" if base else "      "
    print(f"{name:40} {1000 * span:8.1f} ms {speed:8.1f} images/s {memory:7.1f} GiB {against}", flush=True)
    return speed


@torch.no_grad()
def agreement(theirs: Any, ours: Detector, scene: Scene, detect: RecordedDetector | None = None) -> None:
    """Print how far our answers are from transformers' in full precision and in bf16."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    theirs.eval()
    ours.eval()
    exact = theirs(**scene.theirs())
    length = scene.prompts.token_ids.shape[1]
    for name, enabled in (("fp32", False), ("bf16", True)):
        with torch.autocast("cuda", torch.bfloat16, enabled=enabled):
            mine = (detect or ours)(scene.pixels.to(next(ours.parameters()).dtype), None, scene.prompts)
            yours = theirs(**scene.theirs())
        logits, boxes = mine.logits[-1].float(), mine.boxes[-1].float()
        ours_off = missing(logits, boxes, exact, length)
        theirs_off = missing(yours.logits[..., :length].float(), yours.pred_boxes.float(), exact, length)
        print(f"{name}: distance from transformers in fp32: ours {ours_off:.4f}, its own {theirs_off:.4f}")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True


def inference(theirs: Any, ours: Detector, scene: Scene, options: Any) -> None:
    theirs.eval()
    ours.eval()
    batch = len(scene.pixels)

    def run(model: Callable[[], Any], precision: torch.dtype | None) -> Callable[[], Any]:
        def work() -> Any:
            with (
                torch.no_grad(),
                torch.autocast("cuda", precision or torch.bfloat16, enabled=precision is not None),
            ):
                return model()

        return work

    bf16 = torch.bfloat16
    arguments = scene.theirs()
    row(
        "transformers, inference, fp32",
        batch,
        *timed(run(lambda: theirs(**arguments), None), options.steps),
        None,
    )
    span, memory = timed(run(lambda: theirs(**arguments), bf16), options.steps)
    base = row("transformers, inference, bf16", batch, span, memory, None)
    attend_by_built_kernels()
    work = run(lambda: ours(scene.pixels, None, scene.prompts), bf16)
    row("ours, inference, bf16", batch, *timed(work, options.steps), base)
    if options.compile:
        half = copy.deepcopy(ours).bfloat16()
        pixels = scene.pixels.bfloat16()
        work = run(lambda: half(pixels, None, scene.prompts), None)
        row("ours, inference, bf16 weights", batch, *timed(work, options.steps), base)
        agreement(theirs, half, scene)
        replay = run(replayed(half, pixels, scene), None)
        row("ours, bf16 weights, recorded", batch, *timed(replay, options.steps), base)
        agreement(theirs, half, scene, RecordedDetector(half, Compute(pixels.device, "bf16", 1)))
        half.compile_layers()
        row("ours, bf16 weights, compiled", batch, *timed(work, options.steps), base)
        replay = run(replayed(half, pixels, scene), None)
        row("ours, bf16 weights, compiled, recorded", batch, *timed(replay, options.steps), base)
        if options.profile:
            profile(replay)
    if options.profile:
        profile(work)


def replayed(detector: Detector, pixels: torch.Tensor, scene: Scene) -> Callable[[], Any]:
    """Detect on what was recorded of the same pass."""
    recording = RecordedDetector(detector, Compute(pixels.device, "bf16", 1))
    return lambda: recording(pixels, None, scene.prompts)


def training(theirs: Any, ours: Detector, scene: Scene, options: Any) -> None:
    batch = len(scene.pixels)
    theirs.train()
    ours.train()
    for model in (theirs, ours):
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    optimizer = torch.optim.AdamW(theirs.parameters(), 1e-5)
    arguments = scene.theirs()

    def their_step() -> None:
        with torch.autocast("cuda", torch.bfloat16):
            loss = theirs(**arguments, labels=scene.labels).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    try:
        base = row("transformers, training, bf16", batch, *timed(their_step, options.steps), None)
    except Exception as error:  # its own loss fails on some batches
        print("transformers' own training step fails:", str(error)[:200])
        base = None
    attend_by_built_kernels()
    theirs.zero_grad(set_to_none=True)
    optimizer.state.clear()
    theirs.to("cpu")
    torch.cuda.empty_cache()
    weights = LossWeights()
    compute = Compute(scene.pixels.device, "bf16", 1)
    names = ("", ", recorded", ", compiled", ", compiled, recorded")
    for number, name in enumerate(names if options.compile else names[:2]):
        if number == 2:
            ours.compile_layers()
        fused = torch.optim.AdamW(ours.parameters(), 1e-5, fused=True)

        def losses(inputs: Inputs, divisor: Tensor) -> dict[str, Tensor]:
            with compute.autocast():
                output = ours(inputs.pixels, None, inputs.prompts)
            return detection_loss(
                output, inputs.targets, inputs.prompts.phrase_tokens, weights, divisor=divisor
            )

        parameters = list(ours.parameters())
        low = LowWeights(ours, parameters, compute.kind)
        passes: Passes[Any] = Passes(losses, lambda loss: loss, parameters, ALONE, low)
        passes.recording = number % 2 == 1

        def our_step(fused: torch.optim.Optimizer = fused, passes: Passes[Any] = passes) -> None:
            passes.backward([Inputs(scene.pixels, scene.prompts, scene.targets)], [batch * BOXES])
            fused.step()

        row(f"ours, training, bf16{name}", batch, *timed(our_step, options.steps), base)
        if options.profile:
            profile(our_step)
        # Optimiser, recording and what it recorded go before the next is measured.
        del our_step, passes, fused
        ours.zero_grad(set_to_none=True)


def profile(work: Callable[[], Any]) -> None:
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as record

    with record(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as profiler:
        for _ in range(2):
            work()
        torch.cuda.synchronize()
    print(
        profiler.key_averages().table(sort_by="self_cuda_time_total", row_limit=28, max_name_column_width=70)
    )


if __name__ == "__main__":
    main()
