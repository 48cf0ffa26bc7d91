"""Compare the GPU kernels of deformable attention with torch's own operations in float64, both ways.

python benchmarks/gpu/check_kernels.py
"""

import itertools

import torch

from skillbank_engine.families.grounding_dino.deformable import plain
from skillbank_engine.families.grounding_dino.deformable_triton import fused


def main() -> None:
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
