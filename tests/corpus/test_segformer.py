"""The corpus' own SegFormer skill on the embedded engine: its templates are our specs, with our defaults."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from skillbank_engine.families.segformer.config import SPECS_OF_FAMILY
from tests.corpus.conftest import CORPUS

SKILL = CORPUS / "skills" / "models" / "tao-train-segformer"
ACTIONS = ("train", "evaluate", "inference", "export", "quantize")

# Reporting elsewhere is off unless somebody asks for it; for one loader process a GPU waits.
OURS = {"wandb.enable": (True, False), "dataset.segment.workers": (1, 8)}


def template(name: str) -> dict[str, Any]:
    path: Path = SKILL / "references" / f"spec_template_{name}.yaml"
    if not path.is_file():
        pytest.skip(f"the corpus of real skills is not at {CORPUS}")
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def leaves(node: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@pytest.mark.parametrize("action", ACTIONS)
def test_templates_have_our_keys_and_our_defaults(action: str) -> None:
    theirs = dict(leaves(template(action)))
    spec = SPECS_OF_FAMILY.by_action[action]()
    ours = dict(leaves(spec.model_dump(exclude={"engine"})))
    if action in ("export", "quantize"):
        # Where masks are may stay open; the family's template leaves it to be filled in.
        assert theirs.pop("dataset.segment.root_dir") == "???"
        assert ours.pop("dataset.segment.root_dir") == ""
    assert theirs.keys() == ours.keys()
    apart = {key: (theirs[key], ours[key]) for key in theirs if theirs[key] != ours[key]}
    assert apart == OURS


@pytest.mark.parametrize("action", ["evaluate", "inference", "gen_trt_engine"])
def test_templates_of_the_deploy_container_are_specs(action: str) -> None:
    document = template(f"deploy_{action}")
    spec = SPECS_OF_FAMILY.by_action[action].model_validate(document)
    found = dict(leaves(spec.model_dump()))
    for key, value in leaves(document):
        if key.endswith("data_type"):
            value = value.upper()
        if not isinstance(value, list):
            assert found[key] == value, key
