"""engine.cuda_graphs: replayed passes give what plain ones give, and batches come in few shapes."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch
from PIL import Image

from skillbank_engine.data.transforms import Resizing, normalise
from skillbank_engine.device import Compute
from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino import recorded
from skillbank_engine.families.grounding_dino.commands.loading import RECORDED_AFTER, ready
from skillbank_engine.families.grounding_dino.data.loading import Batch, Collator, Sample
from skillbank_engine.families.grounding_dino.denoising import make_denoising_queries
from skillbank_engine.families.grounding_dino.detector import Detector, DetectorOutput
from skillbank_engine.families.grounding_dino.predictor import Predictor
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.recorded import SHAPE_STEP, RecordedDetector
from skillbank_engine.families.grounding_dino.task import RECORDED_PASSES
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.recording import paced_by_device, require_graphs
from skillbank_engine.team import ALONE
from skillbank_engine.training.gradients import GradientWorker
from skillbank_engine.training.low_weights import LowWeights
from skillbank_engine.training.passes import Passes
from tests.grounding_dino.conftest import task_of

NAMES = ("red circle", "blue star", "green star", "purple square")
_CANCELLED = re.compile(r"(input_proj_vision\.\d+\.0\.)bias$")
"""Biases that a group norm takes out again: their gradients are what rounding leaves of sums that come to
nothing, measured by those of the weights beside them."""
on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")


def batch_of(tokenizer: PhraseTokenizer, seed: int, pictures: int = 2, step: int = SHAPE_STEP) -> Batch:
    """A batch of random pictures with some boxes each."""
    numbers = torch.Generator().manual_seed(seed)
    samples = []
    for number in range(pictures):
        phrases = NAMES[: 1 + (seed + number) % len(NAMES)]
        samples.append(
            Sample(
                torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8, generator=numbers),
                torch.rand(2, 4, generator=numbers) * 0.3 + 0.3,
                torch.arange(2) % len(phrases),
                build_prompt(phrases, tokenizer, 64),
            )
        )
    return Collator(tokenizer.pad, step=step)(samples)


def worker_of(
    detector: Detector,
    tokenizer: PhraseTokenizer,
    compute: Compute,
    scaler: torch.amp.GradScaler | None = None,
    *,
    recording: bool = True,
) -> GradientWorker[Batch]:
    """What computes the gradients of a training that keeps its activations, recorded or not."""
    task = task_of(detector, tokenizer, "train.activation_checkpoint=false")
    task.recording = recording
    return GradientWorker(task, compute, scaler or compute.scaler())


def autocast(detector: Detector, compute: Compute) -> Callable[..., DetectorOutput]:
    """The detector as trainings call it."""

    def forward(*arguments: Any) -> DetectorOutput:
        with compute.autocast():
            output: DetectorOutput = detector(*arguments)
        return output

    return forward


def prepared(batch: Batch, seed: int) -> Batch:
    """The batch as a step gets it, with denoising queries."""
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)
    numbers = torch.Generator(batch.pixels.device).manual_seed(seed)
    queries = make_denoising_queries(batch.targets, 2, 1.0, 0.5, batch.phrase_counts, numbers)
    return replace(batch, pixels=pixels, queries=queries)


def test_no_gpu_is_one_sentence() -> None:
    with pytest.raises(EngineError, match=r"needs a GPU: set engine.cuda_graphs=false"):
        require_graphs(torch.device("cpu"))


def test_long_trainings_on_a_gpu_are_recorded_where_nothing_else_is_said(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    said: list[str] = []

    def chosen(*words: str, device: str = "cuda", passes: int = RECORDED_PASSES) -> bool:
        task = task_of(detector, tokenizer, *words)
        return task.records(Compute(torch.device(device), "bf16", 1), passes, said.append)

    kept = "train.activation_checkpoint=false"
    assert chosen(kept)
    assert said.pop().startswith("Passes are recorded for each shape of batch and replayed")
    assert not chosen(kept, passes=RECORDED_PASSES - 1)
    assert said.pop() == (
        f"Passes are not recorded (engine.cuda_graphs is not set): {RECORDED_PASSES - 1} are too few to pay"
    )
    assert not chosen(kept, device="cpu")
    assert not chosen("train.activation_checkpoint=true")
    assert not chosen(kept, "engine.cuda_graphs=false")
    assert not said
    assert chosen(kept, "engine.cuda_graphs=true", passes=1)
    assert chosen("train.activation_checkpoint=true", "engine.cuda_graphs=true")
    assert said == ["engine.cuda_graphs keeps activations: train.activation_checkpoint has no effect"]
    with pytest.raises(EngineError, match="needs a GPU"):
        chosen(kept, "engine.cuda_graphs=true", device="cpu")


@pytest.mark.slow
def test_passes_that_could_be_recorded_give_the_gradients_of_others(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    """On a CPU, where nothing is recorded: two batches of a step add up to the same, and what none uses has
    no gradient."""
    compute = Compute(torch.device("cpu"), "fp32", 1)
    batches = [prepared(batch_of(tokenizer, seed, pictures=1 + seed), seed) for seed in (0, 1)]
    detector.train()
    found = []
    for recording in (False, True):
        worker = worker_of(detector, tokenizer, compute, recording=recording)
        worker.stop_recording()
        for _ in range(2):
            detector.zero_grad(set_to_none=True)
            torch.manual_seed(0)
            losses = worker.backward(batches, [3.0, 3.0]).read()
        gradients = {n: p.grad.clone() for n, p in detector.named_parameters() if p.grad is not None}
        found.append((losses, gradients))
    (plain_losses, plain), (losses, gradients) = found
    assert losses == {name: pytest.approx(value, rel=1e-4) for name, value in plain_losses.items()}
    assert gradients.keys() == plain.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, plain[name], rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.slow
def test_rounded_prompts_change_no_answer(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    prompts = [build_prompt(names, tokenizer, 64) for names in (NAMES[:1], NAMES[:3])]
    pixels = torch.randn(2, 3, 64, 64)
    detector.eval()
    with torch.no_grad():
        plain = detector(pixels, None, batch_prompts(prompts, tokenizer.pad))
        rounded_batch = batch_prompts(prompts, tokenizer.pad, SHAPE_STEP)
        rounded = detector(pixels, None, rounded_batch)
    length = plain.logits.shape[-1]
    assert rounded.logits.shape[-1] == rounded_batch.phrase_tokens.shape[1] == SHAPE_STEP
    torch.testing.assert_close(rounded.boxes, plain.boxes)
    torch.testing.assert_close(rounded.logits[..., :length], plain.logits)
    assert torch.isneginf(rounded.logits[..., length:]).all()


@pytest.mark.slow
def test_weights_in_bf16_detect_as_those_in_fp32(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    batch = batch_of(tokenizer, 3)
    pixels = torch.randn(2, 3, 64, 64)
    mask = torch.ones(2, 64, 64, dtype=torch.bool)
    mask[1, :, 48:] = False
    detector.eval()
    with torch.no_grad():
        exact = detector(pixels, mask, batch.prompts)
        rough = detector.bfloat16()(pixels.bfloat16(), mask, batch.prompts)
    best = exact.logits[-1].sigmoid().amax(-1)
    assert float((rough.logits[-1].float().sigmoid().amax(-1) - best).abs().mean()) < 0.03


Found = tuple[dict[str, float], dict[str, torch.Tensor]]


def step_of(
    worker: GradientWorker[Batch], detector: Detector, batch: Batch, seed: int, passes: int = 1
) -> Found:
    """Losses and gradients of a step of some passes."""
    torch.manual_seed(seed)
    detector.zero_grad(set_to_none=True)
    losses = worker.backward([batch] * passes, [batch.targets.count] * passes).read()
    return losses, {n: p.grad.clone() for n, p in detector.named_parameters() if p.grad is not None}


def apart(some: Found, others: Found) -> dict[str, float]:
    """How far gradients are from others, by parameter."""
    assert some[1].keys() == others[1].keys()
    return {name: float((gradient - others[1][name]).norm()) for name, gradient in some[1].items()}


@on_a_gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_replayed_steps_give_the_gradients_of_plain_ones(
    detector: Detector, tokenizer: PhraseTokenizer, precision: str
) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).train()
    compute = Compute(device, precision, 1)
    rounding = 1e-4 if precision == "fp32" else 2.0**-8
    scaler = torch.amp.GradScaler("cuda", init_scale=256.0, enabled=precision == "fp16")
    plain, recorded = (
        worker_of(detector, tokenizer, compute, scaler, recording=recording) for recording in (False, True)
    )
    # Two shapes in turn: seen, recorded and replayed, each between passes of the other.
    for seed in range(10):
        batch = prepared(batch_of(tokenizer, seed, pictures=2 + seed % 2).to(device), seed)
        with paced_by_device():  # by the same kernels
            wanted, again, *others = (step_of(plain, detector, batch, seed, 2) for _ in range(6))
        found = step_of(recorded, detector, batch, seed, 2)
        assert all(map(math.isfinite, wanted[0].values()))
        assert found[0] == {n: pytest.approx(v, rel=1e-3, abs=1e-4) for n, v in wanted[0].items()}
        # Atomic additions come in another order each time, in plain steps too: those say how much it makes,
        # but for a number that is rounded the other way.
        noise = [apart(wanted, other) for other in (again, *others)]
        sizes = {name: float(gradient.norm()) for name, gradient in wanted[1].items()}
        for name, distance in apart(wanted, found).items():
            most = max(distances[name] for distances in noise)
            size = sizes[_CANCELLED.sub(r"\1weight", name)]
            assert distance <= 4 * most + rounding * size + 1e-7 * math.hypot(*sizes.values()), name


@on_a_gpu
def test_replayed_steps_follow_the_scale_of_fp16(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).train()
    scaler = torch.amp.GradScaler("cuda", init_scale=256.0)
    worker = worker_of(detector, tokenizer, Compute(device, "fp16", 1), scaler)
    batch = prepared(batch_of(tokenizer, 1).to(device), 1)
    *_, before = (step_of(worker, detector, batch, 1) for _ in range(3))
    scaler.update(64.0)
    after = step_of(worker, detector, batch, 1)
    assert after[0] == {name: pytest.approx(value, rel=1e-3) for name, value in before[0].items()}
    sizes = [
        math.hypot(*(float(gradient.norm()) for gradient in found[1].values())) for found in (before, after)
    ]
    assert sizes[1] == pytest.approx(sizes[0] / 4, rel=1e-2)


@on_a_gpu
def test_passes_go_on_as_they_are_where_there_is_no_room_to_record(
    detector: Detector, tokenizer: PhraseTokenizer, caplog: pytest.LogCaptureFixture
) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).train()
    compute = Compute(device, "fp32", 1)
    plain, recorded = (
        worker_of(detector, tokenizer, compute, recording=recording) for recording in (False, True)
    )
    small, large = (prepared(batch_of(tokenizer, 1, pictures=pictures).to(device), 1) for pictures in (2, 24))
    for batch in (small, small, small):
        step_of(recorded, detector, batch, 1)
    assert not caplog.text
    wanted = step_of(plain, detector, large, 1)
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    # What a plain pass takes from here on is there, and a recording's own memory is not.
    step_of(recorded, detector, large, 1)
    _, total = torch.cuda.mem_get_info()
    torch.cuda.set_per_process_memory_fraction(torch.cuda.memory_reserved() / total)
    try:
        found = [step_of(recorded, detector, batch, 1) for batch in (large, small, large)]
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert caplog.text.count("a pass could not be recorded") == 1
    assert "passes are computed as they are from now on" in caplog.text
    for losses, gradients in (found[0], found[2]):
        assert losses == {n: pytest.approx(v, rel=1e-3, abs=1e-4) for n, v in wanted[0].items()}
        sizes = {name: float(gradient.norm()) for name, gradient in wanted[1].items()}
        distances = apart(wanted, (losses, gradients))
        assert not {name for name in sizes if distances[name] > 1e-3 * sizes[name] + 1e-4}


@on_a_gpu
def test_frozen_parts_are_left_out_of_replayed_steps(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).train()
    for name, parameter in detector.named_parameters():
        parameter.requires_grad_("bbox_embed" in name and "encoder_output" not in name)
    compute = Compute(device, "fp32", 1)
    batch = batch_of(tokenizer, 1).to(device)
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)
    worker = worker_of(detector, tokenizer, compute)
    found = []
    for _ in range(3):
        detector.zero_grad(set_to_none=True)
        worker.backward([replace(batch, pixels=pixels)], [batch.targets.count])
        found.append({n: p.grad.clone() for n, p in detector.named_parameters() if p.grad is not None})
    assert found[0] and found[0].keys() == found[2].keys()
    for name, gradient in found[2].items():
        torch.testing.assert_close(gradient, found[0][name], rtol=1e-3, atol=1e-5, msg=name)


@on_a_gpu
def test_recordings_outlive_many_other_shapes(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).eval()
    network = RecordedDetector(detector, Compute(device, "fp32", 1))
    batch = batch_of(tokenizer, 1).to(device)
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)
    with torch.inference_mode():
        before = [network(pixels, None, batch.prompts).boxes for _ in range(3)]
        for number in range(70):
            other = torch.zeros(2, 3, 64, 72 + 8 * number, device=device)
            network(other, None, batch.prompts)
        after = network(pixels, None, batch.prompts).boxes
    assert torch.equal(before[2], after)
    torch.testing.assert_close(before[0], after)


@on_a_gpu
def test_replayed_dropout_differs_from_step_to_step_and_follows_the_seed(
    tokenizer: PhraseTokenizer, detector: Detector
) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).train()
    for module in detector.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    compute = Compute(device, "fp32", 1)
    worker = worker_of(detector, tokenizer, compute)
    batch = batch_of(tokenizer, 1).to(device)
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)

    def loss(seed: int) -> float:
        torch.manual_seed(seed)
        detector.zero_grad(set_to_none=True)
        return worker.backward([replace(batch, pixels=pixels)], [batch.targets.count]).read()["loss"]

    plain, *replayed = (loss(seed) for seed in (5, 5, 5, 6))
    assert replayed[0] == pytest.approx(plain, rel=1e-4)
    assert replayed[1] == pytest.approx(plain, rel=1e-4)
    assert replayed[2] != pytest.approx(plain, rel=1e-4)


@on_a_gpu
def test_replayed_detection_finds_what_plain_detection_finds(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    device = torch.device("cuda", 0)
    compute = Compute(device, "fp32", 1)
    detector.to(device).eval()
    pictures = [Image.effect_noise((64, 64), 90 + number).convert("RGB") for number in range(6)]

    def found(network: Detector | RecordedDetector) -> Sequence[object]:
        # Several prompts, of which two have equally many tokens: each pass keeps its own answer.
        predictor = Predictor(
            network,
            tokenizer,
            NAMES,
            resizing=Resizing(0, 64),
            mean=(0.5,) * 3,
            std=(0.25,) * 3,
            compute=compute,
            num_select=20,
        )
        predictor.prompts = [build_prompt([name], tokenizer, 64) for name in NAMES]
        rows = [predictor.detect(pictures[start : start + 2]) for start in (0, 2, 4)]
        return [[replace(d, score=round(d.score, 4), box=(0, 0, 0, 0)) for d in p] for r in rows for p in r]

    assert found(RecordedDetector(detector, compute)) == found(detector)
    assert found(RecordedDetector(detector, compute, after=2, paced=False)) == found(detector)


@on_a_gpu
def test_answers_are_recorded_where_nobody_says_and_left_alone_where_there_is_no_room(
    detector: Detector, tokenizer: PhraseTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = torch.device("cuda", 0)
    compute = Compute(device, "fp32", 1)
    spec = task_of(detector, tokenizer).spec
    assert ready(detector, spec, compute) is detector
    batch = batch_of(tokenizer, 1).to(device)
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)
    tried: list[object] = []

    def no_room(*given: object) -> None:
        tried.append(given)
        raise torch.OutOfMemoryError

    monkeypatch.setattr(recorded, "Recording", no_room)
    network = ready(detector, spec, compute, alike=True)
    assert isinstance(network, RecordedDetector)
    boxes = [network(pixels, None, batch.prompts).boxes for _ in range(RECORDED_AFTER + 3)]
    assert len(tried) == 1
    assert all(torch.equal(boxes[0], others) for others in boxes)


@on_a_gpu
def test_recordings_make_room_for_a_pass_that_finds_none(
    detector: Detector, tokenizer: PhraseTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = torch.device("cuda", 0)
    detector.to(device).eval()
    network = RecordedDetector(detector, Compute(device, "fp32", 1))
    batch = batch_of(tokenizer, 1).to(device)
    pixels = normalise(batch.pixels, batch.mask, [0.5] * 3, [0.25] * 3)
    boxes = [network(pixels, None, batch.prompts).boxes for _ in range(2)]
    forward, left = detector.forward, [1]

    def full_once(*given: Any) -> DetectorOutput:
        if left.pop() if left else 0:
            raise torch.OutOfMemoryError
        return forward(*given)

    monkeypatch.setattr(detector, "forward", full_once)
    wider = torch.zeros(2, 3, 64, 72, device=device)
    assert network(wider, None, batch.prompts).boxes.isfinite().all()
    boxes += [network(pixels, None, batch.prompts).boxes for _ in range(3)]
    for others in boxes:
        torch.testing.assert_close(boxes[0], others)


def test_nothing_is_recorded_on_a_cpu_that_nobody_asked_for(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    compute = Compute(torch.device("cpu"), "fp32", 1)
    assert ready(detector, task_of(detector, tokenizer).spec, compute, alike=True) is detector


@pytest.mark.slow
def test_weights_cast_all_at_once_give_the_gradients_of_autocast(
    detector: Detector, tokenizer: PhraseTokenizer
) -> None:
    """On a CPU: copies in bf16 stand for weights of products in a pass, and the weights come back after."""
    compute = Compute(torch.device("cpu"), "bf16", 1)
    batch = prepared(batch_of(tokenizer, 1), 1)
    detector.train()
    weights = dict(detector.named_parameters())
    wanted = step_of(worker_of(detector, tokenizer, compute, recording=False), detector, batch, 1)
    task = task_of(detector, tokenizer)
    parameters = [weight for weight in weights.values() if weight.requires_grad]
    low = LowWeights(detector, parameters, compute.kind)
    passes: Passes[Batch] = Passes(
        lambda batch, divisor: task.losses(autocast(detector, compute), batch, divisor),
        lambda loss: loss,
        parameters,
        ALONE,
        low,
    )
    passes.stop()
    torch.manual_seed(1)
    losses = passes.backward([batch], [batch.targets.count]).read()
    with low.in_place() as read:
        cast = [weight for weight in read if weight.dtype == torch.bfloat16]
        assert len(cast) > len(read) / 2
    assert all(weight is weights[name] for name, weight in detector.named_parameters())
    assert losses == {n: pytest.approx(v, rel=1e-3, abs=1e-4) for n, v in wanted[0].items()}
    found = {n: p.grad for n, p in detector.named_parameters() if p.grad is not None}
    assert found.keys() == wanted[1].keys()
    whole = math.hypot(*(float(gradient.norm()) for gradient in wanted[1].values()))
    for name, gradient in found.items():
        distance = float((gradient - wanted[1][name]).norm())
        assert distance <= 2.0**-7 * float(wanted[1][name].norm()) + 1e-6 * whole, name
