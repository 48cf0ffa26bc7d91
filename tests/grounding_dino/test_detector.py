"""The forward pass gives transformers' numbers, from its own saved folders too."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoBackbone,
    BertConfig,
    BertModel,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    ResNetConfig,
    SwinConfig,
)

from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.grounding_dino.architecture import (
    SWIN_SIZES,
    Architecture,
    architecture_from_spec,
)
from skillbank_engine.families.grounding_dino.backbone import backbone_config
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.model import build_detector, network_values, rebuild_detector
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.families.grounding_dino.weights import load_backbone, load_pretrained, load_text_encoder
from tests.grounding_dino.conftest import TINY

# transformers takes these by keyword but does not declare them.
LEVELS: dict[str, Any] = {"out_indices": [2, 3, 4]}


def tiny_swin(vocabulary: int) -> GroundingDinoConfig:
    return GroundingDinoConfig(
        backbone_config=SwinConfig(
            embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, **LEVELS
        ),
        text_config=BertConfig(
            vocab_size=vocabulary,
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=64,
        ),
        num_queries=6,
        encoder_layers=2,
        decoder_layers=3,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        d_model=32,
        max_text_len=32,
    )


def save_network(
    folder: Path, tokenizer: PhraseTokenizer, config: GroundingDinoConfig, spread: float = 0.3
) -> Any:
    """Save a network as transformers does, with a tokenizer whose special ids are those of BERT."""
    torch.manual_seed(0)
    network: Any = GroundingDinoForObjectDetection(config)
    network.eval()
    with torch.no_grad():
        # The box heads start at zero and the fusion near it; both must matter for a fair comparison.
        for name, parameter in network.named_parameters():
            if "bbox_embed" in name or "_param" in name:
                parameter.normal_(0, spread)
    network.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(tokenizer.vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    return network


@pytest.mark.parametrize("backbone", ["swin", "resnet"])
def test_a_saved_transformers_model_gives_identical_outputs(
    tmp_path: Path, tokenizer: PhraseTokenizer, backbone: str
) -> None:
    config = tiny_swin(len(tokenizer))
    if backbone == "resnet":
        config.backbone_config = ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], **LEVELS
        )
    network = save_network(tmp_path, tokenizer, config)
    detector, loaded_tokenizer = load_pretrained(str(tmp_path), TINY)
    detector.eval()
    assert loaded_tokenizer.vocabulary == tokenizer.vocabulary
    assert detector.architecture.dec_layers == 3
    assert detector.architecture.log_scale == "none"
    prompts = [
        build_prompt(["red circle", "blue star"], tokenizer, 32),
        build_prompt(["a zebra"], tokenizer, 32),
    ]
    batch = batch_prompts(prompts, tokenizer.pad)
    pixels = torch.randn(2, 3, 96, 64)
    mask = torch.ones(2, 96, 64, dtype=torch.bool)
    mask[1, 70:] = False
    mask[1, :, 50:] = False
    network.model.special_tokens = torch.tensor(tokenizer.special_ids())
    with torch.no_grad():
        ours = detector(pixels, mask, batch)
        theirs = network(
            pixel_values=pixels,
            input_ids=batch.token_ids,
            attention_mask=batch.token_mask,
            pixel_mask=mask.long(),
        )
    torch.testing.assert_close(ours.boxes[-1], theirs.pred_boxes, rtol=1e-5, atol=1e-5)
    length = batch.token_ids.shape[1]
    torch.testing.assert_close(ours.logits[-1], theirs.logits[..., :length], rtol=1e-4, atol=1e-4)
    # What a checkpoint keeps is enough to build it again.
    again = rebuild_detector(network_values(detector), detector.architecture, tokenizer).eval()
    again.load_state_dict(detector.state_dict())
    with torch.no_grad():
        assert torch.equal(again(pixels, mask, batch).boxes, ours.boxes)
    trained = [name for name, p in detector.backbone.named_parameters() if p.requires_grad]
    assert any("stages.3" in name for name in trained) if backbone == "resnet" else trained


def test_architecture_survives_as_plain_values() -> None:
    assert Architecture.from_dict(TINY.to_dict()) == TINY
    assert Architecture.from_dict({**TINY.to_dict(), "from_the_future": 1}) == TINY
    assert replace(TINY, nheads=2).differences(TINY) == {"nheads": (2, 4)}


def test_padding_changes_nothing(detector: Detector, tokenizer: PhraseTokenizer) -> None:
    detector.eval()
    batch = batch_prompts([build_prompt(["red circle"], tokenizer, 32)], tokenizer.pad)
    pixels = torch.randn(1, 3, 64, 64)
    padded = torch.zeros(1, 3, 64, 128)
    padded[..., :64] = pixels
    mask = torch.zeros(1, 64, 128, dtype=torch.bool)
    mask[..., :64] = True
    with torch.no_grad():
        output = detector(padded, mask, batch)
    # Boxes are relative to the picture, not to the padded batch: proposals reach over all of its width.
    centres = output.encoder_boxes[0, :, 0]
    assert float(centres.max()) > 0.75
    assert torch.isfinite(output.boxes).all()


def test_one_decoder_layer_and_learned_scale(tokenizer: PhraseTokenizer) -> None:
    architecture = replace(
        TINY, dec_layers=1, log_scale="0.5", class_embed_bias=False, embed_init_target=False
    )
    detector = build_detector(architecture, tokenizer)
    batch = batch_prompts([build_prompt(["red circle"], tokenizer, 32)], tokenizer.pad)
    output = detector(torch.randn(1, 3, 64, 64), torch.ones(1, 64, 64, dtype=torch.bool), batch)
    assert output.logits.shape[0] == 1
    assert detector.network.class_embed[0].log_scale is not None


def test_more_queries_than_places_are_cut(tokenizer: PhraseTokenizer) -> None:
    detector = build_detector(replace(TINY, num_queries=500), tokenizer)
    batch = batch_prompts([build_prompt(["red circle"], tokenizer, 32)], tokenizer.pad)
    output = detector(torch.randn(1, 3, 64, 64), torch.ones(1, 64, 64, dtype=torch.bool), batch)
    assert output.boxes.shape[2] == 8 * 8 + 4 * 4


def test_recomputing_gives_the_same_gradients(tokenizer: PhraseTokenizer) -> None:
    torch.manual_seed(0)
    detector = build_detector(TINY, tokenizer).train()
    batch = batch_prompts([build_prompt(["red circle"], tokenizer, 32)], tokenizer.pad)
    pixels, mask = torch.randn(1, 3, 64, 64), torch.ones(1, 64, 64, dtype=torch.bool)
    gradients = []
    for recompute in (False, True):
        detector.recompute = recompute
        detector.zero_grad()
        detector(pixels, mask, batch).boxes.sum().backward()
        gradients.append(detector.network.model.encoder.layers[0].deformable_layer.fc1.weight.grad.clone())
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("name", [*SWIN_SIZES, "resnet_50"])
def test_backbones_by_name(name: str) -> None:
    config = backbone_config(replace(TINY, backbone=name))
    assert list(config.out_indices) == [2, 3]
    with pytest.raises(ModelError, match="'alexnet' is unknown: choose one of swin_tiny_224_1k"):
        backbone_config(replace(TINY, backbone="alexnet"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["model.hidden_dim=48", "model.nheads=4"], "model.hidden_dim 48 is not a multiple of 32"),
        (["model.num_feature_levels=3"], "names 4 levels but model.num_feature_levels is 3"),
        (["model.return_interm_indices=[0, 2, 3, 4]"], "must be consecutive"),
        (["model.pe_temperatureH=10"], "differ: the embedded engine needs them equal"),
        (["model.pre_norm=true"], "model.pre_norm=True is not built by the embedded engine"),
        (["model.two_stage_type=no"], "two_stage_type=no is not built .* family's container"),
    ],
)
def test_refused_model_values(values: list[str], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        architecture_from_spec(build_spec("train", {}, values))


def test_backbone_weights_alone(tmp_path: Path, detector: Detector) -> None:
    donor = AutoBackbone.from_config(detector.network.config.backbone_config)
    torch.save({"state_dict": donor.state_dict()}, tmp_path / "backbone.pth")
    load_backbone(detector, str(tmp_path / "backbone.pth"))
    own = detector.network.model.backbone.conv_encoder.model.state_dict()
    assert all(torch.equal(own[name], value) for name, value in donor.state_dict().items())
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"fits 0 of \d+ tensors of the backbone mini"):
        load_backbone(detector, str(tmp_path / "other.pth"))
    (tmp_path / "text.pth").write_text("hello", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"text\.pth, which cannot be read as weights"):
        load_backbone(detector, str(tmp_path / "text.pth"))


def test_text_encoder_alone(tmp_path: Path, detector: Detector) -> None:
    donor = BertModel(detector.network.config.text_config, add_pooling_layer=False)
    donor.save_pretrained(tmp_path)
    load_text_encoder(detector, str(tmp_path))
    name, value = next(iter(donor.state_dict().items()))
    assert torch.equal(detector.text_encoder.state_dict()[name], value)
    with pytest.raises(WeightsError, match="cannot be loaded as a BERT"):
        load_text_encoder(detector, str(tmp_path / "none"))
