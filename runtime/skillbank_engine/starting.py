"""What a training starts from: weights that a spec names."""

from typing import Any

from skillbank_engine.family import Family
from skillbank_engine.importing import importing


def starting_spec(family: Family, spec: Any) -> dict[str, Any] | None:
    """Return the spec of the weights that a training starts from, where this engine trained them."""
    start = family.specs().settings(spec).start
    named = next(iter(start.values()), "")
    if not named:
        return None
    with importing():
        from skillbank_engine.checkpoint import spec_of

    return spec_of(family.name, named)
