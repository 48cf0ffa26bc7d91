"""Networks are read as transformers reads them, without the compiler's arithmetic of shapes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import SegformerForSemanticSegmentation

from skillbank_engine.library import PreTrainedModel, SegformerConfig, read_network

CLASSIFIER = "decode_head.classifier.weight"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = SegformerConfig(
        hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2],
        decoder_hidden_size=16, num_labels=3,
    )  # fmt: skip
    SegformerForSemanticSegmentation(config).save_pretrained(tmp_path / "saved")
    return tmp_path / "saved"


def test_weights_and_buffers_are_those_that_transformers_reads(saved: Path) -> None:
    ours = read_network(SegformerForSemanticSegmentation, str(saved))
    theirs = SegformerForSemanticSegmentation.from_pretrained(saved)
    assert not ours.training and ours.config.name_or_path == theirs.config.name_or_path
    pairs = [*zip(ours.named_parameters(), theirs.parameters(), strict=True)]
    pairs += zip(ours.named_buffers(), theirs.buffers(), strict=True)
    for (name, value), true in pairs:
        assert torch.equal(value, true) and value.requires_grad == true.requires_grad, name


def test_what_a_file_lacks_starts_at_random_and_is_told_of(saved: Path) -> None:
    weights = load_file(saved / "model.safetensors")
    [name] = (name for name in weights if name.endswith("classifier.weight"))
    del weights[name]
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})
    network, told = read_network(SegformerForSemanticSegmentation, str(saved), output_loading_info=True)
    assert set(told["missing_keys"]) == {CLASSIFIER}
    begun = network.decode_head.classifier.weight.detach()
    assert 0.005 < float(begun.std()) < 0.06 and not begun.is_meta


def test_another_version_is_read_in_its_own_way(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = PreTrainedModel.__dict__["get_init_context"].__func__
    calls = []

    def once_wrong(kind: type[PreTrainedModel], *arguments: object) -> object:
        calls.append(kind)
        if len(calls) == 1:
            raise TypeError("other arguments")
        return built(kind, *arguments)

    monkeypatch.setattr(PreTrainedModel, "get_init_context", classmethod(once_wrong))
    assert read_network(SegformerForSemanticSegmentation, str(saved)).config.num_labels == 3
    assert len(calls) == 2


def test_a_version_that_builds_elsewhere_is_read_in_its_own_way(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = PreTrainedModel.__dict__["get_init_context"]
    monkeypatch.setattr(PreTrainedModel.__mro__[1], "get_init_context", own, raising=False)
    monkeypatch.delattr(PreTrainedModel, "get_init_context")
    assert read_network(SegformerForSemanticSegmentation, str(saved)).config.num_labels == 3


def test_reading_brings_nothing_large(saved: Path, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.mkdir()
    tokens = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "?", "red", "star")
    (words / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    (words / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    code = (
        "import sys\n"
        "from skillbank_engine.importing import importing\n"
        "with importing():\n"
        "    from skillbank_engine.families.grounding_dino.tokenizer import load_tokenizer\n"
        "    from skillbank_engine.library import SegformerForSemanticSegmentation, read_network\n"
        f"read_network(SegformerForSemanticSegmentation, {str(saved)!r})\n"
        f"print(len(load_tokenizer({str(words)!r})), *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    size, *modules = done.stdout.split()
    assert size == "9"
    assert {"sympy", "torch._dynamo", "torchvision"}.isdisjoint(modules)
