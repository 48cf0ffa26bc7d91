"""The full-size detector on a GPU against transformers' own Grounding DINO, in one run on one machine.

python benchmarks/gpu/against_transformers.py [--compile] [--profile] [--only inference|training]

Both hold the same random weights (Swin-T, BERT-base, 172 million parameters) and see the same pictures, the
same prompt of 80 names and the same boxes. Time is between device events over several steps after a warm-up,
the median is printed; memory is the peak that torch allocated. Both train with AdamW and count the same
losses: six decoder layers and the encoder's proposals, each matched for itself.
"""

import argparse
import copy
import statistics
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from transformers import GroundingDinoConfig, GroundingDinoForObjectDetection

from grounding_dino.architecture import Architecture
from grounding_dino.detector import Detector
from grounding_dino.loss import LossWeights, detection_loss
from grounding_dino.model import wrap_network
from grounding_dino.prompt import Prompt, PromptBatch, batch_prompts
from grounding_dino.targets import TargetBatch, batch_targets
from grounding_dino.weights import architecture_of

CLS, SEP, DOT, QUESTION = 101, 102, 1012, 1029
NAMES, BOXES = 80, 12


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


class Scene:
    """The inputs of both models."""

    def __init__(self, batch: int, height: int, width: int, device: torch.device) -> None:
        generator = torch.Generator().manual_seed(1)
        names = torch.randint(2000, 20000, (NAMES,), generator=generator).tolist()
        ids = (CLS, *(token for name in names for token in (name, DOT)), SEP)
        spans = tuple((1 + 2 * number, 2 + 2 * number) for number in range(NAMES))
        prompt = Prompt(tuple(str(name) for name in names), ids, spans)
        self.prompts: PromptBatch = batch_prompts([prompt] * batch, 0).to(device)
        self.pixels = torch.randn(batch, 3, height, width, generator=generator).to(device)
        self.mask = torch.ones(batch, height, width, dtype=torch.bool, device=device)
        middles = torch.rand(batch, BOXES, 2, generator=generator) * 0.6 + 0.2
        sizes = torch.rand(batch, BOXES, 2, generator=generator) * 0.3 + 0.02
        boxes = torch.cat([middles, sizes], -1)
        labels = torch.randint(0, NAMES, (batch, BOXES), generator=generator)
        self.targets: TargetBatch = batch_targets(list(boxes), list(labels)).to(device)
        self.labels = [
            {"class_labels": numbers.to(device), "boxes": true.to(device)}
            for numbers, true in zip(labels, boxes, strict=True)
        ]

    def theirs(self) -> dict[str, Any]:
        """The arguments of transformers' model."""
        ids = self.prompts.token_ids
        return {
            "pixel_values": self.pixels,
            "pixel_mask": self.mask.long(),
            "input_ids": ids,
            "token_type_ids": torch.zeros_like(ids),
            "attention_mask": torch.ones_like(ids),
        }


def random_network() -> Any:
    """Return the released size with random weights; what starts at zero or nearly so is shaken."""
    config = GroundingDinoConfig(auxiliary_loss=True)
    network: Any = GroundingDinoForObjectDetection(config)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "bbox_embed" in name or "_param" in name or "sampling_offsets.weight" in name:
                parameter.normal_(0, 0.02)
            elif "attention_weights.weight" in name:
                parameter.normal_(0, 0.2)
    return network


def detector_of(network: Any) -> Detector:
    tokens: Any = SimpleNamespace(special_ids=lambda: [CLS, SEP, DOT, QUESTION])
    return wrap_network(
        network, architecture_of(network, "", Architecture("swin_tiny_224_1k", "bert-base-uncased")), tokens
    )


def timed(work: Callable[[], Any], steps: int, warm_up: int = 3) -> tuple[float, float]:
    """Median seconds of one call, and the peak of allocated memory in GiB."""
    for _ in range(warm_up):
        work()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    spans = []
    for _ in range(steps):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        spans.append(start.elapsed_time(end) / 1000)
    return statistics.median(spans), torch.cuda.max_memory_allocated() / 2**30


def recorded(work: Callable[[], Any]) -> Callable[[], Any]:
    """Record the launches of one call as a CUDA graph; calling the result replays them."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    with torch.cuda.stream(stream):
        work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    return graph.replay


def row(name: str, batch: int, span: float, memory: float, base: float | None) -> float:
    speed = batch / span
    against = f"{speed / base:6.2f}x" if base else "      "
    print(f"{name:40} {1000 * span:8.1f} ms {speed:8.1f} images/s {memory:7.1f} GiB {against}", flush=True)
    return speed


@torch.no_grad()
def agreement(theirs: Any, ours: Detector, scene: Scene) -> None:
    """Print how far our answers are from transformers' in full precision and in bf16."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    theirs.eval()
    ours.eval()
    exact = theirs(**scene.theirs())
    length = scene.prompts.token_ids.shape[1]
    for name, enabled in (("fp32", False), ("bf16", True)):
        with torch.autocast("cuda", torch.bfloat16, enabled=enabled):
            mine = ours(scene.pixels.to(next(ours.parameters()).dtype), None, scene.prompts)
            yours = theirs(**scene.theirs())
        logits, boxes = mine.logits[-1].float(), mine.boxes[-1].float()
        ours_off = _missing(logits, boxes, exact, length)
        theirs_off = _missing(yours.logits[..., :length].float(), yours.pred_boxes.float(), exact, length)
        print(f"{name}: distance from transformers in fp32: ours {ours_off:.4f}, its own {theirs_off:.4f}")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True


def _missing(logits: torch.Tensor, boxes: torch.Tensor, exact: Any, length: int) -> float:
    """Mean distance (L1 of box and score) from each of the 100 best exact answers to the nearest given."""
    score = logits.sigmoid().amax(-1)
    wanted = exact.logits[..., :length].float().sigmoid().amax(-1)
    best = wanted.topk(100, 1).indices
    true = exact.pred_boxes.gather(1, best[..., None].expand(-1, -1, 4))
    distance = torch.cdist(true, boxes, p=1) + (wanted.gather(1, best)[..., None] - score[:, None]).abs()
    return float(distance.amin(-1).mean())


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
    work = run(lambda: ours(scene.pixels, None, scene.prompts), bf16)
    row("ours, inference, bf16", batch, *timed(work, options.steps), base)
    if options.compile:
        half = copy.deepcopy(ours).bfloat16()
        pixels = scene.pixels.bfloat16()
        work = run(lambda: half(pixels, None, scene.prompts), None)
        row("ours, inference, bf16 weights", batch, *timed(work, options.steps), base)
        agreement(theirs, half, scene)
        replay = recorded(work)
        row("ours, bf16 weights, recorded", batch, *timed(replay, options.steps), base)
        half.compile_layers()
        row("ours, bf16 weights, compiled", batch, *timed(work, options.steps), base)
        replay = recorded(work)
        row("ours, bf16 weights, compiled, recorded", batch, *timed(replay, options.steps), base)
        if options.profile:
            profile(replay)
    if options.profile:
        profile(work)


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
    theirs.zero_grad(set_to_none=True)
    optimizer.state.clear()
    theirs.to("cpu")
    torch.cuda.empty_cache()
    weights = LossWeights()
    names = ("", ", compiled", ", compiled with its backbone")
    for number, name in enumerate(names if options.compile else names[:1]):
        if number:
            ours.compile_layers(backbone=number == 2)
        fused = torch.optim.AdamW(ours.parameters(), 1e-5, fused=True)

        def our_step(fused: torch.optim.Optimizer = fused) -> None:
            with torch.autocast("cuda", torch.bfloat16):
                output = ours(scene.pixels, None, scene.prompts)
            losses = detection_loss(
                output, scene.targets, scene.prompts.phrase_tokens, weights, divisor=batch * BOXES
            )
            fused.zero_grad(set_to_none=True)
            losses["loss"].backward()  # type: ignore[no-untyped-call]
            fused.step()

        row(f"ours, training, bf16{name}", batch, *timed(our_step, options.steps), base)
        if options.profile:
            profile(our_step)


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
