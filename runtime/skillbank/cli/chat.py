"""``skillbank chat``."""

from __future__ import annotations

from typing import Annotated

import typer

from skillbank.cli import options
from skillbank.errors import UsageError
from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from skillbank.cli import talking  # with the client of the endpoint

__all__ = ["chat"]


def chat(
    text: options.Text = None,
    model: Annotated[
        str | None, typer.Option("--model", help="The model; else SKILLBANK_MODEL or OPENAI_MODEL.")
    ] = None,
    resume: Annotated[
        str | None, typer.Option("--resume", metavar="CHAT", help="Go on with a conversation; 'last' works.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve every launch of what you said.")] = False,
    max_steps: Annotated[int, typer.Option("--max-steps", min=1, help="Requests to the model.")] = 40,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", min=1, help="Tokens of the whole conversation.")
    ] = 500_000,
    max_cost: Annotated[
        float | None, typer.Option("--max-cost", min=0, help="Cost of the conversation; needs --price.")
    ] = None,
    price: Annotated[
        str | None, typer.Option("--price", metavar="IN/OUT", help="Price of a million tokens, e.g. 2.5/10.")
    ] = None,
    banks: options.Banks = None,
    as_json: options.Json = False,
) -> None:
    """Say what you want to a language model that has skillbank's tools; it asks before anything starts.

    The endpoint is OPENAI_BASE_URL, the key OPENAI_API_KEY. On a terminal you can go on talking until an
    empty line.
    """
    limits = (max_steps, max_tokens, max_cost, _prices(price, max_cost))
    talking.converse(text, model, resume, limits, yes=yes, banks=banks, as_json=as_json)


def _prices(price: str | None, max_cost: float | None) -> tuple[float, float]:
    if price is None:
        if max_cost is not None:
            raise UsageError("--max-cost needs the prices: --price IN/OUT for a million tokens, e.g. 2.5/10.")
        return 0.0, 0.0
    try:
        prompt, completion = (float(part) for part in price.split("/"))
    except ValueError:
        prompt = completion = -1.0
    if not (0 <= prompt < float("inf") and 0 <= completion < float("inf")):
        raise UsageError(f"--price '{price}' must be two numbers, IN/OUT for a million tokens, e.g. 2.5/10.")
    return prompt, completion
