"""The network beside transformers' own: loss, outputs of a saved folder, weights in other layouts."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from skillbank_engine.checkpoint import Checkpoint, write_checkpoint
from skillbank_engine.errors import ModelError, WeightsError
from skillbank_engine.families.segformer.__main__ import main
from skillbank_engine.families.segformer.config import TrainSpec
from skillbank_engine.families.segformer.config.dataset import IGNORED
from skillbank_engine.families.segformer.data.sets import MaskBatch
from skillbank_engine.families.segformer.family import FAMILY
from skillbank_engine.families.segformer.layouts import read_state
from skillbank_engine.families.segformer.loss import counted_pixels, pixel_loss
from skillbank_engine.families.segformer.model import (
    Architecture,
    Segmenter,
    architecture_of,
    build,
    enlarged,
    network_config,
)
from skillbank_engine.families.segformer.task import SegformerTask
from skillbank_engine.families.segformer.weights import start
from skillbank_engine.library import SegformerForSemanticSegmentation
from skillbank_engine.task import Kept, Share

LABELS = ("a", "b", "c")
TINY = Architecture("own", (8, 8, 16, 16), (1, 1, 1, 1), (1, 1, 2, 2), 16, drop_path=0.0, dropout=0.0)


@pytest.fixture
def batch() -> MaskBatch:
    numbers = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (2, 3, 64, 64), generator=numbers, dtype=torch.uint8)
    masks = torch.randint(0, 3, (2, 64, 64), generator=numbers, dtype=torch.uint8)
    masks[0, :20] = IGNORED
    return MaskBatch(pixels, masks)


def full_spec(**values: Any) -> TrainSpec:
    return TrainSpec.model_validate({"engine": {"profile": "full"}, **values})


def saved(tmp_path: Path, architecture: Architecture, labels: tuple[str, ...] = LABELS) -> Path:
    """A folder as transformers saves it, with random weights."""
    torch.manual_seed(3)
    network = SegformerForSemanticSegmentation(network_config(architecture, labels)).eval()
    network.save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def test_the_loss_of_a_batch_is_transformers_own(batch: MaskBatch) -> None:
    torch.manual_seed(0)
    segmenter = build(TINY, LABELS).train()
    task = SegformerTask(full_spec(), segmenter, LABELS, TINY.to_dict())
    ready = task.prepare(batch, Share(0, 2, 0, lambda name: 0), torch.device("cpu"))
    found = task.losses(task.module, ready, task.size(batch))["loss"]
    found.backward()  # type: ignore[no-untyped-call]
    gradient = segmenter.network.decode_head.linear_fuse.weight.grad.clone()
    segmenter.zero_grad()
    for module in segmenter.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
    pixels = (batch.pixels.float() / 255 - 0.5) / 0.5
    own = segmenter.network(pixel_values=pixels, labels=batch.masks.long()).loss
    own.backward()
    assert found.item() == pytest.approx(own.item(), rel=1e-6)
    torch.testing.assert_close(gradient, segmenter.network.decode_head.linear_fuse.weight.grad)


def test_losses_of_parts_add_up_to_that_of_the_batch(batch: MaskBatch) -> None:
    logits = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    pixels = counted_pixels(batch.masks)
    assert pixels == 2 * 64 * 64 - 20 * 64
    whole = pixel_loss(logits, batch.masks, pixels)
    parts = [pixel_loss(logits[row : row + 1], batch.masks[row : row + 1], pixels) for row in range(2)]
    torch.testing.assert_close(whole, parts[0] + parts[1])
    assert pixel_loss(logits, batch.masks, float("inf")).item() == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mit_b0", "mit_b1"])
def test_a_saved_folder_at_full_size_answers_as_transformers_does(tmp_path: Path, name: str) -> None:
    architecture = architecture_of(full_spec(model={"backbone": {"type": name}}))
    folder = saved(tmp_path, architecture)
    # Its own picture processing says what it learned with.
    means = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    (folder / "preprocessor_config.json").write_text(json.dumps(means), encoding="utf-8")
    segmenter = start(full_spec(train={"pretrained_model_path": str(folder)}), LABELS).eval()
    assert segmenter.architecture.backbone == name
    assert segmenter.architecture.mean == (0.485, 0.456, 0.406)
    own = SegformerForSemanticSegmentation.from_pretrained(folder).eval()
    pixels = torch.randint(0, 256, (1, 3, 64, 96), generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(means[key]).view(1, 3, 1, 1) for key in ("image_mean", "image_std"))
    normalised = (pixels / 255 - mean) / std
    with torch.no_grad():
        theirs = own(pixel_values=normalised).logits
        ours = segmenter(segmenter.normalised(pixels))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)

    spec = full_spec(train={"pretrained_model_path": str(folder)}, dataset={"segment": {"img_size": 64}})
    kept = Kept(segmenter.architecture.to_dict(), LABELS, {}, spec.model_dump(mode="json"))
    write_checkpoint(FAMILY.name, tmp_path / "a.pth", Checkpoint(segmenter.state_dict(), kept, 0, 0, {}))
    written = {
        "results_dir": str(tmp_path / "out"),
        "export": {
            "checkpoint": str(tmp_path / "a.pth"),
            "onnx_file": str(tmp_path / "a.onnx"),
            "input_height": 64,
            "input_width": 96,
        },
    }
    (tmp_path / "export.yaml").write_text(json.dumps(written), encoding="utf-8")
    assert main(["export", "-e", str(tmp_path / "export.yaml")]) == 0
    session = pytest.importorskip("onnxruntime").InferenceSession(tmp_path / "a.onnx")
    (answer,) = session.run(["output"], {"input": normalised.repeat(2, 1, 1, 1).numpy()})
    large = enlarged(theirs, 64, 96).repeat(2, 1, 1, 1)
    torch.testing.assert_close(torch.from_numpy(answer), large, rtol=0, atol=1e-4)


def test_other_classes_get_a_new_last_layer(tmp_path: Path) -> None:
    folder = saved(tmp_path, TINY)
    spec = full_spec(train={"pretrained_model_path": str(folder)})
    same, other = start(spec, LABELS), start(spec, ("x", "y"))
    assert other.network.decode_head.classifier.out_channels == 2
    for name, value in same.network.state_dict().items():
        if "classifier" not in name:
            assert torch.equal(value, other.network.state_dict()[name])


def test_an_encoder_alone_is_taken_from_a_folder(tmp_path: Path) -> None:
    folder = saved(tmp_path, TINY)
    spec = full_spec(model={"backbone": {"pretrained_backbone_path": str(folder)}})
    segmenter = start(spec, LABELS)
    own = SegformerForSemanticSegmentation.from_pretrained(folder)
    for name, value in own.segformer.state_dict().items():
        assert torch.equal(value, segmenter.network.segformer.state_dict()[name])
    assert segmenter.architecture.head_channels == 768


def test_another_encoder_than_the_spec_asks_for_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path, TINY)
    spec = full_spec(train={"pretrained_model_path": str(folder)}, model={"backbone": {"type": "mit_b3"}})
    with pytest.raises(ModelError, match="asks for mit_b3"):
        start(spec, LABELS)


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"train.pretrained_model_path.*check the path"):
        start(full_spec(train={"pretrained_model_path": str(tmp_path / "none")}), LABELS)
    (tmp_path / "a.pth").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        start(full_spec(train={"pretrained_model_path": str(tmp_path / "a.pth")}), LABELS)


def authors_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors as SegFormer's authors write them."""
    found: dict[str, Tensor] = {}
    parts = {
        "layernorm_before": "norm1",
        "layernorm_after": "norm2",
        "attention.q_proj": "attn.q",
        "attention.o_proj": "attn.proj",
        "attention.sequence_reduction.sequence_reduction": "attn.sr",
        "attention.sequence_reduction.layer_norm": "attn.norm",
    }
    for name, value in state.items():
        words = name.split(".")
        if name.startswith("decode_head."):
            theirs = name.replace("linear_fuse.", "linear_fuse.conv.").replace(
                "batch_norm.", "linear_fuse.bn."
            )
            theirs = theirs.replace("classifier.", "linear_pred.")
            if "linear_projections" in name:
                theirs = f"decode_head.linear_c{int(words[2]) + 1}.{'.'.join(words[3:])}"
            found[theirs] = value
            continue
        stage = int(words[2]) + 1
        if words[3] == "patch_embeddings":
            found[f"backbone.patch_embed{stage}.{words[4].replace('layer_norm', 'norm')}.{words[5]}"] = value
        elif words[3] == "layer_norm":
            found[f"backbone.norm{stage}.{words[4]}"] = value
        else:
            rest, block = ".".join(words[5:]), f"backbone.block{stage}.{words[4]}."
            if "v_proj" in rest:
                continue
            if "k_proj" in rest:
                both = torch.cat([value, state[name.replace("k_proj", "v_proj")]])
                found[f"{block}attn.kv.{words[-1]}"] = both
                continue
            for ours, theirs in parts.items():
                rest = rest.replace(ours, theirs)
            found[block + rest] = value
    return found


def test_a_file_of_the_authors_is_read_as_a_whole_and_as_an_encoder(tmp_path: Path) -> None:
    architecture = architecture_of(full_spec(model={"backbone": {"type": "mit_b0"}}))
    torch.manual_seed(0)
    network = build(architecture, LABELS).network
    state = network.state_dict()
    torch.save({"state_dict": authors_names(state)}, tmp_path / "whole.pth")
    back = read_state(tmp_path / "whole.pth", "key")
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], state[name]) for name in state)
    segmenter = start(full_spec(train={"pretrained_model_path": str(tmp_path / "whole.pth")}), LABELS)
    own = segmenter.network.state_dict()
    assert all(torch.equal(own[name], state[name]) for name in own if "classifier" not in name)

    encoder = {
        name.removeprefix("backbone."): value
        for name, value in authors_names(state).items()
        if name.startswith("backbone.")
    }
    torch.save(encoder, tmp_path / "mit.pth")
    model = {"backbone": {"type": "mit_b0", "pretrained_backbone_path": str(tmp_path / "mit.pth")}}
    own = start(full_spec(model=model), LABELS).network.state_dict()
    assert all(torch.equal(own[name], state[name]) for name in own if name.startswith("segformer."))
    model["backbone"]["type"] = "mit_b1"
    with pytest.raises(WeightsError, match=r"fits .* tensors of the encoder mit_b1"):
        start(full_spec(model=model), LABELS)


def test_an_architecture_survives_being_written() -> None:
    assert Architecture.from_dict(json.loads(json.dumps(TINY.to_dict()))) == TINY
    assert TINY.differences(TINY) == {}


def test_the_mini_network_normalises_pictures_one_by_one() -> None:
    spec = TrainSpec.model_validate({"engine": {"backbone": "mini"}})
    segmenter = build(architecture_of(spec), LABELS).train()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in segmenter.modules())
    pixels = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    segmenter.eval()
    together = segmenter(pixels)
    torch.testing.assert_close(together[:1], segmenter(pixels[:1]), atol=1e-5, rtol=1e-5)
    assert enlarged(together, 64, 64).shape == (2, 3, 64, 64)
    assert isinstance(segmenter, Segmenter)
