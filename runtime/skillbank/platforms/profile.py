"""Profiles of clusters: one small YAML file each, checked so that a slip is told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from skillbank.environment import Variable
from skillbank.errors import PlatformError, did_you_mean
from skillbank.home import home
from skillbank.nearby import at_home

__all__ = ["profile_path", "read_profile"]

Model = TypeVar("Model", bound=BaseModel)


def profile_path(variable: Variable, name: str) -> Path:
    """Return where a profile is: the file that a variable names, else one in skillbank's home."""
    named = variable.value
    return at_home(Path(named)).absolute() if named else home() / name


def read_profile(path: Path, model: type[Model], *, must: bool = False) -> Model:
    """Read a profile; where there is none, everything is as by default.

    Parameters
    ----------
    must
        Whether the file has to be there: somebody has named it.
    """
    try:
        # Every scalar stays the text that was written: YAML takes 1:30:00 for a number in base 60.
        document = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    except FileNotFoundError:
        if must:
            raise PlatformError(
                f"the profile {path} does not exist; correct the path that names it"
            ) from None
        return model()
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise PlatformError(
            f"the profile {path} cannot be read as YAML: {' '.join(str(error).split())}"
        ) from None
    try:
        return model.model_validate(document or {})
    except ValidationError as error:
        slips = error.errors()
        # A key that is written wrong is also one that is missing.
        first = next((slip for slip in slips if slip["type"] == "extra_forbidden"), slips[0])
        place = ".".join(map(str, first["loc"])) or "it"
        if first["type"] == "extra_forbidden":
            near = did_you_mean(str(first["loc"][-1]), _keys(model, first["loc"][:-1]))
            raise PlatformError(f"the profile {path} has the unknown key '{place}'{near}") from None
        said = first["msg"].removeprefix("Value error, ")
        raise PlatformError(f"the profile {path} is wrong at '{place}': {said}") from None


def _keys(model: type[BaseModel], place: tuple[int | str, ...]) -> tuple[str, ...]:
    """Return the keys that may stand at a place of the profile."""
    for step in place:
        if (field := model.model_fields.get(str(step))) is not None:
            model = _model_in(field.annotation) or model
    return tuple(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model that a field is made of, also inside a list or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := _model_in(each)) is not None), None)
