"""The GPU kernels of deformable attention, in Triton's own language.

One program handles a block of queries of one head: it walks over levels and points, computes the place, reads
four neighbours of ``D`` channels each, and adds them up. Nothing but the result is written. The backward
kernel walks the same way and adds to the values' gradient atomically, in fp32.

The loops over levels and points stay loops: unrolled they take a minute to compile, and run no faster. One
kernel serves all sizes of pictures.
"""

# Triton compiles these functions from their source and knows no annotations but constexpr.
# mypy: ignore-errors
# ruff: noqa: N803
import triton
import triton.language as tl


@triton.jit
def _place(
    references,
    offsets,
    row,
    cell,
    level,
    wide,
    high,
    valid,
    L: tl.constexpr,
    P: tl.constexpr,
    BOX: tl.constexpr,
):
    """Pixel coordinates of one point of a block of queries, and what an offset moves them by."""
    reference = references + (row * L + level) * (4 if BOX else 2)
    x = tl.load(reference, mask=valid, other=0.0).to(tl.float32) * wide - 0.5
    y = tl.load(reference + 1, mask=valid, other=0.0).to(tl.float32) * high - 0.5
    if BOX:
        by_x = tl.load(reference + 2, mask=valid, other=0.0).to(tl.float32) * wide * (0.5 / P)
        by_y = tl.load(reference + 3, mask=valid, other=0.0).to(tl.float32) * high * (0.5 / P)
    else:
        by_x = tl.full(x.shape, 1.0, tl.float32)
        by_y = by_x
    x += tl.load(offsets + cell * 2, mask=valid, other=0.0).to(tl.float32) * by_x
    y += tl.load(offsets + cell * 2 + 1, mask=valid, other=0.0).to(tl.float32) * by_y
    return x, y, by_x, by_y


@triton.jit
def _index(column, line, wide, high):
    """Number of a place in its level; places outside, which are masked, get that of the nearest inside."""
    column = tl.minimum(tl.maximum(column, 0.0), wide - 1.0)
    line = tl.minimum(tl.maximum(line, 0.0), high - 1.0)
    return line.to(tl.int32) * wide + column.to(tl.int32)


@triton.jit
def _softmax(logits, cells, valid, count: tl.constexpr, POINTS: tl.constexpr):
    """Largest logit of each query of a block, and one over the sum of the exponentials."""
    points = tl.arange(0, POINTS)
    present = valid[:, None] & (points < count)[None]
    scores = tl.load(logits + cells[:, None] + points[None], mask=present, other=-1e30).to(tl.float32)
    top = tl.max(scores, 1)
    return top, 1.0 / tl.sum(tl.exp(scores - top[:, None]), 1)


@triton.jit(do_not_specialize=["queries", "positions"])
def forward(
    values,
    shapes,
    references,
    offsets,
    logits,
    out,
    queries,
    positions,
    H: tl.constexpr,
    D: tl.constexpr,
    L: tl.constexpr,
    P: tl.constexpr,
    POINTS: tl.constexpr,
    BOX: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write the mixed samples ``(B, Q, H, D)`` of a block of queries of one head."""
    head = tl.program_id(1) % H
    batch = (tl.program_id(1) // H).to(tl.int64)
    query = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    valid = query < queries
    row = batch * queries + query
    cells = (row * H + head) * (L * P)
    channel = tl.arange(0, D)
    top, scale = _softmax(logits, cells, valid, L * P, POINTS)
    total = tl.zeros([BLOCK, D], tl.float32)
    start = 0
    for level in range(L):
        high = tl.load(shapes + 2 * level)
        wide = tl.load(shapes + 2 * level + 1)
        for point in range(P):
            cell = cells + level * P + point
            score = tl.load(logits + cell, mask=valid, other=0.0).to(tl.float32)
            weight = tl.exp(score - top) * scale
            x, y, _, _ = _place(references, offsets, row, cell, level, wide, high, valid, L, P, BOX)
            left = tl.floor(x)
            upper = tl.floor(y)
            for corner in tl.static_range(4):
                column = left + (corner % 2)
                line = upper + (corner // 2)
                share = (1 - tl.abs(x - column)) * (1 - tl.abs(y - line))
                inside = valid & (column >= 0) & (column < wide) & (line >= 0) & (line < high)
                index = start + _index(column, line, wide, high)
                place = ((batch * positions + index) * H + head) * D
                sample = tl.load(values + place[:, None] + channel[None], mask=inside[:, None], other=0.0)
                total += (weight * share)[:, None] * sample.to(tl.float32)
        start += high * wide
    target = out + (row * H + head)[:, None] * D + channel[None]
    tl.store(target, total.to(out.dtype.element_ty), mask=valid[:, None])


@triton.jit(do_not_specialize=["queries", "positions"])
def backward(
    values,
    shapes,
    references,
    offsets,
    logits,
    out,
    grad,
    grad_values,
    grad_offsets,
    grad_logits,
    queries,
    positions,
    H: tl.constexpr,
    D: tl.constexpr,
    L: tl.constexpr,
    P: tl.constexpr,
    POINTS: tl.constexpr,
    BOX: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Write the gradients of offsets and logits, and add to that of the values."""
    head = tl.program_id(1) % H
    batch = (tl.program_id(1) // H).to(tl.int64)
    query = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    valid = query < queries
    row = batch * queries + query
    cells = (row * H + head) * (L * P)
    channel = tl.arange(0, D)
    top, scale = _softmax(logits, cells, valid, L * P, POINTS)
    tile = (row * H + head)[:, None] * D + channel[None]
    wanted = tl.load(grad + tile, mask=valid[:, None], other=0.0).to(tl.float32)
    # The softmax's own sum of weight times gradient is the product with the result.
    mean = tl.sum(wanted * tl.load(out + tile, mask=valid[:, None], other=0.0).to(tl.float32), 1)
    start = 0
    for level in range(L):
        high = tl.load(shapes + 2 * level)
        wide = tl.load(shapes + 2 * level + 1)
        for point in range(P):
            cell = cells + level * P + point
            score = tl.load(logits + cell, mask=valid, other=0.0).to(tl.float32)
            weight = tl.exp(score - top) * scale
            x, y, by_x, by_y = _place(references, offsets, row, cell, level, wide, high, valid, L, P, BOX)
            left = tl.floor(x)
            upper = tl.floor(y)
            product = tl.zeros([BLOCK], tl.float32)
            slope_x = tl.zeros([BLOCK], tl.float32)
            slope_y = tl.zeros([BLOCK], tl.float32)
            for corner in tl.static_range(4):
                column = left + (corner % 2)
                line = upper + (corner // 2)
                share_x = 1 - tl.abs(x - column)
                share_y = 1 - tl.abs(y - line)
                inside = valid & (column >= 0) & (column < wide) & (line >= 0) & (line < high)
                index = start + _index(column, line, wide, high)
                place = (((batch * positions + index) * H + head) * D)[:, None] + channel[None]
                sample = tl.load(values + place, mask=inside[:, None], other=0.0).to(tl.float32)
                agreement = tl.sum(sample * wanted, 1)
                product += share_x * share_y * agreement
                slope_x += (2 * (corner % 2) - 1) * share_y * agreement
                slope_y += (2 * (corner // 2) - 1) * share_x * agreement
                part = (weight * share_x * share_y)[:, None] * wanted
                tl.atomic_add(grad_values + place, part, mask=inside[:, None], sem="relaxed")
            tl.store(
                grad_logits + cell, (weight * (product - mean)).to(grad_logits.dtype.element_ty), mask=valid
            )
            kind = grad_offsets.dtype.element_ty
            tl.store(grad_offsets + cell * 2, (weight * slope_x * by_x).to(kind), mask=valid)
            tl.store(grad_offsets + cell * 2 + 1, (weight * slope_y * by_y).to(kind), mask=valid)
        start += high * wide
