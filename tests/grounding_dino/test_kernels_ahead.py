"""The GPU kernels that processes compile ahead are those that a training launches."""

import ast
import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from skillbank_engine.device import Compute
from skillbank_engine.families import grounding_dino
from skillbank_engine.families.grounding_dino import kernels_ahead, warming
from skillbank_engine.families.grounding_dino.config import build_spec
from skillbank_engine.families.grounding_dino.kernels_ahead import Wanted, command, launches

SWIN = Wanted(0, 2, "bfloat16", 8, 256, 4, (4, 4), channels=96, stages=(2, 3, 4), norms=True)


def parameters(module: str, kernel: str) -> list[str]:
    """Names of a kernel's parameters, from its source: Triton is not needed for that."""
    source = Path(grounding_dino.__path__[0], f"{module}.py").read_text(encoding="utf-8")
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    return [argument.arg for argument in functions[kernel].args.args]


@pytest.mark.parametrize("kind", ["bfloat16", "float16", "float32"])
def test_launches_fill_the_parameters_of_their_kernels(kind: str) -> None:
    for launch in launches(replace(SWIN, kind=kind)):
        names = parameters(launch.module, launch.kernel)
        told = len(launch.tensors) + len(launch.numbers)
        assert set(names[told:]) == launch.sizes.keys() - {"num_warps"}
        assert None not in launch.tensors[:1]


def test_every_launch_comes_once_and_those_of_every_step_first() -> None:
    found = launches(SWIN)
    assert all(launch not in found[:number] for number, launch in enumerate(found))
    assert [launch.kernel for launch in found[:4]] == ["forward", "backward"] * 2
    assert {launch.sizes["D"] for launch in found} == {32, 96, 192, 256, 384, 768, 1536}
    assert len(launches(replace(SWIN, norms=False))) == 4
    assert len(launches(replace(SWIN, kind="float32"))) == 4


def test_what_is_wanted_follows_the_spec() -> None:
    compute = Compute(torch.device("cuda", 1), "bf16", 16)
    train = {"train": {"activation_checkpoint": False}}
    assert warming.wanted(build_spec("train", train), compute) == replace(SWIN, device=1, processes=8)
    spec = build_spec("train", {"model": {"backbone": "resnet_50"}, "engine": {"cuda_graphs": False}})
    plain = warming.wanted(spec, replace(compute, precision="fp16", threads=2))
    assert (plain.kind, plain.channels, plain.norms, plain.processes) == ("float16", 0, False, 2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="kernels can be compiled here")
def test_where_nothing_can_be_compiled_one_sentence_says_so(caplog: pytest.LogCaptureFixture) -> None:
    spec = build_spec("train", {})
    with warming._compiling(spec, Compute(torch.device("cuda", 0), "bf16", 1)) as compiled:
        compiled()
    [said] = caplog.messages
    assert said.startswith("GPU kernels could not be compiled in processes of their own: ")


def test_what_compilers_say_beside_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    code = (
        "import sys\n"
        "sys.stderr.write('x' * (1 << 20) + '\\nno room\\n')\n"
        "print('line\\n' * 4, flush=True)\n"
        "sys.exit(1)"
    )
    monkeypatch.setattr(warming, "command", lambda ahead: [sys.executable, "-c", code])
    with warming._compiling(build_spec("train", {}), Compute(torch.device("cuda", 0), "bf16", 1)) as compiled:
        compiled()
    [said] = caplog.messages
    assert said == "GPU kernels could not be compiled in processes of their own: no room"


LAUNCHING = """
import torch
from skillbank_engine.families.grounding_dino import rows_triton
from skillbank_engine.families.grounding_dino.deformable_triton import fused
from triton import knobs

def listen(*, src, cache_hit, **_):
    print(src.name, cache_hit)

knobs.compilation.listener = listen
low = torch.bfloat16

def drawn(*shape, kind=low):
    return torch.randn(*shape, device="cuda", dtype=kind).requires_grad_()

for corners in (2, 4):
    inputs = drawn(1, 64, 8, 32), drawn(1, 5, 8, 4, 4, 2), drawn(1, 5, 8, 16)
    table = torch.full((4, 2), 4, dtype=torch.int32, device="cuda")
    out = fused(inputs[0], table, torch.rand(1, 5, 4, corners, device="cuda"), *inputs[1:])
    torch.autograd.grad(out, inputs, torch.ones_like(out))
for width, kind, change, outputs, flat in (
    (256, torch.float32, low, (True, low), False),
    (256, low, None, (True, low), False),
    (256, low, None, (True, None), True),
    (96, torch.float32, None, (False, low), True),
    (1536, low, None, (False, low), True),
):
    hidden, weight, bias = drawn(3, 7, width, kind=kind), *(drawn(width, kind=torch.float32) for _ in "wb")
    more = None if change is None else drawn(3, 7, width, kind=change)
    found = rows_triton.normed(hidden, more, weight, bias, 1e-5, outputs[1], full=outputs[0], flat=flat)
    found = [tensor for tensor in found if tensor is not None]
    torch.autograd.grad(found, [hidden, weight, bias], [torch.ones_like(tensor) for tensor in found])
"""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="kernels need a GPU")
def test_a_training_finds_what_was_compiled_ahead(tmp_path: Path) -> None:
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path)}
    ahead = subprocess.run(command(SWIN), env=environment, capture_output=True, text=True, check=True)
    assert len(ahead.stdout.splitlines()) == len(launches(SWIN))
    launching = [sys.executable, "-c", LAUNCHING]
    done = subprocess.run(launching, env=environment, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 14
    assert all(line.endswith(" True") for line in lines), lines


def test_the_command_tells_all_that_is_wanted() -> None:
    *_, text = command(SWIN)
    assert launches(Wanted(**json.loads(text))) == launches(SWIN)
    assert asdict(SWIN).keys() == json.loads(text).keys()
    assert kernels_ahead.__name__ in command(SWIN)
