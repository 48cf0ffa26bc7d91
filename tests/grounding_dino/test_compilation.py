"""engine.compile: layers of one kind are compiled once, and where no compiler is, one sentence says so."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from transformers import GroundingDinoForObjectDetection, SwinConfig
from transformers.models.swin.modeling_swin import SwinDropPath

from skillbank_engine.compilation import require_compiler
from skillbank_engine.errors import EngineError
from skillbank_engine.families.grounding_dino.__main__ import main
from skillbank_engine.families.grounding_dino.backbone import DropPath
from skillbank_engine.families.grounding_dino.model import network_config, wrap_network
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompt
from skillbank_engine.families.grounding_dino.tokenizer import PhraseTokenizer
from tests.grounding_dino.conftest import TINY, TINY_OVERRIDES, data_block, status_lines

# transformers takes these by keyword but does not declare them.
LEVELS: dict[str, Any] = {"out_indices": [2, 3]}


def test_paths_are_dropped_as_transformers_does() -> None:
    hidden = torch.randn(4000, 3, 2)
    for rate in (0.0, 0.3):
        for module in (DropPath(rate), SwinDropPath(rate)):
            torch.manual_seed(0)
            share = module.train()(hidden) / hidden
            kept = share[:, 0, 0] != 0
            assert float(kept.float().mean()) == pytest.approx(1 - rate, abs=0.03)
            torch.testing.assert_close(share[kept], torch.full_like(share[kept], 1 / (1 - rate)))
            assert torch.equal(module.eval()(hidden), hidden)
    assert not DropPath(0.1).state_dict()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_layers_that_drop_at_other_rates_share_what_is_compiled(tokenizer: PhraseTokenizer) -> None:
    architecture = replace(TINY, enc_layers=3, dec_layers=4)
    config = network_config(architecture, len(tokenizer))
    config.backbone_config = SwinConfig(
        embed_dim=8, depths=[1, 1, 6, 1], num_heads=[1, 1, 2, 2], window_size=2, drop_path_rate=0.3, **LEVELS
    )
    torch.manual_seed(0)
    detector = wrap_network(GroundingDinoForObjectDetection(config), architecture, tokenizer).train()
    assert len({float(module.rate) for module in detector.modules() if isinstance(module, DropPath)}) == 9
    compiled: list[Any] = []

    def counting(graph: Any, _inputs: Any) -> Any:
        compiled.append(graph)
        return graph.forward

    torch._dynamo.reset()
    detector.compile_layers(backend=counting)
    batch = batch_prompts([build_prompt(["red circle"], tokenizer, 32)], tokenizer.pad)
    pixels = torch.randn(1, 3, 64, 64)
    detector(pixels, None, batch).boxes.sum().backward()
    # Four stages, one of them with and without a shift, encoder and decoder: not nine layers, three and four.
    assert len(compiled) <= 4 + 1 + 2
    before = len(compiled)
    detector(pixels, None, batch).boxes.sum().backward()
    assert len(compiled) == before
    torch._dynamo.reset()


def test_no_compiler_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(EngineError, match=r"needs a C\+\+ compiler, and there is no no-such-compiler here"):
        require_compiler(torch.device("cpu"))


@pytest.mark.slow
def test_a_run_that_cannot_compile_is_refused(
    tmp_path: Path, shapes: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    spec = tmp_path / "spec.yaml"
    document = {"results_dir": str(tmp_path / "results"), "dataset": data_block(shapes)}
    spec.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert main(["train", "-e", str(spec), *TINY_OVERRIDES, "engine.compile=true"]) == 1
    assert "engine.compile needs a C++ compiler" in capsys.readouterr().err
    assert status_lines(tmp_path / "results" / "train")[-1]["status"] == "FAILURE"
