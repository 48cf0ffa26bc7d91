"""A language model behind an OpenAI-compatible endpoint: one answer, whatever the network does.

An endpoint speaks chat completions, the Responses API, or both; what it answers says which, and that is kept
for as long as this object lives.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import openai

from skillbank.endpoint_address import endpoint_address
from skillbank.environment import MODEL, foreign
from skillbank.errors import EndpointError, UsageError
from skillbank.language_model import completions, responses
from skillbank.language_model.endpoint_errors import (
    HTTP_ERROR,
    BrokenOffError,
    explained,
    lacking,
    lasts,
    owing,
    retry_after,
    shown_address,
    unknown_address,
    way_out,
)
from skillbank.language_model.messages import FunctionTool, Message
from skillbank.language_model.reply import CARRIED, Reply, Usage
from skillbank.language_model.written_calls import written_calls
from skillbank.visible import one_line
from skillbank.ways import marked, option

__all__ = ["Endpoint", "Patience"]

Tools: TypeAlias = Callable[[bool], Sequence[FunctionTool]]
"""Returns the function tools; told whether in strict mode."""


@dataclass(frozen=True)
class Patience:
    """How often and how long is waited before giving up; all in seconds.

    A pause is what the endpoint asks for (Retry-After), else ``first`` and twice as long each time, up to
    ``longest``. An endpoint that asks for more than ``bearable`` gets no other request. ``silence`` is how
    long nothing may come on an open connection.
    """

    attempts: int = 5
    first: float = 0.5
    longest: float = 8.0
    bearable: float = 60.0
    silence: float = 300.0


class Endpoint:
    """One model of one endpoint.

    Parameters
    ----------
    model
        By default SKILLBANK_MODEL or OPENAI_MODEL.
    patience
        When to give up.
    say
        Told in one sentence what goes wrong and is tried again.

    The address and the key are OPENAI_BASE_URL and OPENAI_API_KEY; an endpoint of one's own needs no key.

    Raises
    ------
    UsageError
        When no model, or no endpoint, is named, or the address or the key cannot be one.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        patience: Patience | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        named = model or MODEL.value or foreign("OPENAI_MODEL")
        if not named:
            raise UsageError(
                f"No model is named: give {option('model', 'NAME')}, or set SKILLBANK_MODEL or OPENAI_MODEL."
            )
        key, own = foreign("OPENAI_API_KEY"), foreign("OPENAI_BASE_URL")
        if not key and not own:
            raise UsageError(
                "No endpoint is named: set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint of your own."
            )
        address = endpoint_address(own, key)
        self.model = named
        self._patience = patience or Patience()
        self._say = say or (lambda _: None)
        self._lacks: set[str] = set()
        self._owed: set[str] = set()
        self._protocol = completions.NAME
        self._settled = False
        self._refused: openai.APIStatusError | None = None
        timeout = openai.Timeout(self._patience.silence, connect=10.0)
        # Retries are ours: a stream that breaks off needs them too, and a person wants to know.
        # What is said goes to the address that was named, and to no other that this one names.
        direct = openai.DefaultHttpxClient(follow_redirects=False)
        self._client = openai.OpenAI(
            api_key=key or "none", base_url=address, timeout=timeout, max_retries=0, http_client=direct
        )

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def complete(self, messages: Sequence[Message], tools: Tools) -> Reply:
        """Return the model's next answer; a call that it wrote as text is one of its calls.

        Raises
        ------
        EndpointError
            One sentence: what the endpoint said, and the way out.
        """
        attempt = 0
        while True:
            try:
                reply = self._once(messages, tools)
            except (openai.OpenAIError, HTTP_ERROR, ValueError, RecursionError, BrokenOffError) as error:
                if self._adapt(error):
                    continue
                attempt += 1
                pause, why = self._pause(error, attempt), self._explain(error)
                if pause is None:
                    tried = f", {attempt} times" if attempt > 1 else ""
                    raise EndpointError(f"{why}{tried}; {marked(way_out(error))}") from None
                self._say(f"{why}; trying again in {pause:.1f} s")
                time.sleep(pause)
            else:
                self._settled = True
                return _with_written(reply, messages, tools(False))

    def _once(self, messages: Sequence[Message], tools: Tools) -> Reply:
        given = tools("strict" not in self._lacks)
        if self._protocol == responses.NAME:
            reply = responses.ask(self._client, self.model, messages, given, self._lacks)
        else:
            reply = completions.ask(self._client, self.model, messages, given, self._lacks, self._owed)
        if reply.finish is None:
            raise BrokenOffError
        if reply.usage is None:
            sent = json.dumps([list(messages), list(given)])
            came = [reply.text, reply.thinking, *(call.arguments for call in reply.calls)]
            usage = Usage(len(sent) // 4, sum(map(len, came)) // 4, estimated=True)
            reply = replace(reply, usage=usage)
        return reply

    def _adapt(self, error: Exception) -> bool:
        """Do as the endpoint wants it, once for each thing; say whether there was anything to do."""
        if not isinstance(error, openai.APIStatusError):
            return False
        if not self._settled and unknown_address(error):
            return self._try_other(error)
        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return False
        if self._protocol == completions.NAME:
            field = owing(error, [name for name in CARRIED if name not in self._owed])
            if field is not None:
                self._owed.add(field)
                self._lacks.discard(field)
                return True
        known = completions.FEATURES if self._protocol == completions.NAME else responses.FEATURES
        unknown = lacking(error, [feature for feature in known if feature not in self._lacks])
        if unknown is None or unknown in self._owed:
            return False
        self._lacks.add(unknown)
        self._say(f"the endpoint does not know '{unknown}'; going on without")
        return True

    def _try_other(self, error: openai.APIStatusError) -> bool:
        """Turn to the other protocol; when that is unknown too, what the first one said holds."""
        if self._protocol == responses.NAME:
            where = f"the endpoint {shown_address(str(self._client.base_url))}"
            self._protocol = completions.NAME
            said, model = self._explain(self._refused or error).partition(": ")[2], one_line(self.model)
            raise EndpointError(
                f"{where} does not know the model '{model}', or knows neither chat completions nor the "
                f"Responses API: {said}; {marked(way_out(error))}"
            )
        self._refused, self._protocol = error, responses.NAME
        return True

    def _pause(self, error: Exception, attempt: int) -> float | None:
        """Return how long to wait before another attempt; None when there is to be none."""
        patience = self._patience
        if lasts(error) or attempt >= patience.attempts:
            return None
        asked = retry_after(error.response.headers) if isinstance(error, openai.APIStatusError) else None
        if asked is not None:
            return None if asked > patience.bearable else asked
        pause: float = min(patience.first * 2.0 ** (attempt - 1), patience.longest)
        return pause * random.uniform(0.75, 1.0)

    def _explain(self, error: Exception) -> str:
        """Say in one clause what is wrong."""
        return explained(error, self._client, self.model, self._protocol, self._patience.silence)


def _with_written(reply: Reply, messages: Sequence[Message], tools: Sequence[FunctionTool]) -> Reply:
    """Make the calls that a model wrote as text its calls, where it made none otherwise."""
    if reply.calls or not tools:
        return reply
    known = {
        tool["function"]["name"]: tuple(tool["function"]["parameters"].get("properties", ()))
        for tool in tools
    }
    heard = (str(message["content"]) for message in messages if message["role"] == "tool")
    found = written_calls(reply.text, known, heard)
    return replace(reply, text=found.text, calls=found.calls, unmade=found.unmade)
