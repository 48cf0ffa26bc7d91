"""What the GPU kernels are launched with beside their tensors: each other value is a kernel of its own."""

NORM_THERE, NORM_BACK = (16, 4096), (32, 8192)
"""Rows that a program holds at once, and numbers where rows are long, on the way there and back."""
PLACES_THERE = {"BLOCK": 8, "num_warps": 1}
PLACES_BACK = {"BLOCK": 16, "num_warps": 4}
"""Queries of a program of deformable attention, and its warps, on the way there and back."""


def norm_sizes(width: int, most: tuple[int, int]) -> dict[str, int]:
    """Give the sizes of a layer norm over rows of a width; ``most`` is one of the pairs above."""
    rows, tile = most
    held = power_of_two(width)
    return {"D": width, "WIDTH": held, "ROWS": max(1, min(rows, tile // held)), "num_warps": 4}


def place_sizes(heads: int, width: int, levels: int, points: int, corners: int) -> dict[str, int]:
    """Give the sizes of deformable attention; references of 4 corners are boxes."""
    return {
        "H": heads,
        "D": width,
        "L": levels,
        "P": points,
        "POINTS": power_of_two(levels * points),
        "BOX": corners == 4,
    }


def power_of_two(number: int) -> int:
    """The next power of two that is no less."""
    return 1 << (number - 1).bit_length()
