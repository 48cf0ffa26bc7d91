"""Deformable attention by torch's operations does what its definition says, and so do its gradients."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from skillbank_engine.families.grounding_dino.deformable import (
    answers_only,
    deformable_attention,
    gathered,
    level_table,
    plain,
)

SHAPES = [(3, 4), (2, 2)]
BATCH, QUERIES, HEADS, WIDTH, POINTS = 2, 3, 2, 4, 2


def inputs(coordinates: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(coordinates)

    def normal(*size: int) -> Tensor:
        return torch.randn(*size, generator=generator, dtype=torch.float64)

    places = sum(height * width for height, width in SHAPES)
    references = torch.rand(
        BATCH, QUERIES, len(SHAPES), coordinates, generator=generator, dtype=torch.float64
    )
    return (
        normal(BATCH, places, HEADS, WIDTH),
        references,
        normal(BATCH, QUERIES, HEADS, len(SHAPES), POINTS, 2),
        normal(BATCH, QUERIES, HEADS, len(SHAPES) * POINTS),
    )


def cell(values: Tensor, start: int, shape: tuple[int, int], x: int, y: int) -> Tensor:
    height, width = shape
    inside = 0 <= x < width and 0 <= y < height
    return values[start + y * width + x] if inside else torch.zeros(WIDTH, dtype=values.dtype)


def by_definition(values: Tensor, references: Tensor, offsets: Tensor, logits: Tensor) -> Tensor:
    """Look at one sample after the other."""
    result = torch.zeros(BATCH, QUERIES, HEADS, WIDTH, dtype=values.dtype)
    for b, q, h in torch.cartesian_prod(
        torch.arange(BATCH), torch.arange(QUERIES), torch.arange(HEADS)
    ).tolist():
        shares = logits[b, q, h].softmax(-1)
        start = 0
        for level, (height, width) in enumerate(SHAPES):
            reference = references[b, q, level].tolist()
            for point in range(POINTS):
                dx, dy = offsets[b, q, h, level, point].tolist()
                if len(reference) == 4:
                    dx, dy = dx * reference[2] / 2 / POINTS * width, dy * reference[3] / 2 / POINTS * height
                x, y = reference[0] * width + dx - 0.5, reference[1] * height + dy - 0.5
                left, upper = math.floor(x), math.floor(y)
                for column, line in (
                    (left, upper),
                    (left + 1, upper),
                    (left, upper + 1),
                    (left + 1, upper + 1),
                ):
                    part = (1 - abs(x - column)) * (1 - abs(y - line)) * shares[level * POINTS + point]
                    result[b, q, h] += part * cell(values[b, :, h], start, (height, width), column, line)
            start += height * width
    return result.flatten(2)


@pytest.mark.parametrize("coordinates", [2, 4])
def test_samples_are_mixed_as_defined(coordinates: int) -> None:
    values, references, offsets, logits = inputs(coordinates)
    torch.testing.assert_close(
        plain(values, SHAPES, references, offsets, logits), by_definition(values, references, offsets, logits)
    )


@pytest.mark.slow
@pytest.mark.parametrize("coordinates", [2, 4])
def test_gradients(coordinates: int) -> None:
    values, references, offsets, logits = inputs(coordinates)
    wanted = [tensor.requires_grad_() for tensor in (values, offsets, logits)]
    assert torch.autograd.gradcheck(lambda v, o, w: plain(v, SHAPES, references, o, w), wanted)


@pytest.mark.parametrize("coordinates", [2, 4])
def test_rows_summed_at_once_are_the_same_samples(coordinates: int) -> None:
    values, references, offsets, logits = inputs(coordinates)
    exact = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)[None, :, None, None]
    cases = [(exact.expand(BATCH, QUERIES, len(SHAPES), coordinates), torch.zeros_like(offsets))]
    # Far outside, on edges and in corners too.
    cases += [(references, offsets * scale) for scale in (0.3, 1.0, 5.0, 1e12)]
    for places, moves in cases:
        expected = plain(values, SHAPES, places, moves, logits)
        torch.testing.assert_close(gathered(values, SHAPES, places, moves, logits), expected)


def test_what_is_no_number_stays_none() -> None:
    values, references, offsets, logits = inputs(2)
    offsets[0, 1] = torch.nan
    result = gathered(values, SHAPES, references, offsets, logits)
    assert result[0, 1].isnan().all()
    assert not result[1].isnan().any()


def test_gradients_go_the_plain_way() -> None:
    values, references, offsets, logits = (tensor.float() for tensor in inputs(2))
    table = level_table(tuple(SHAPES), values.device)
    values.requires_grad_()
    assert not answers_only(values)
    total: Any = deformable_attention(values, SHAPES, table, references, offsets, logits).sum()
    total.backward()
    assert values.grad is not None
    with torch.no_grad():
        assert answers_only(values)
        short = deformable_attention(values, SHAPES, table, references, offsets, logits)
    torch.testing.assert_close(short, plain(values, SHAPES, references, offsets, logits))
