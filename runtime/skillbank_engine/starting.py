"""What a training starts from: weights that a spec names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skillbank_engine.family import Family
from skillbank_engine.importing import importing

if TYPE_CHECKING:
    from skillbank_engine.config.blocks import SpecBase


def starting_spec(family: Family, spec: SpecBase) -> dict[str, object] | None:
    """Return the spec of the weights that a training starts from, where this engine trained them."""
    start = family.specs().settings(spec).start
    named = next(iter(start.values()), "")
    if not named:
        return None
    with importing():
        from skillbank_engine.checkpoint import spec_of  # on torch, which most settle without

    return spec_of(family.name, named)
