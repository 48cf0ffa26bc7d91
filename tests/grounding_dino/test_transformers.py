"""At full size, from a folder that transformers saved: its outputs, its loss, and both in an ONNX file."""

from dataclasses import replace
from pathlib import Path

import pytest
import scipy.optimize
import torch
from transformers.loss import loss_for_object_detection, loss_grounding_dino
from transformers.models.grounding_dino import modeling_grounding_dino

from skillbank_engine.device import Compute
from skillbank_engine.families.grounding_dino.architecture import architecture_from_spec
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.loss import LossWeights, detection_loss
from skillbank_engine.families.grounding_dino.model import network_config
from skillbank_engine.families.grounding_dino.onnx_model import read_onnx
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.targets import batch_targets
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.families.grounding_dino.weights import load_pretrained
from tests.grounding_dino.conftest import checkpoint_of, write_onnx
from tests.grounding_dino.test_detector import save_network

pytestmark = pytest.mark.slow

HEIGHT, WIDTH = 64, 96
# Of all places that the encoder scores only the best: further down, two differ by less than rounding, and
# either may come first.
QUERIES = 30
LAYERS = 2


@pytest.fixture
def own_loss(monkeypatch: pytest.MonkeyPatch, tokenizer: PhraseTokenizer) -> None:
    """Let transformers compute its loss, which the engine's imports leave without scipy.

    It tells phrases apart by the ids of BERT's own vocabulary.
    """
    monkeypatch.setattr(
        loss_grounding_dino, "linear_sum_assignment", scipy.optimize.linear_sum_assignment, raising=False
    )
    monkeypatch.setattr(loss_for_object_detection, "requires_backends", lambda *_: None)
    monkeypatch.setattr(modeling_grounding_dino, "SPECIAL_TOKENS", list(tokenizer.special_ids()))


@pytest.mark.usefixtures("own_loss")
def test_a_saved_folder_gives_equal_outputs_and_loss_and_leaves_as_onnx(
    tmp_path: Path, tokenizer: PhraseTokenizer
) -> None:
    """Swin-T, BERT and the widths as the spec has them; of the layers, all alike, fewer.

    transformers takes as answers of the encoder what its class head says of the learned start of each query,
    and of the text as it was before it has seen the picture; the engine what the encoder says of the places
    that were chosen, as the authors do.  The loss is the same function: with their answers it is theirs, and
    all of the decoder's is equal with ours.
    """
    folder = tmp_path / "saved"
    sizes = {"num_queries": QUERIES, "enc_layers": LAYERS, "dec_layers": LAYERS + 1}
    document = {"model": sizes, "train": {"pretrained_model_path": str(folder)}}
    spec = build_spec("train", document)
    asked = architecture_from_spec(spec)
    config = network_config(asked, len(tokenizer))
    config.auxiliary_loss = True
    network = save_network(folder, tokenizer, config, spread=0.05)
    network.model.special_tokens = torch.tensor(tokenizer.special_ids())
    detector, words = load_pretrained(spec.train.pretrained_model_path, asked)
    assert words.vocabulary == tokenizer.vocabulary
    built = detector.architecture
    assert set(built.differences(asked)) <= {"text_encoder", "log_scale", "class_embed_bias"}
    assert (built.backbone, built.enc_layers, built.num_queries) == ("swin_tiny_224_1k", LAYERS, QUERIES)

    phrases = (["red circle", "blue star"], ["green star", "red square"])
    batch = batch_prompts([build_prompt(each, tokenizer, 256) for each in phrases], tokenizer.pad)
    boxes = [torch.tensor([[0.2, 0.3, 0.1, 0.2], [0.7, 0.6, 0.2, 0.2]]), torch.tensor([[0.5, 0.5, 0.3, 0.3]])]
    kinds = [torch.tensor([1, 0]), torch.tensor([1])]
    pixels = torch.randn(2, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(0))
    mask = torch.ones(2, HEIGHT, WIDTH, dtype=torch.bool)
    with torch.no_grad():
        ours = detector.eval()(pixels, mask, batch)
        theirs = network(
            pixel_values=pixels,
            input_ids=batch.token_ids,
            attention_mask=batch.token_mask,
            pixel_mask=mask.long(),
            labels=[{"class_labels": kind, "boxes": true} for kind, true in zip(kinds, boxes, strict=True)],
        )
    length = batch.token_ids.shape[1]
    torch.testing.assert_close(ours.boxes[-1], theirs.pred_boxes, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.logits[-1], theirs.logits[..., :length], rtol=1e-4, atol=1e-4)

    targets = batch_targets(boxes, kinds)
    losses = detection_loss(ours, targets, batch.phrase_tokens, LossWeights())
    names = {"class": "loss_ce", "l1": "loss_bbox", "giou": "loss_giou"}
    for number in range(config.decoder_layers):
        suffix = "" if number == config.decoder_layers - 1 else f"_{number}"
        for part, name in names.items():
            torch.testing.assert_close(
                losses[f"decoder_{number}_{part}"], theirs.loss_dict[name + suffix], rtol=1e-4, atol=1e-4
            )
    alike = replace(
        ours, encoder_logits=theirs.encoder_logits[..., :length], encoder_boxes=theirs.encoder_pred_boxes
    )
    loss = detection_loss(alike, targets, batch.phrase_tokens, LossWeights())["loss"]
    torch.testing.assert_close(loss, theirs.loss, rtol=1e-4, atol=1e-4)

    pytest.importorskip("onnxruntime")
    del network
    write_onnx(checkpoint_of(detector, tokenizer), tmp_path / "model.onnx", height=HEIGHT, width=WIDTH)
    exported = read_onnx(tmp_path / "model.onnx", "test").detector(Compute(torch.device("cpu"), "fp32", 1))
    found = exported(pixels, None, batch)
    # Of two places that score the same up to rounding either may become the earlier query.
    far = torch.maximum(
        (found.logits[-1].sigmoid() - ours.logits[-1].sigmoid()).abs().amax(-1),
        (found.boxes[-1] - ours.boxes[-1]).abs().amax(-1),
    )
    assert (far <= 1e-3).float().mean() >= 0.9
