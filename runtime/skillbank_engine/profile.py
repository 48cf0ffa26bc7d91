"""The profile: whether the spec's full-size model is meant, or the small one that learns on a laptop.

The families' specs are full of full-size defaults.  With the small profile every value that still stands at
its full-size default is replaced by that of the family's recipe; whatever the spec sets to something else, or
an override or the file's first line names, stays.
"""

from collections.abc import Iterator, Mapping, Sequence

from skillbank_engine.config.explain import value_at
from skillbank_engine.config.named import Named
from skillbank_engine.config.specs import Specs, SpecT

SMALL = ("small", "settled")
"""Values of ``engine.profile`` that mean the small model: chosen here, or by who settled the spec."""


def choose_profile(
    specs: Specs[SpecT],
    spec: SpecT,
    cuda: bool,
    start: Mapping[str, object] | None = None,
    overrides: Sequence[str] = (),
) -> str:
    """Decide what ``engine.profile: auto`` means for a spec.

    Parameters
    ----------
    specs : Specs
        The family's.
    spec : pydantic model
        The loaded spec.
    cuda : bool
        Whether a GPU will be used.
    start : mapping, optional
        The spec that the weights to start from were trained with, where this engine trained them.
    overrides : sequence of str
        As for `apply_profile`.

    Returns
    -------
    str
        ``small`` where a small model is trained further; ``full`` when there is a GPU, or the family's recipe
        sees that the full model is meant (`Recipe.full`); else ``small``.
    """
    if spec.engine.profile != "auto":
        return str(spec.engine.profile)
    if start is not None and value_at(start, ("engine", "profile")) in SMALL:
        return "small"
    return "full" if cuda or specs.recipe.full(spec, Named(overrides)) else "small"


def apply_profile(
    specs: Specs[SpecT],
    spec: SpecT,
    action: str,
    overrides: Sequence[str],
    cuda: bool,
    start: Mapping[str, object] | None = None,
) -> tuple[SpecT, dict[str, object]]:
    """Settle the profile of a spec.

    Parameters
    ----------
    specs : Specs
        The family's.
    spec : pydantic model
        The loaded spec; left as it is.
    action : str
        Its action.
    overrides : sequence of str
        ``a.b=c`` words that name keys, whose values are never replaced.
    cuda : bool
        Whether a GPU will be used.
    start : mapping, optional
        The spec that the weights to start from were trained with: a small model keeps its own sizes.

    Returns
    -------
    spec : pydantic model
        A checked copy with ``engine.profile`` set to what was decided.
    changed : dict
        Dotted key to value of everything that the recipe replaced.
    """
    profile = choose_profile(specs, spec, cuda, start, overrides)
    values = spec.model_dump()
    values["engine"]["profile"] = profile
    changed: dict[str, object] = {}
    if profile == "small":
        wanted = {**specs.recipe.small, **_sizes(specs, start)}
        changed = _replace_usual(specs, values, wanted, action, overrides)
    return specs.by_action[action].model_validate(values), changed


def _sizes(specs: Specs[SpecT], start: Mapping[str, object] | None) -> dict[str, object]:
    """Return, by dotted key, what a small model is made of, as the spec that it was trained with says."""
    if start is None:
        return {}
    keys = [
        *(key for key in specs.recipe.small if key.startswith("model.")),
        *(f"engine.{name}" for name in specs.recipe.trained_with),
    ]
    found = {key: value_at(start, key.split(".")) for key in keys}
    return {key: value for key, value in found.items() if value is not None}


def prepare_start(
    specs: Specs[SpecT], spec: SpecT, action: str, overrides: Sequence[str]
) -> tuple[SpecT, dict[str, object]]:
    """Put into the spec of a training what its start needs (`Recipe.prepare`).

    Parameters
    ----------
    specs : Specs
        The family's.
    spec : pydantic model
        A training's, profile applied; left as it is.
    action : str
        Its action.
    overrides : sequence of str
        ``a.b=c`` words that name keys, whose values are never replaced.

    Returns
    -------
    spec : pydantic model
        A checked copy, or the spec itself where nothing is needed.
    changed : dict
        Dotted key to value of everything that was replaced.
    """
    prepare = specs.recipe.prepare
    wanted = prepare(spec) if prepare is not None else {}
    if not wanted:
        return spec, {}
    values = spec.model_dump()
    changed = _replace_usual(specs, values, wanted, action, overrides)
    return specs.by_action[action].model_validate(values), changed


def _replace_usual(
    specs: Specs[SpecT],
    values: dict[str, object],
    wanted: Mapping[str, object],
    action: str,
    overrides: Sequence[str],
) -> dict[str, object]:
    """Put wanted values where a spec has the family's defaults and no override names the key."""
    defaults = specs.by_action[action]().model_dump()
    named = Named(overrides)
    changed: dict[str, object] = {}
    for key, value in wanted.items():
        steps = tuple(key.split("."))
        if key not in named and value_at(values, steps) == value_at(defaults, steps):
            changed[key] = value
            _set(values, steps, value)
    return changed


def settled(
    specs: Specs[SpecT],
    spec: SpecT,
    action: str,
    overrides: Sequence[str],
    cuda: bool,
    start: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return what a spec must set so that it means the same whatever else in it is changed.

    Parameters
    ----------
    specs, spec, action, overrides, cuda, start
        As for `apply_profile`.

    Returns
    -------
    dict
        Dotted key to value: the profile, and everything that the small recipe would replace.
    """
    found, changed = apply_profile(specs, spec, action, overrides, cuda, start)
    small = found.engine.profile == "small"
    return {**changed, "engine.profile": "settled" if small else found.engine.profile}


def _set(values: dict[str, object], steps: Sequence[str], value: object) -> None:
    first, *rest = steps
    if not rest:
        values[first] = value
        return
    inner = values[first]
    assert isinstance(inner, dict)
    _set(inner, rest, value)


def describe(changed: Mapping[str, object]) -> Iterator[str]:
    """Say what the recipe replaced, one ``key=value`` each."""
    return (f"{key}={value}" for key, value in changed.items())
