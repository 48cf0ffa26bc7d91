"""A language model as adviser: one question to an OpenAI-compatible endpoint, one JSON object back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from skillbank.endpoint_address import endpoint_address
from skillbank.environment import LLM_MODEL, foreign
from skillbank.errors import SkillbankError, UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.redact import redact

with lazy_imports():
    import openai

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionMessageParam

    from skillbank.automl.settings import LLMSettings

AnswerT = TypeVar("AnswerT")


class NoAdvice(SkillbankError):  # noqa: N818
    """The endpoint did not answer, or nothing it answered was usable."""


def advice(
    settings: LLMSettings,
    instructions: str,
    question: str,
    reader: Callable[[dict[str, object]], AnswerT],
    seed: int,
) -> AnswerT:
    """Ask until an answer can be used.

    Parameters
    ----------
    instructions, question
        System and user message.
    reader
        Turns the answered JSON object into what is wanted, or raises ValueError with what is wrong with it;
        that text goes back to the model before the next attempt.
    seed
        Passed on to the endpoint; many honour it.

    Raises
    ------
    NoAdvice
        When the endpoint is not set up, fails, or gives no usable answer in ``settings.attempts`` attempts.
    """
    model = settings.model or LLM_MODEL.value
    if not model:
        raise NoAdvice(f"no model is named; set automl.llm.model or {LLM_MODEL}")
    key = foreign(settings.api_key_env)
    local = foreign("OPENAI_BASE_URL") if settings.base_url is None else settings.base_url
    if not key and not local:
        raise NoAdvice(f"{settings.api_key_env} is not set, and no endpoint is named in automl.llm.base_url")
    of = "OPENAI_BASE_URL" if settings.base_url is None else "automl.llm.base_url"
    try:
        address = endpoint_address(local, key, of=of, key_of=settings.api_key_env)
    except UsageError as error:
        raise NoAdvice(error.sentence.marked) from None

    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": instructions},
        {"role": "user", "content": question},
    ]
    wrong = "it gave no answer"
    options: dict[str, Any] = {} if settings.temperature is None else {"temperature": settings.temperature}
    # What is said goes to the address that was named, and to no other that this one names.
    direct = openai.DefaultHttpxClient(follow_redirects=False)
    with openai.OpenAI(
        api_key=key or "none",
        base_url=address,
        timeout=settings.timeout,
        max_retries=1,
        http_client=direct,
    ) as client:
        for _ in range(settings.attempts):
            try:
                reply = client.chat.completions.create(
                    model=model, messages=messages, seed=seed,
                    response_format={"type": "json_object"}, **options,
                )  # fmt: skip
                text = reply.choices[0].message.content or "" if reply.choices else ""
            except openai.OpenAIError as error:
                raise NoAdvice(f"the endpoint failed: {redact(str(error))[:300]}") from None
            try:
                return reader(_object(text))
            except ValueError as error:
                wrong = str(error)
            messages += [
                {"role": "assistant", "content": text},
                {
                    "role": "user",
                    "content": f"That cannot be used: {wrong} Answer with a corrected JSON object.",
                },
            ]
    raise NoAdvice(f"no usable answer in {settings.attempts} attempts: {wrong[:300]}")


def _object(text: str) -> dict[str, object]:
    """Return the JSON object in an answer, with or without prose and fences around it."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1])
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON ({error.msg}).") from None
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object.")
    return found
