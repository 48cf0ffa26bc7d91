"""What an endpoint's errors mean: whether they pass, how long to wait, and what a person is told."""

from __future__ import annotations

import importlib
import re
import ssl
import time
from collections.abc import Collection, Iterator, Mapping
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import openai

from skillbank.redact import redact, secret_values
from skillbank.visible import one_line
from skillbank.ways import Sentence, option

__all__ = [
    "HTTP_ERROR",
    "BrokenOffError",
    "explained",
    "lacking",
    "lasts",
    "owing",
    "retry_after",
    "shown_address",
    "unknown_address",
    "way_out",
]

# What breaks a stream is raised by the package beneath the client; which one that is depends on its version.
_BENEATH = next(each for each in openai.DefaultHttpxClient.__mro__ if each.__module__.startswith("httpx"))
HTTP_ERROR: type[Exception] = importlib.import_module(_BENEATH.__module__.partition(".")[0]).HTTPError

_HTTP_CLIENT_ERRORS = range(400, 500)
_PASSING = frozenset({408, 409, 425, 429})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LASTING = frozenset({501, 505})
_LASTING_CODES = frozenset(
    {
        "insufficient_quota", "billing_hard_limit_reached", "invalid_api_key", "invalid_request_error",
        "model_not_found", "context_length_exceeded", "content_filter", "content_policy_violation",
    }
)  # fmt: skip
_UNKNOWN = re.compile(
    r"un(?:recogni[sz]ed|supported|known|expected)|extra (?:inputs|fields?)"
    r"|does(?: not|n't) (?:support|know|accept)|invalid (?:parameter|argument|field|key)"
    r"|not (?:\w+ )?(?:supported|permitted|allowed|recogni[sz]ed|known|accepted)"
    r"|no such (?:field|parameter)|must be (?:false|removed|omitted)|remove ",
    re.IGNORECASE,
)
_DEMANDED = re.compile(
    r"missing|required|must be (?:passed|provided|sent|included)|passed back", re.IGNORECASE
)


class BrokenOffError(Exception):
    """An answer that ended before it was complete."""


def said(error: BaseException) -> str:
    """Return the words of the error itself, without what the client adds."""
    body = getattr(error, "body", None)
    if isinstance(body, Mapping):
        return str(body.get("message") or body.get("detail") or body)
    return str(body) if isinstance(body, str) and body else str(error)


def lacking(error: openai.APIStatusError, features: Collection[str]) -> str | None:
    """Return the feature that an endpoint says it does not know; None when it says something else."""
    words = f"{error.param} {said(error)}"
    named = set(re.findall(r"\w+", words))
    return next((f for f in features if f in named and _UNKNOWN.search(words)), None)


def owing(error: openai.APIStatusError, fields: Collection[str]) -> str | None:
    """Return the field that an endpoint says a message lacks."""
    words = said(error)
    return next((f for f in fields if re.search(rf"\b{f}\b", words) and _DEMANDED.search(words)), None)


def unknown_address(error: Exception) -> bool:
    """Say whether an endpoint may lack this protocol: the address is unknown, or another is named."""
    if not isinstance(error, openai.APIStatusError):
        return False
    if error.code == "model_not_found":
        return False
    words = said(error)
    if error.status_code in (404, 405, 501):
        return True
    return error.status_code in (400, 403, 410, 422) and bool(
        re.search(r"\bresponses\b|chat/completions", words, re.IGNORECASE)
    )


def lasts(error: Exception) -> bool:
    """Say whether an error is one that no repetition would cure."""
    if isinstance(error, openai.APIStatusError):
        if error.status_code in _LASTING or error.status_code in _REDIRECTS or _is_refusal(error.status_code):
            return True
        return not _LASTING_CODES.isdisjoint({error.code, error.type} - {"invalid_request_error"})
    if isinstance(error, openai.APIConnectionError | HTTP_ERROR):
        return any(map(_is_misconfigured, _causes(error)))
    if isinstance(error, openai.APIError):  # told within a stream
        code: object = error.code
        if isinstance(code, str) and code.isdigit():
            code = int(code)
        hopeless = isinstance(code, int) and _is_refusal(code)
        return hopeless or code in _LASTING_CODES or error.type in _LASTING_CODES
    return False


def _is_refusal(status: int) -> bool:
    """Whether a status says that the request itself is wrong, now as later."""
    return status in _HTTP_CLIENT_ERRORS and status not in _PASSING


def _is_misconfigured(cause: BaseException) -> bool:
    """Whether no connection can come about with the address or the certificates as they are."""
    return (
        isinstance(cause, ssl.SSLCertVerificationError)
        or type(cause).__name__ == "UnsupportedProtocol"
        or "CERTIFICATE_VERIFY_FAILED" in str(cause)
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def retry_after(headers: Mapping[str, str]) -> float | None:
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


def explained(error: Exception, client: openai.OpenAI, model: str, protocol: str, silence: float) -> str:
    """Say in one clause what is wrong, naming the endpoint."""
    where = f"the endpoint {shown_address(str(client.base_url))}"
    quote = _quote(error, client.api_key)
    if isinstance(error, openai.AuthenticationError):
        return f"{where} does not take the key in OPENAI_API_KEY"
    if isinstance(error, openai.NotFoundError):
        return f"{where} does not know the model '{one_line(model)}' or the address: {quote}"
    if isinstance(error, openai.RateLimitError):
        return f"{where} takes no more requests for now (429: {quote})"
    if (to := _elsewhere(error)) is not None:
        return f"{where} sends requests on to {to or 'no address'}, where nothing was sent"
    if isinstance(error, openai.APIStatusError):
        return f"{where} answered with status {error.status_code}: {quote}"
    if isinstance(error, openai.APITimeoutError):
        return f"{where} said nothing for {silence:.0f} s"
    if isinstance(error, openai.APIConnectionError | HTTP_ERROR):
        cause = error.__cause__ or error
        return f"the connection to {where} failed ({_quote(cause, client.api_key) or type(cause).__name__})"
    if isinstance(error, openai.APIError):
        return f"{where} broke the answer off: {quote}"
    if isinstance(error, BrokenOffError):
        return f"{where} ended its answer before it was complete"
    return f"{where} sent what is not the protocol of {protocol}"


def way_out(error: Exception) -> str:
    """Say what a person can do about it."""
    code = getattr(error, "code", None)
    if code == "insufficient_quota" or getattr(error, "status_code", None) == 402:
        return "add credit to the account, or use another key"
    if code == "context_length_exceeded":
        return "the conversation has become too long for this model: start a new one"
    if _elsewhere(error) is not None:
        return "set OPENAI_BASE_URL to that address, if it is the endpoint's"
    if isinstance(error, openai.APIStatusError):
        if error.status_code in (401, 403):
            return "set the right key, or OPENAI_BASE_URL for another endpoint"
        if error.status_code in (404, 405, 501):
            return Sentence(
                f"give {option('model')} a name that it has, and check OPENAI_BASE_URL (it often ends in /v1)"
            )
        if error.status_code in (400, 422):
            return Sentence(f"another model may take it: {option('model', 'NAME')}")
        if error.status_code == 413:
            return "the conversation has become too long for this endpoint: start a new one"
    if isinstance(error, openai.APIConnectionError | HTTP_ERROR):
        return "check OPENAI_BASE_URL and the network"
    return "try again later"


def _elsewhere(error: Exception) -> str | None:
    """Return the address that an endpoint sends a request to; None where it answers by itself."""
    if not isinstance(error, openai.APIStatusError) or error.status_code not in _REDIRECTS:
        return None
    return one_line(shown_address(error.response.headers.get("location", "")), 200)


def _quote(error: BaseException, key: str) -> str:
    words = redact(" ".join(said(error).split()), {*secret_values(), key})
    return words if len(words) <= 300 else f"{words[:299]}…"


def shown_address(url: str) -> str:
    """Return an address as it may be shown: without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
