"""A language model behind an OpenAI-compatible endpoint: one answer, whatever the network does."""

from __future__ import annotations

import json
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import openai
from openai.types.chat import ChatCompletionChunk

from skillbank.agent.reply import Reply, Usage, assemble
from skillbank.agent.transport import TransportError
from skillbank.errors import EndpointError, UsageError
from skillbank.redact import redact, secret_values

__all__ = ["Endpoint", "Patience"]

Message: TypeAlias = Mapping[str, Any]
Tools: TypeAlias = Callable[[bool], Sequence[Mapping[str, Any]]]
"""Returns the function tools; told whether in strict mode."""

_HTTP_CLIENT_ERRORS = range(400, 500)
_WORTH_ANOTHER = frozenset({408, 409, 429})
_FEATURES = ("stream_options", "strict", "stream")
"""What is used unless the endpoint says that it does not know it."""


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


class _BrokenOffError(Exception):
    """An answer that ended before it was complete."""


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
        When no model, or no endpoint, is named.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        patience: Patience | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        named = model or os.environ.get("SKILLBANK_MODEL") or os.environ.get("OPENAI_MODEL")
        if not named:
            raise UsageError("No model is named: give --model NAME, or set SKILLBANK_MODEL or OPENAI_MODEL.")
        key, own = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
        if not key and not own:
            raise UsageError(
                "No endpoint is named: set OPENAI_API_KEY, or OPENAI_BASE_URL for an endpoint of your own."
            )
        self.model = named
        self._patience = patience or Patience()
        self._say = say or (lambda _: None)
        self._lacks: set[str] = set()
        timeout = openai.Timeout(self._patience.silence, connect=10.0)
        # Retries are ours: a stream that breaks off needs them too, and a person wants to know.
        self._client = openai.OpenAI(api_key=key or "none", timeout=timeout, max_retries=0)

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def complete(
        self, messages: Sequence[Message], tools: Tools, on_text: Callable[[str], None] | None = None
    ) -> Reply:
        """Return the model's next answer.

        Parameters
        ----------
        on_text
            Told the text as it comes; after a broken connection it comes again from its beginning.

        Raises
        ------
        EndpointError
            One sentence: what the endpoint said, and the way out.
        """
        attempt = 0
        while True:
            try:
                return self._once(messages, tools, on_text)
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                self._do_without(error)
            except (openai.OpenAIError, TransportError, ValueError, _BrokenOffError) as error:
                attempt += 1
                pause, why = self._pause(error, attempt), self._explain(error)
                if pause is None:
                    tried = f", {attempt} times" if attempt > 1 else ""
                    raise EndpointError(f"{why}{tried}; {self._way_out(error)}") from None
                self._say(f"{why}; trying again in {pause:.1f} s")
                time.sleep(pause)

    def _once(
        self, messages: Sequence[Message], tools: Tools, on_text: Callable[[str], None] | None
    ) -> Reply:
        given = [dict(tool) for tool in tools("strict" not in self._lacks)]
        request: dict[str, Any] = {"model": self.model, "messages": list(messages)}
        if given:
            request["tools"] = given
        if "stream" in self._lacks:
            whole = self._client.chat.completions.create(**request)
            reply = assemble([whole.to_dict(warnings=False)], on_text)
        else:
            if "stream_options" not in self._lacks:
                request["stream_options"] = {"include_usage": True}
            with self._client.chat.completions.create(**request, stream=True) as stream:
                reply = assemble(_documents(stream), on_text)
        if reply.finish is None:
            raise _BrokenOffError
        if reply.usage is None:
            sent, came = (
                json.dumps([request["messages"], given]),
                [reply.text, *(c.arguments for c in reply.calls)],
            )
            usage = Usage(len(sent) // 4, sum(map(len, came)) // 4, estimated=True)
            reply = Reply(reply.text, reply.refusal, reply.calls, reply.finish, usage)
        return reply

    def _do_without(self, error: openai.APIStatusError) -> None:
        """Leave out what the endpoint says that it does not know; refuse everything else."""
        named = set(re.findall(r"\w+", f"{error.param} {_said(error)}")) - self._lacks
        unknown = next((feature for feature in _FEATURES if feature in named), None)
        if unknown is None:
            raise EndpointError(f"{self._explain(error)}; {self._way_out(error)}") from None
        self._lacks.add(unknown)
        self._say(f"the endpoint does not know '{unknown}'; going on without")

    def _pause(self, error: Exception, attempt: int) -> float | None:
        """Return how long to wait before another attempt; None when there is to be none."""
        patience = self._patience
        asked: float | None = None
        if isinstance(error, openai.APIStatusError):
            hopeless = error.status_code in _HTTP_CLIENT_ERRORS and error.status_code not in _WORTH_ANOTHER
            if hopeless or error.code == "insufficient_quota":
                return None
            asked = _retry_after(error.response.headers)
        if attempt >= patience.attempts or (asked is not None and asked > patience.bearable):
            return None
        if asked is not None:
            return asked
        pause: float = min(patience.first * 2.0 ** (attempt - 1), patience.longest)
        return pause * random.uniform(0.75, 1.0)

    def _explain(self, error: Exception) -> str:
        """Say in one clause what is wrong."""
        where = f"the endpoint {_shown(str(self._client.base_url))}"
        if isinstance(error, openai.AuthenticationError):
            return f"{where} does not take the key in OPENAI_API_KEY"
        if isinstance(error, openai.NotFoundError):
            return f"{where} does not know the model '{self.model}' or the address: {self._quote(error)}"
        if isinstance(error, openai.RateLimitError):
            return f"{where} takes no more requests for now (429: {self._quote(error)})"
        if isinstance(error, openai.APIStatusError):
            return f"{where} answered with status {error.status_code}: {self._quote(error)}"
        if isinstance(error, openai.APITimeoutError):
            return f"{where} said nothing for {self._patience.silence:.0f} s"
        if isinstance(error, (openai.APIConnectionError, TransportError)):
            cause = error.__cause__ or error
            return f"the connection to {where} failed ({self._quote(cause) or type(cause).__name__})"
        if isinstance(error, openai.APIError):
            return f"{where} broke the answer off: {self._quote(error)}"
        if isinstance(error, _BrokenOffError):
            return f"{where} ended its answer before it was complete"
        return f"{where} sent what is not the chat-completions protocol"

    def _way_out(self, error: Exception) -> str:
        if isinstance(error, openai.APIStatusError):
            if error.status_code in (401, 403):
                return "set the right key, or OPENAI_BASE_URL for another endpoint"
            if error.status_code == 404:
                return "give --model a name that it has, and check OPENAI_BASE_URL (it often ends in /v1)"
            if error.code == "insufficient_quota":
                return "add credit to the account, or use another key"
            if error.code == "context_length_exceeded":
                return "the conversation has become too long for this model: start a new one"
            if error.status_code == 400:
                return "another model may take it: --model NAME"
        if isinstance(error, (openai.APIConnectionError, TransportError)):
            return "check OPENAI_BASE_URL and the network"
        return "try again later"

    def _quote(self, error: BaseException) -> str:
        values = {*secret_values(), self._client.api_key}
        said = redact(" ".join(_said(error).split()), values)
        return said if len(said) <= 300 else f"{said[:299]}…"


def _documents(stream: openai.Stream[ChatCompletionChunk]) -> Iterator[dict[str, Any]]:
    """Yield a stream's chunks, or the one document of an endpoint that does not stream."""
    if "json" in stream.response.headers.get("content-type", ""):
        document = json.loads(stream.response.read())
        if not isinstance(document, dict):
            raise ValueError("not a document of the protocol")
        if problem := document.get("error"):
            raise openai.APIError(str(problem), stream.response.request, body=problem)
        yield document
        return
    found = False
    for chunk in stream:
        if not isinstance(chunk, ChatCompletionChunk):  # nothing is checked on the way
            raise ValueError("not a chunk of the protocol")
        found = True
        yield chunk.to_dict(warnings=False)
    if not found:
        raise ValueError("no chunk of the protocol")


def _said(error: BaseException) -> str:
    """Return the words of the error itself, without what the client adds."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        return str(body.get("message") or body)
    return str(body) if isinstance(body, str) and body else str(error)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait, written as milliseconds, seconds or a date."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name)
        if text is None:
            continue
        try:
            return max(0.0, float(text) * unit)
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
        except (ValueError, TypeError):
            continue
    return None


def _shown(url: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
