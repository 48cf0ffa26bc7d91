"""What the query of a request may say: nothing that no answer is made of."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from skillbank.errors import did_you_mean
from skillbank.visible import one_line
from skillbank.web.answers import Refusal

__all__ = ["refuse_query"]


def refuse_query(request: Request, path: str, known: Sequence[str] = ()) -> None:
    """Refuse what a query says and nothing is made of: the answer would be to another question.

    So is a name without a value, as an empty variable of a script leaves it, and what is no text, in the path
    too.

    Parameters
    ----------
    path
        As it is shown.
    known
        The names that the query may have.

    Raises
    ------
    Refusal
        400; of a name in the path, 404.
    """
    # NUL is in no name, and not every database takes it.
    if any("\0" in str(value) for value in request.path_params.values()):
        raise Refusal(404, "not_found", "Nothing has a name with NUL in it, which is no text.")
    if any("\0" in value for value in request.query_params.values()):
        raise Refusal(400, "usage", f"The query of {path} holds NUL, which is no text; leave it out.")
    for name in request.query_params:
        if name not in known:
            shown, near = one_line(name, 60), did_you_mean(name, list(known))
            takes = ", ".join(known) or "nothing"
            raise Refusal(400, "usage", f"The query of {path} has no '{shown}'{near}; it takes {takes}.")
        if not request.query_params[name].strip():
            said = f"The query of {path} gives {name} no value; give it one, or leave it out."
            raise Refusal(400, "usage", said)
        if len(set(request.query_params.getlist(name))) > 1:
            raise Refusal(400, "usage", f"The query of {path} says {name} twice; keep one.")
