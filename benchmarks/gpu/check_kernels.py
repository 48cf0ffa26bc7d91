"""The GPU kernels of deformable attention: the first pass on a fresh machine, the next ones, the errors.

Both ways are compared with torch's own operations in float64.

python benchmarks/gpu/check_kernels.py
"""

import itertools
import os
import tempfile
import time
from typing import Any

import torch

from skillbank_engine.families.grounding_dino.deformable import plain
from skillbank_engine.families.grounding_dino.deformable_triton import fused

FULL = [(100, 134), (50, 67), (25, 34), (13, 17)]
"""The levels of pictures of 800 x 1066."""


def timed(queries: int, boxes: int, batch: int = 8, repeats: int = 10) -> tuple[float, float, float]:
    """Seconds of the first forward and backward pass, and milliseconds of each of the next ones, in bf16."""
    area = sum(high * wide for high, wide in FULL)
    queries = queries or area

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(batch, *shape, device="cuda", dtype=torch.bfloat16).requires_grad_()

    values, offsets, logits = drawn(area, 8, 32), drawn(queries, 8, 4, 4, 2), drawn(queries, 8, 16)
    references = torch.rand(batch, queries, 4, boxes, device="cuda")
    table = torch.tensor(FULL, dtype=torch.int32, device="cuda")
    torch.cuda.synchronize()
    started = time.monotonic()
    out = fused(values, table, references, offsets, logits)
    slope = torch.ones_like(out)
    torch.autograd.grad(out, (values, offsets, logits), slope)
    torch.cuda.synchronize()
    first = time.monotonic() - started
    marks: list[Any] = [torch.cuda.Event(enable_timing=True) for _ in range(2 * repeats + 1)]  # type: ignore[no-untyped-call]
    marks[0].record()
    for number in range(repeats):
        out = fused(values, table, references, offsets, logits)
        marks[2 * number + 1].record()
        torch.autograd.grad(out, (values, offsets, logits), slope)
        marks[2 * number + 2].record()
    torch.cuda.synchronize()
    spans = [a.elapsed_time(b) for a, b in itertools.pairwise(marks)]
    return first, sorted(spans[::2])[repeats // 2], sorted(spans[1::2])[repeats // 2]


def main() -> None:
    os.environ["TRITON_CACHE_DIR"] = tempfile.mkdtemp()  # nothing that an earlier run compiled counts
    print(torch.cuda.get_device_name(), torch.__version__)
    for name, queries, boxes in (("encoder", 0, 2), ("decoder", 900, 4)):
        first, forward, backward = timed(queries, boxes)
        print(f"{name}: first pass {first:.1f} s, then forward {forward:.2f} ms, backward {backward:.2f} ms")
    worst = 0.0
    for boxes, dtype, (heads, width) in itertools.product(
        (2, 4), (torch.float32, torch.bfloat16), ((8, 32), (4, 16))
    ):
        torch.manual_seed(0)
        shapes, points, queries, batch = [(13, 17), (7, 9), (3, 5)], 4, 37, 3
        area = sum(h * w for h, w in shapes)
        values = torch.randn(batch, area, heads, width, device="cuda")
        references = torch.rand(batch, queries, 3, boxes, device="cuda")
        offsets = torch.randn(batch, queries, heads, 3, points, 2, device="cuda") * 3
        logits = torch.randn(batch, queries, heads, 3 * points, device="cuda")
        inputs = [t.to(dtype) for t in (values, offsets, logits)]
        exact = [t.double().requires_grad_() for t in inputs]
        ours = [t.clone().requires_grad_() for t in inputs]
        wanted = plain(exact[0], shapes, references.double(), exact[1], exact[2])
        got = fused(
            ours[0], torch.tensor(shapes, dtype=torch.int32, device="cuda"), references, ours[1], ours[2]
        )
        slope = torch.randn_like(got)
        slopes = torch.autograd.grad(got, ours, slope), torch.autograd.grad(wanted, exact, slope.double())
        pairs = [(got.detach(), wanted.detach()), *zip(*slopes, strict=True)]
        errors = [float((a.double() - b).norm() / b.norm()) for a, b in pairs]
        print(boxes, dtype, heads, width, *(f"{error:.2e}" for error in errors))
        limit = 1e-4 if dtype == torch.float32 else 2e-2
        assert max(errors) < limit, errors
        worst = max(worst, *errors)
    print(f"worst relative error {worst:.2e}")


if __name__ == "__main__":
    main()
