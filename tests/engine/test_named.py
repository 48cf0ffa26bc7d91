"""Values that somebody has named hold, also where they are the family's defaults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from skillbank_engine.config.load import SpecError, load_spec
from skillbank_engine.config.named import NOTHING, Named, named_words
from skillbank_engine.families.classification_pyt.__main__ import main as classification
from skillbank_engine.families.classification_pyt.config import BY_ACTION as CLASSIFICATION
from skillbank_engine.families.classification_pyt.config.family import meant_at_full_size
from skillbank_engine.families.grounding_dino.__main__ import main as grounding_dino
from skillbank_engine.families.grounding_dino.config import GROUNDING_DINO
from skillbank_engine.families.rtdetr.__main__ import main as rtdetr
from skillbank_engine.families.rtdetr.config import RTDETR
from skillbank_engine.families.rtdetr.config.recipe import wants_full
from skillbank_engine.families.segformer.__main__ import main as segformer
from skillbank_engine.families.segformer.config import SPECS_OF_FAMILY as SEGFORMER
from skillbank_engine.program import Main

FAMILIES = {
    "grounding_dino": (grounding_dino, ("dataset.batch_size", "train.optim.lr")),
    "rtdetr": (rtdetr, ("train.optim.lr", "dataset.augmentation.train_spatial_size")),
    "segformer": (segformer, ("dataset.segment.img_size", "train.optim.lr")),
    "classification_pyt": (classification, ("dataset.batch_size", "dataset.img_size")),
}


def _write(path: Path, document: object, first: str = "") -> Path:
    path.write_text(first + yaml.safe_dump(document))
    return path


def _settled(main: Main, path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert main(["settle", "train", "-e", str(path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_default_that_somebody_named_is_not_replaced(
    family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    main, keys = FAMILIES[family]
    assert main(["schemas", "train"]) == 0
    template = json.loads(capsys.readouterr().out)["train"]["defaults"]
    if family == "segformer":
        template["dataset"]["segment"]["root_dir"] = "shapes"
    elif family == "classification_pyt":
        template["dataset"]["train_dataset"]["images_dir"] = "shapes"
    plain = _settled(main, _write(tmp_path / "plain.yaml", template), capsys)
    assert plain["engine.profile"] == "settled"
    assert set(keys) < plain.keys()
    first = f"# named: {json.dumps(keys)}\n"
    said = _settled(main, _write(tmp_path / "said.yaml", template, first), capsys)
    assert said == {key: value for key, value in plain.items() if key not in keys}


def test_a_network_that_somebody_named_is_no_small_one() -> None:
    train = GROUNDING_DINO.by_action["train"]()
    full = GROUNDING_DINO.recipe.full
    assert not full(train, NOTHING)
    assert not full(train, Named(["dataset.batch_size=4", "model.num_queries=900"]))
    assert full(train, Named(["model.backbone=swin_tiny_224_1k"]))
    spec = CLASSIFICATION["train"]()
    assert meant_at_full_size(spec, Named(["model={}"]))
    assert not meant_at_full_size(spec, Named(["model.head.type=x"]))
    assert wants_full(RTDETR.by_action["train"](), Named(["model.hidden_dim=256"]))
    assert SEGFORMER.recipe.full(
        SEGFORMER.by_action["train"](), Named(["model.decode_head.align_corners=false"])
    )


@pytest.mark.parametrize("key", ["train.pretrained_model_path", "model.pretrained_backbone_path"])
def test_weights_that_are_named_as_none_mean_no_full_size(key: str) -> None:
    """ "From scratch" sets both to nothing."""
    none = Named([f"{key}="])
    assert not GROUNDING_DINO.recipe.full(GROUNDING_DINO.by_action["train"](), none)
    assert not RTDETR.recipe.full(RTDETR.by_action["train"](), none)
    none = Named([f"{key.replace('model.', 'model.backbone.')}="])
    assert not SEGFORMER.recipe.full(SEGFORMER.by_action["train"](), none)
    assert not meant_at_full_size(CLASSIFICATION["train"](), none)


def test_a_block_names_what_is_in_it_and_a_part_what_it_is_of() -> None:
    named = Named(["train.optim={}", "model.sizes[0]=3"])
    assert "train.optim.lr" in named and "model.sizes" in named and "model" in named
    assert "train.seed" not in named and "model.size" not in named


def test_the_first_line_of_a_spec_is_read(tmp_path: Path) -> None:
    keys = ["dataset.batch_size", "train.freeze[0]", "evaluate.batch_size", "train.freeze[7]"]
    document = {"dataset": {"batch_size": 4}, "train": {"freeze": ["backbone"]}}
    path = _write(tmp_path / "spec.yaml", document, f"# named: {json.dumps(keys)}\n")
    spec = load_spec(GROUNDING_DINO, "train", path)
    assert named_words(path, spec) == ["dataset.batch_size=4", 'train.freeze[0]="backbone"']
    assert named_words(_write(path, document, "# mine\n"), spec) == []
    for wrong in ("batch_size", '{"a": 1}', "[1]"):
        with pytest.raises(SpecError, match=r"first line.*JSON list"):
            named_words(_write(path, document, f"# named: {wrong}\n"), spec)


@pytest.mark.parametrize(
    ("head", "train", "named"),
    [
        ("", {"precision": "fp32"}, True),
        ("# mine\n", {"precision": "fp16"}, True),
        ("", {"seed": 3}, False),
        ('# named: ["train.seed"]\n', {"precision": "fp32", "seed": 3}, False),
        ('# named: ["train.precision"]\n', {"precision": "fp32"}, True),
    ],
)
def test_a_precision_is_named_by_standing_in_a_file_that_lists_nothing(
    tmp_path: Path, head: str, train: dict[str, object], named: bool
) -> None:
    document = {"inference": {"checkpoint": "a.pth"}, "train": train}
    path = _write(tmp_path / "spec.yaml", document, head)
    words = named_words(path, load_spec(GROUNDING_DINO, "inference", path))
    assert ("train.precision" in Named(words)) == named


def test_a_name_of_two_words_in_a_table_names_the_table(tmp_path: Path) -> None:
    keys = ["inference.color_map.red circle", "inference.color_map.star", "inference.conf_threshold"]
    table = {"red circle": "blue", "star": "red"}
    document = {"inference": {"checkpoint": "a.pth", "color_map": table, "conf_threshold": 0.5}}
    path = _write(tmp_path / "spec.yaml", document, f"# named: {json.dumps(keys)}\n")
    words = named_words(path, load_spec(GROUNDING_DINO, "inference", path))
    assert [word.partition("=")[0] for word in words] == [
        "inference.color_map",
        "inference.color_map.star",
        "inference.conf_threshold",
    ]
    assert all(key in Named(words) for key in keys)
