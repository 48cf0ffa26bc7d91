"""Places that requests and plans name, held against what is there; see `skillbank.team.places`."""

from __future__ import annotations

from skillbank.plan.model import Plan, Source
from skillbank.plan.request import Request
from skillbank.team.places import places_in, refuse_hidden

__all__ = ["refuse_hidden_places_of", "refuse_hidden_places_of_request"]

_SAID = frozenset({Source.USER, Source.SHORTHAND, Source.DATASET_TABLE, Source.AUTOML})
"""What a person has said; the others are of the bank, or of a job that was found by its name."""


def refuse_hidden_places_of_request(request: Request) -> None:
    """Go on only when all that a request names is there for who acts, before anything looks at it."""
    refuse_hidden(location.uri for location in request.data)
    refuse_hidden(filter(None, [request.results_root]), to_write=True)


def refuse_hidden_places_of(plan: Plan) -> None:
    """Go on only when all that a plan names is there for who acts: values of its spec are places too."""
    said = [each.value for each in plan.overrides if each.source in _SAID]
    refuse_hidden(places_in([*said, plan.automl, plan.image]))
    refuse_hidden(filter(None, [plan.results_root]), to_write=True)
