"""Messages as they arrive, before the library reads them: each is well-formed, or its sender is told why not.

The library drops over stdio what it cannot read, and takes a request whose id it cannot read for a
notification: a client would wait for ever. Of a name that an object gives twice it takes the last value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import mcp_types as types

from skillbank.unique_names import RepeatedNameError, unique_names
from skillbank.visible import one_line

__all__ = ["fault_of"]

_NO_TEXT = re.compile("[\ud800-\udfff]")
"""Half a character; bytes that are not UTF-8 are decoded to such ones."""


def fault_of(message: str | bytes) -> types.JSONRPCError | None:
    """Return the answer to a message that cannot be read as it was meant; None where it can."""
    try:
        said = json.loads(message)
    except RecursionError:
        return _refused(None, types.PARSE_ERROR, "The message is nested too deeply.")
    except ValueError as error:
        why = one_line(error, 120)
        return _refused(None, types.PARSE_ERROR, f"The message is not JSON ({why}); send one JSON object.")
    if isinstance(said, list):
        return _refused(
            None, types.INVALID_REQUEST, "Several messages at once are not taken; send each one alone."
        )
    if not isinstance(said, dict):
        return _refused(None, types.INVALID_REQUEST, "A message is one JSON object of JSON-RPC 2.0.")
    known = said.get("id") if _names_a_request(said.get("id")) else None
    if wrong := _wrong_envelope(said):
        return _refused(known, types.INVALID_REQUEST, wrong)
    try:
        if wrong := _wrong_words(message):
            return _refused(known, types.INVALID_PARAMS, wrong)
        types.jsonrpc_message_adapter.validate_json(_bytes(message), by_name=False)
    except (ValueError, RecursionError):
        return _refused(
            known, types.INVALID_REQUEST, "The message is nested too deeply, or none of JSON-RPC 2.0."
        )
    return None


def _wrong_envelope(said: Mapping[str, object]) -> str:
    """Say what is wrong around the parameters; empty where nothing is."""
    method = said.get("method")
    if said.get("jsonrpc") != "2.0":
        return 'The message needs "jsonrpc": "2.0".'
    if "method" not in said:
        return "" if "result" in said or "error" in said else 'The message needs a "method".'
    if not isinstance(method, str):
        return f"The method is {_shown(method)}, but it must be text."
    # Of a notification nobody expects an answer: some clients write that there is no id.
    without = said.get("id") is None and method.startswith("notifications/")
    if "id" in said and not without and not _names_a_request(said["id"]):
        return f"The id is {_shown(said['id'])}, but it must be text or a whole number."
    if not isinstance(said.get("params"), dict | None):
        return f"The params are {_shown(said['params'])}, but they must be an object."
    return ""


def _wrong_words(message: str | bytes) -> str:
    """Say what of a message means two things or is no text; empty where all of it is clear."""
    try:
        said = json.loads(message, object_pairs_hook=unique_names)
    except RepeatedNameError as error:
        return f"{one_line(error)}."
    if _NO_TEXT.search(json.dumps(said, ensure_ascii=False)):
        return (
            "The message holds half a character, or bytes that are not UTF-8, which is no text; leave it out."
        )
    return ""


def _names_a_request(value: object) -> bool:
    if isinstance(value, str):
        return not _NO_TEXT.search(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _shown(value: object) -> str:
    return one_line(json.dumps(value), 60)


def _bytes(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


def _refused(request: object, code: int, said: str) -> types.JSONRPCError:
    named = request if isinstance(request, str | int) else None
    return types.JSONRPCError(jsonrpc="2.0", id=named, error=types.ErrorData(code=code, message=said))
