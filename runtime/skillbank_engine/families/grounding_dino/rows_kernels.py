"""GPU kernels over rows of numbers, in Triton's own language: layer norms, and rows in another order.

torch's layer norm gives a whole block of threads to a row, however short: at 256 numbers it takes three times
as long as its memory does.  Here a program takes several rows at once, adds what a residual connection adds,
and writes what matrix products read beside what the next connection reads.
"""

# Triton compiles these functions from their source and knows no annotations but constexpr.
# mypy: ignore-errors
# ruff: noqa: N803
import triton
import triton.language as tl


@triton.jit(do_not_specialize=["rows"])
def norm_forward(
    hidden,
    change,
    weight,
    bias,
    total,
    full,
    low,
    means,
    inverses,
    rows,
    eps,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    ADD: tl.constexpr,
    FULL: tl.constexpr,
    LOW: tl.constexpr,
):
    """Normalise some rows of the sum of both inputs; write the sum, and the output in one or two types."""
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    column = tl.arange(0, WIDTH)
    inside = column[None] < D
    valid = (row[:, None] < rows) & inside
    place = row[:, None] * D + column[None]
    values = tl.load(hidden + place, mask=valid, other=0.0).to(tl.float32)
    if ADD:
        values += tl.load(change + place, mask=valid, other=0.0).to(tl.float32)
        tl.store(total + place, values.to(total.dtype.element_ty), mask=valid)
    mean = tl.sum(values, 1) / D
    centred = tl.where(inside, values - mean[:, None], 0.0)
    inverse = 1.0 / tl.sqrt(tl.sum(centred * centred, 1) / D + eps)
    tl.store(means + row, mean, mask=row < rows)
    tl.store(inverses + row, inverse, mask=row < rows)
    scale = tl.load(weight + column, mask=column < D, other=0.0).to(tl.float32)
    shift = tl.load(bias + column, mask=column < D, other=0.0).to(tl.float32)
    output = centred * inverse[:, None] * scale[None] + shift[None]
    if FULL:
        tl.store(full + place, output.to(full.dtype.element_ty), mask=valid)
    if LOW:
        tl.store(low + place, output.to(low.dtype.element_ty), mask=valid)


@triton.jit(do_not_specialize=["rows"])
def norm_backward(
    total,
    weight,
    means,
    inverses,
    slope_full,
    slope_low,
    slope_total,
    slope_change,
    part_weight,
    part_bias,
    rows,
    eps,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
    ADD: tl.constexpr,
    FULL: tl.constexpr,
    LOW: tl.constexpr,
    FLAT: tl.constexpr,
):
    """Gradients of the sum, in both inputs' types, and each program's share of those of weight and bias."""
    column = tl.arange(0, WIDTH)
    inside = column[None] < D
    scale = tl.load(weight + column, mask=column < D, other=0.0).to(tl.float32)
    of_weight = tl.zeros([WIDTH], tl.float32)
    of_bias = tl.zeros([WIDTH], tl.float32)
    for start in range(tl.program_id(0) * ROWS, rows, tl.num_programs(0) * ROWS):
        row = (start + tl.arange(0, ROWS)).to(tl.int64)
        valid = (row[:, None] < rows) & inside
        place = row[:, None] * D + column[None]
        slope = tl.zeros([ROWS, WIDTH], tl.float32)
        if FULL:
            slope += tl.load(slope_full + place, mask=valid, other=0.0).to(tl.float32)
        if LOW:
            slope += tl.load(slope_low + place, mask=valid, other=0.0).to(tl.float32)
        values = tl.load(total + place, mask=valid, other=0.0).to(tl.float32)
        mean = tl.load(means + row, mask=row < rows, other=0.0)
        inverse = tl.load(inverses + row, mask=row < rows, other=0.0)
        normal = tl.where(valid, (values - mean[:, None]) * inverse[:, None], 0.0)
        of_weight += tl.sum(slope * normal, 0)
        of_bias += tl.sum(slope, 0)
        if FLAT:  # a variance below epsilon
            inverse = tl.where(inverse * inverse * (2 * eps) >= 1, 0.0, inverse)
        scaled = slope * scale[None]
        along = tl.sum(scaled * normal, 1) / D
        level = tl.sum(scaled, 1) / D
        result = (scaled - level[:, None] - normal * along[:, None]) * inverse[:, None]
        tl.store(slope_total + place, result.to(slope_total.dtype.element_ty), mask=valid)
        if ADD:
            tl.store(slope_change + place, result.to(slope_change.dtype.element_ty), mask=valid)
    place = tl.program_id(0) * D + column
    tl.store(part_weight + place, of_weight, mask=column < D)
    tl.store(part_bias + place, of_bias, mask=column < D)


@triton.jit(do_not_specialize=["total", "rows", "count"])
def take(
    source,
    order,
    out,
    total,
    rows,
    count,
    D: tl.constexpr,
    WIDTH: tl.constexpr,
    ROWS: tl.constexpr,
):
    """Write rows of each part of a batch in another order, zeros where the order names none."""
    row = (tl.program_id(0) * ROWS + tl.arange(0, ROWS)).to(tl.int64)
    column = tl.arange(0, WIDTH)
    valid = row < total
    place = tl.load(order + row % rows, mask=valid, other=-1)
    inside = column[None] < D
    found = (valid & (place >= 0))[:, None] & inside
    at = ((row // rows) * count + place)[:, None] * D + column[None]
    values = tl.load(source + at, mask=found, other=0.0)
    tl.store(out + row[:, None] * D + column[None], values, mask=valid[:, None] & inside)
