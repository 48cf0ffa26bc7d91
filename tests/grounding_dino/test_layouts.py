"""Weights in IDEA's layout, the family's and transformers' make one and the same detector."""

import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel, GroundingDinoForObjectDetection

from skillbank_engine.errors import WeightsError
from skillbank_engine.families.grounding_dino.architecture import SWIN_SIZES, Architecture
from skillbank_engine.families.grounding_dino.detector import Detector
from skillbank_engine.families.grounding_dino.layouts import read_state, their_name
from skillbank_engine.families.grounding_dino.model import build_detector, network_config
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.released import architecture_of_state
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from skillbank_engine.families.grounding_dino.weights import load_backbone, load_pretrained

pytestmark = pytest.mark.slow

LEVELS = (1, 2, 3, 4)


def in_their_layout(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Transformers' state under IDEA's names, thirds joined; what the layout lacks is left out."""
    parts: dict[str, list[Tensor]] = {}
    for name, tensor in state.items():
        source = their_name(name)
        if source is not None:
            parts.setdefault(source[0], []).append(tensor)
    return {name: torch.cat(tensors) if len(tensors) > 1 else tensors[0] for name, tensors in parts.items()}


@pytest.fixture(scope="module")
def text_encoder(tmp_path_factory: pytest.TempPathFactory, tokenizer: PhraseTokenizer) -> Path:
    folder = tmp_path_factory.mktemp("bert")
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(tokenizer.vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    return folder


def architecture(backbone: str, text_encoder: Path, **values: Any) -> Architecture:
    sizes: dict[str, Any] = {
        "hidden_dim": 32,
        "nheads": 4,
        "enc_layers": 2,
        "dec_layers": 3,
        "dim_feedforward": 32,
        "num_queries": 6,
        "feature_indices": LEVELS,
        "max_text_len": 32,
    }
    return Architecture(backbone=backbone, text_encoder=str(text_encoder), **{**sizes, **values})


def random_network(built: Architecture, words: int) -> Any:
    torch.manual_seed(0)
    make: Any = GroundingDinoForObjectDetection
    network = make(network_config(built, words)).eval()
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            # Zeros, ones and equal copies would hide a confusion.
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif tensor.is_floating_point():
                tensor.add_(torch.randn_like(tensor) * 0.05)
    return network


def outputs(network: Any, tokenizer: PhraseTokenizer) -> tuple[Tensor, Any, Any]:
    """Transformers' own answer, and the inputs that ours needs."""
    batch = batch_prompts([build_prompt(["red circle", "blue star"], tokenizer, 32)], tokenizer.pad)
    torch.manual_seed(1)
    pixels = torch.randn(1, 3, 64, 96)
    network.model.special_tokens = torch.tensor(tokenizer.special_ids())
    with torch.no_grad():
        answer = network(pixel_values=pixels, input_ids=batch.token_ids, attention_mask=batch.token_mask)
    return pixels, answer, batch


def write(path: Path, layout: str, state: dict[str, Tensor]) -> Path:
    """Write a state as IDEA or the family does, with what else their files hold."""
    theirs = in_their_layout(state)
    theirs["bert.pooler.dense.weight"] = torch.zeros(1)
    if layout == "idea":
        theirs["bert.embeddings.position_ids"] = torch.arange(64)[None]
        theirs["label_enc.weight"] = torch.zeros(3, 3)
        body = "backbone.0.body." if "backbone.0.conv1.weight" in theirs else "backbone.0."
        renamed = {f"module.{name.replace('backbone.0.', body)}": value for name, value in theirs.items()}
        torch.save({"model": renamed}, path)
    else:
        body = "backbone.body." if layout == "family" else "backbone.0.body."
        renamed = {f"model.model.{name.replace('backbone.0.', body)}": v for name, v in theirs.items()}
        torch.save({"state_dict": renamed, "epoch": 3, "optimizer_states": [{}], "loops": {"fit": 1}}, path)
    return path


@pytest.mark.parametrize("backbone", ["swin_tiny_224_1k", "resnet_50"])
def test_three_layouts_answer_exactly_alike(
    tmp_path: Path, tokenizer: PhraseTokenizer, text_encoder: Path, backbone: str
) -> None:
    built = architecture(backbone, text_encoder)
    network = random_network(built, len(tokenizer))
    pixels, answer, batch = outputs(network, tokenizer)
    length = batch.token_ids.shape[1]
    network.save_pretrained(tmp_path / "transformers")
    for name in ("vocab.txt", "tokenizer_config.json"):
        (tmp_path / "transformers" / name).write_text((text_encoder / name).read_text())
    sources = [
        write(tmp_path / f"{name}.pth", name, network.state_dict()) for name in ("idea", "family", "old")
    ]
    # The spec may say what it likes: files know their shapes.
    asked = architecture("swin_tiny_224_1k", text_encoder, enc_layers=6, num_queries=900, hidden_dim=256)
    found = []
    for source in (*sources, tmp_path / "transformers"):
        detector, words = load_pretrained(str(source), asked)
        assert words.vocabulary == tokenizer.vocabulary
        assert detector.architecture.backbone == backbone
        assert (detector.architecture.enc_layers, detector.architecture.num_queries) == (2, 6)
        with torch.no_grad():
            found.append(detector.eval()(pixels, None, batch))
        torch.testing.assert_close(found[-1].boxes[-1], answer.pred_boxes, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(found[-1].logits[-1], answer.logits[..., :length], rtol=1e-4, atol=1e-4)
    for other in found[1:]:
        assert torch.equal(other.boxes, found[0].boxes)
        assert torch.equal(other.logits, found[0].logits)


def test_every_weight_has_a_place() -> None:
    for backbone in ("swin_tiny_224_1k", "resnet_50"):
        built = Architecture(backbone=backbone, text_encoder="bert-base-uncased", enc_layers=2, dec_layers=2)
        with torch.device("meta"):
            state = GroundingDinoForObjectDetection(network_config(built, 30522)).state_dict()
        places: dict[tuple[str, int | None], str] = {}
        lacking = []
        for name in state:
            source = their_name(name)
            if source is None:
                lacking.append(name)
            else:
                assert source not in places, (name, places[source])
                places[source] = name
        # The last norm of a Swin is computed and read by nobody.
        final = "model.backbone.conv_encoder.model.swin.layernorm."
        assert lacking == ([final + "weight", final + "bias"] if "swin" in backbone else [])
        thirds = {name for name, third in places if third is not None}
        assert all((name, number) in places for name in thirds for number in range(3))
    # Names as the released Swin-T file has them.
    assert their_name("model.encoder.layers.5.text_enhancer_layer.self_attn.key.bias") == (
        "transformer.encoder.text_layers.5.self_attn.in_proj_bias",
        1,
    )
    assert their_name("model.backbone.conv_encoder.model.hidden_states_norms.stage2.weight") == (
        "backbone.0.norm1.weight",
        None,
    )


@pytest.mark.parametrize("backbone", [*SWIN_SIZES, "resnet_50"])
def test_backbones_are_known_by_their_shapes(backbone: str) -> None:
    built = Architecture(backbone=backbone, text_encoder="bert-base-uncased", enc_layers=1, dec_layers=2)
    for indices in ((1, 2, 3, 4), (0, 1, 2, 3, 4)):
        given = replace(built, feature_indices=indices)
        with torch.device("meta"):
            network = GroundingDinoForObjectDetection(network_config(given, 30522))
        state = in_their_layout(network.state_dict())
        asked = Architecture(backbone="mini", text_encoder="bert-base-uncased")
        assert architecture_of_state(state, "test", asked) == given


@pytest.mark.parametrize("base", [object, dict])
def test_settings_of_other_libraries_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: type
) -> None:
    # As Lightning keeps hyper-parameters: objects of a class that is not there when the file is read.
    module: Any = types.ModuleType("settings_of_others")
    kind: Any = type("Config", (base,), {"__module__": module.__name__})
    module.Config = kind
    settings = kind()
    settings.flags = {"deep": kind()}
    if base is dict:
        settings["lr"] = 1
    document = {"state_dict": {"model.model.feat_map.bias": torch.ones(2)}, "hyper": settings}
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        torch.save(document, tmp_path / "family.pth")
    assert torch.equal(read_state(tmp_path / "family.pth", "key")["feat_map.bias"], torch.ones(2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"feat_map.weight": None}, "it lacks 1 weights as model.text_projection.weight"),
        ({"feat_map.other": torch.zeros(1)}, "has 1 others as feat_map.other"),
        (
            {"feat_map.weight": torch.zeros(2, 2)},
            r"feat_map.weight is \(2, 2\) where the model has \(32, 16\)",
        ),
        ({"transformer.level_embed": None}, "holds no weights of a Grounding DINO that is known here"),
        ({"input_proj.0.0.weight": torch.zeros(1, 5, 1, 1)}, "known here .5 is not in list"),
    ],
)
def test_files_that_do_not_fit(
    tmp_path: Path,
    tokenizer: PhraseTokenizer,
    text_encoder: Path,
    change: dict[str, Tensor | None],
    words: str,
) -> None:
    built = architecture("resnet_50", text_encoder)
    with torch.device("meta"):
        network = GroundingDinoForObjectDetection(network_config(built, len(tokenizer)))
    state = {name: torch.zeros(value.shape) for name, value in in_their_layout(network.state_dict()).items()}
    for name, value in change.items():
        state.pop(name, None)
        state.update({} if value is None else {name: value})
    torch.save(state, tmp_path / "file.pth")
    with pytest.raises(WeightsError, match=words):
        load_pretrained(str(tmp_path / "file.pth"), built)


def test_a_backbone_alone_comes_in_its_authors_layout(
    tmp_path: Path, tokenizer: PhraseTokenizer, text_encoder: Path
) -> None:
    built = architecture("resnet_50", text_encoder)
    donor = random_network(built, len(tokenizer)).state_dict()
    theirs = {
        name.removeprefix("backbone.0."): value
        for name, value in in_their_layout(donor).items()
        if name.startswith("backbone.0.")
    }
    torch.save({"model": {**theirs, "fc.weight": torch.zeros(10, 2048)}}, tmp_path / "resnet50.pth")
    detector: Detector = build_detector(built, tokenizer)
    load_backbone(detector, str(tmp_path / "resnet50.pth"))
    own = detector.network.model.backbone.conv_encoder.model.state_dict()
    head = "model.backbone.conv_encoder.model."
    assert all(torch.equal(value, donor[head + name]) for name, value in own.items())
