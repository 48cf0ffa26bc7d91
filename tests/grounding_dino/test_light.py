"""Importing only what a forward pass needs: the answers are the same, and the rest comes when asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

LIGHT = (
    "from skillbank_engine import light\nlight.import_torch()\nimport skillbank_engine.library as library\n"
)
LIGHT += "library.GroundingDinoForObjectDetection, library.AutoBackbone\n"
WHOLE = "from skillbank_engine import light\nlight.whole()\n"
BIG = (
    "torch._prims",
    "torch._dynamo",
    "torch.distributed.tensor",
    "sympy",
    "torch._decomp",
    "transformers.models.clip",
)
FORKS = """
import os, sys
for text in sys.argv[1::2]:
    if os.fork():
        assert os.wait()[1] == 0, text
        continue
    out = sys.argv[sys.argv.index(text) + 1]
    os.dup2(os.open(out, os.O_WRONLY | os.O_CREAT), 1)
    exec(text)
    break
"""
"""Runs texts, each in a process forked from what has been imported by now; what each writes is in a file."""
BACKBONES = ("mini", "swin_tiny_224_1k", "resnet_50")
ANSWERS = (
    f"BACKBONES = {BACKBONES}"
    + """
import json, os, sys, torch
from skillbank_engine.families.grounding_dino.architecture import Architecture
from skillbank_engine.families.grounding_dino.model import build_detector
from skillbank_engine.families.grounding_dino.prompt import batch_prompts, build_prompts
from skillbank_engine.families.grounding_dino.tokenizer import build_tokenizer
torch.set_num_threads(1)  # of so few numbers a second one makes ten times the work
for backbone in BACKBONES:
    if os.fork():  # each from what has been imported by now
        assert os.wait()[1] == 0
        continue
    torch.manual_seed(0)
    shape = {"backbone": backbone, "text_encoder": "mini", "hidden_dim": 32, "nheads": 2, "enc_layers": 1}
    shape |= {"dec_layers": 2, "dim_feedforward": 32, "num_queries": 10, "text_hidden": 32, "text_layers": 1}
    shape |= {"text_heads": 2, "text_ffn": 32, "backbone_channels": (8, 16, 24, 32)}
    tokens = build_tokenizer(["red circle", "blue star"])
    detector = build_detector(Architecture(**shape), tokens).eval()
    prompts = batch_prompts(build_prompts(["red circle", "blue star"], tokens, 64), tokens.pad)
    with torch.inference_mode():
        out = detector(torch.randn(1, 3, 96, 128), None, prompts)
    print(json.dumps([backbone, out.logits[-1].tolist(), out.boxes[-1].tolist()]))
    break
"""
)
LARGE = "import skillbank_engine.families.grounding_dino.commands.answering, sys\nprint(*sys.modules)"
WAITING = (
    "import skillbank_engine.families.grounding_dino.commands.answering\n"
    "from skillbank_engine.later import put_off\nprint(*put_off())"
)
REST = """
import torch
from transformers import AutoImageProcessor, AutoTokenizer, pipeline
import transformers, torch._dynamo, torch.distributed
print(transformers.models.clip.__name__, torch.distributed.is_available())
print(torch.compile(lambda x: x + 1, backend='eager')(torch.zeros(1)).item())
print(torch.rand(2, generator=torch.Generator().manual_seed(1)), torch._prims.__name__)
print(torch.cond is torch._higher_order_ops.cond, torch.distributions.Normal(0.0, 1.0).mean)
print(torch.export.export.__module__, transformers.utils.hub.HfApi.__name__)
print('compared' in torch.Tensor.allclose.__doc__ or torch.Tensor.allclose.__doc__)
print(torch.empty(2, 3, device='meta').matmul(torch.empty(3, 4, device='meta')).shape)
from skillbank_engine.library import GroundingDinoForObjectDetection as ours
print(ours is transformers.GroundingDinoForObjectDetection)
"""
TEXTS = {"answers": ANSWERS, "large": LARGE, "waiting": WAITING, "rest": REST}
TEXTS |= {"whole rest": "light.whole()\n" + REST}


def answer(code: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each of the texts says where libraries have been imported in parts, which is done once for all."""
    outs = {name: tmp_path_factory.mktemp("light") / "out" for name in TEXTS}
    answer(LIGHT + FORKS, *(each for name, text in TEXTS.items() for each in (text, str(outs[name]))))
    return {name: out.read_text() for name, out in outs.items()}


@pytest.fixture(scope="module")
def answers(light: dict[str, str]) -> list[dict[str, list[Any]]]:
    """By backbone what a detector answers: whose libraries are imported in parts, and whole."""
    said = (light["answers"], answer(WHOLE + ANSWERS))
    return [{name: found for name, *found in map(json.loads, lines.splitlines())} for lines in said]


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_answers_are_the_same(answers: list[dict[str, list[Any]]], backbone: str) -> None:
    light, whole = answers
    assert light[backbone] == whole[backbone]


def test_what_is_large_stays_away(light: dict[str, str]) -> None:
    assert not set(light["large"].split()).intersection(BIG)


def test_what_no_pass_needs_has_not_run(light: dict[str, str]) -> None:
    waiting = set(light["waiting"].split())
    assert waiting >= {"torch.export", "torch._higher_order_ops", "torch.masked", "torch.quantization"}
    assert waiting >= {"huggingface_hub.hf_api", "torch.distributions", "torchgen.model"}


def test_a_network_that_is_found_by_its_name_brings_nothing_large() -> None:
    code = (
        "from skillbank_engine import light\nlight.import_torch()\nimport sys\n"
        "from skillbank_engine.library import AutoConfig, AutoModelForImageClassification as auto\n"
        "auto.from_config(AutoConfig.for_model('resnet', depths=[1, 1, 1, 1], embedding_size=8))\n"
        "print(*sys.modules)"
    )
    assert not set(answer(code).split()).intersection({*BIG, "torchao", "scipy"})


def test_the_rest_comes_when_it_is_asked_for(light: dict[str, str]) -> None:
    assert light["rest"] == light["whole rest"] == answer(REST)


def test_parts_of_the_compiler_that_somebody_imports_meanwhile_do_not_break_it() -> None:
    """As torchvision imports one, where it is installed."""
    text = LIGHT + (
        "import torch\nwith light.without_compiler():\n    import torch._dynamo.utils\n"
        "import torch._dynamo\nassert torch._dynamo.utils and torch._dynamo.config\n"
        "print(torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item())\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "2.0", done.stderr[-500:]


def test_every_module_of_the_compiler_runs_as_often_as_by_itself() -> None:
    """Some version of torch breaks where a module that an import is in the middle of is run once more."""
    ran = (
        "import sys\nfrom collections import Counter\n"
        "from importlib.machinery import SourceFileLoader as loader\n"
        "ran, run = Counter(), loader.exec_module\n"
        "loader.exec_module = lambda self, module: (ran.update([module.__name__]), run(self, module))[1]\n"
    )
    code = "import torch._dynamo\nprint(*(name for name, times in ran.items() if times > 1))"
    light = "from skillbank_engine import light\nlight.import_torch()\n"
    assert answer(ran + light + code) == answer(ran + code)


def test_libraries_that_are_built_otherwise_are_imported_whole() -> None:
    code = "from skillbank_engine import light\nlight._PLACES['SwinConfig'] = 'nowhere'\n" + LIGHT
    code += "import sys\nfrom skillbank_engine.library import SwinConfig\nimport transformers\n"
    code += "print(isinstance(transformers, light._Part), SwinConfig.model_type)"
    assert answer(code).split() == ["False", "swin"]


def test_nothing_compiled_waits_for_the_libraries_of_torch() -> None:
    """The system loads one library at a time: what is compiled comes before them, or would wait for them."""
    code = (
        "from importlib.machinery import ExtensionFileLoader as loader\nfrom threading import Thread\n"
        "events, load, start = [], loader.create_module, Thread.start\n"
        "loader.create_module = lambda self, spec: (events.append(spec.name), load(self, spec))[1]\n"
        "Thread.start = lambda self: (events.append('thread'), start(self))[1]\n"
        "from skillbank_engine.families.grounding_dino.__main__ import main\n"
        "main(['label', '--checkpoint', 'none.pth', '--out', 'none', '--text', 'circle', 'none.png'])\n"
        "print(*events)"
    )
    events = answer(code).split()
    assert "numpy._core._multiarray_umath" in events[: events.index("thread")]
    assert events.index("torch._C") == events.index("thread") + 1
