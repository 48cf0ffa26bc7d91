"""S3 through boto3: what is there, and one sentence for each way in which a server refuses.

Endpoint, region and credentials come from the usual AWS environment (``AWS_ENDPOINT_URL_S3``,
``AWS_ENDPOINT_URL``, ``AWS_REGION``, ``AWS_PROFILE``, ``AWS_ACCESS_KEY_ID``, ...). boto3 is imported when
first used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from skillbank.environment import BUCKETS, foreign
from skillbank.errors import DataNotFoundError, PlatformError, SkillbankError, UsageError
from skillbank.lazy_imports import lazy_imports
from skillbank.redact import redact
from skillbank.storage.uri import Uri

with lazy_imports():
    from email import utils

    import boto3
    from botocore import config as boto_config
    from botocore import exceptions as boto
    from botocore import session as boto_session

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

__all__ = [
    "CONNECTIONS",
    "Object",
    "clean_etag",
    "client",
    "explained",
    "find",
    "list_objects",
    "unavailable",
]

CONNECTIONS = 16
"""Requests that one transfer has under way at a time."""
_ATTEMPTS = 8
"""How often a request is made that the server fails to answer; ``AWS_MAX_ATTEMPTS`` or AWS's own file
says otherwise."""
_BUSY = frozenset({"RequestTimeout", "SlowDown", "Throttling"})
_REFUSED_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"})


@dataclass(frozen=True)
class Object:
    """One object: its key, its size in bytes, and its ETag without quotes."""

    key: str
    size: int
    etag: str


def client() -> BaseClient:
    """Return the S3 client of this process for the environment as it is now."""
    names = (
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_REGION",
        "AWS_MAX_ATTEMPTS",
    )
    return _client(os.getpid(), tuple(foreign(name) for name in names))


@cache
def _client(*_: object) -> BaseClient:
    # Requests are repeated by botocore (throttling, 5xx, timeouts); bodies that break off, by the download.
    try:
        session = boto_session.get_session()
        # An empty variable, as scripts leave one, says nothing.
        own = None if foreign("AWS_MAX_ATTEMPTS") == "" else session.get_config_variable("max_attempts")
        config = boto_config.Config(
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS if own is None else own},
            connect_timeout=10,
            read_timeout=60,
            max_pool_connections=2 * CONNECTIONS,
        )
        return boto3.session.Session(botocore_session=session).client("s3", config=config)
    except (boto.BotoCoreError, ValueError) as error:
        raise PlatformError(f"S3 cannot be used: {redact(str(error))}; check the AWS_ variables") from None


def find(uri: Uri) -> Object | None:
    """Return the object at a place; None when there is none (there may be a folder)."""
    if not uri.key:
        return None
    with explained(uri):
        try:
            head = client().head_object(Bucket=_allowed(uri), Key=uri.key)
        except client().exceptions.ClientError as error:
            if error.response["ResponseMetadata"].get("HTTPStatusCode") == 404:
                return None
            raise
    return Object(uri.key, head["ContentLength"], clean_etag(head["ETag"]))


def list_objects(uri: Uri, limit: int | None = None) -> list[Object]:
    """Return what lies below a place taken as a folder, without the markers of empty folders."""
    prefix = f"{uri.key}/" if uri.key else ""
    pages = client().get_paginator("list_objects_v2")
    settings = {} if limit is None else {"PageSize": limit}
    found: list[Object] = []
    with explained(uri):
        for page in pages.paginate(Bucket=_allowed(uri), Prefix=prefix, PaginationConfig=settings):
            found += [
                Object(entry["Key"], entry["Size"], clean_etag(entry["ETag"]))
                for entry in page.get("Contents", ())
                if not entry["Key"].endswith("/")
            ]
            if limit is not None and len(found) >= limit:
                break
    return found[:limit]


def clean_etag(etag: str) -> str:
    """Return an ETag without the quotes of HTTP."""
    return etag.strip('"')


def _allowed(uri: Uri) -> str:
    """Return the bucket, if ``SKILLBANK_BUCKETS`` (names, comma-separated) lets it be used."""
    names = [name.strip() for name in (BUCKETS.value or "").split(",") if name.strip()]
    if names and uri.bucket not in names:
        raise UsageError(
            f"{uri} is in a bucket that SKILLBANK_BUCKETS does not list ({', '.join(names)}); add it there"
        )
    return uri.bucket


@contextmanager
def explained(uri: Uri) -> Iterator[None]:
    """Turn what botocore raises into one sentence about this place."""
    try:
        yield
    except (boto.BotoCoreError, boto.ClientError) as error:
        raise _sentence(uri, error) from error


def _sentence(uri: Uri, error: Exception) -> SkillbankError:
    endpoint = client().meta.endpoint_url
    if isinstance(error, boto.ClientError):
        return _refusal(uri, _spoken(uri, error), endpoint)
    nobody = boto.NoCredentialsError | boto.PartialCredentialsError | boto.CredentialRetrievalError
    if isinstance(error, nobody):
        return PlatformError(
            f"there are no AWS credentials for {uri}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or AWS_PROFILE"
        )
    if isinstance(error, boto.ConnectionError | boto.HTTPClientError):
        return PlatformError(
            f"the S3 server at {endpoint} does not answer for {uri} ({type(error).__name__}); "
            "check AWS_ENDPOINT_URL and the network"
        )
    return PlatformError(f"{uri} cannot be reached: {redact(str(error))}; check the AWS_ variables")


def _spoken(uri: Uri, error: ClientError) -> ClientError:
    """Return a refusal with its reason: the answer to HEAD has no body that could say one."""
    if error.operation_name != "HeadObject" or not uri.key or unavailable(error):
        return error
    try:
        answer = client().get_object(Bucket=uri.bucket, Key=uri.key, Range="bytes=0-0")
    except boto.ClientError as spoken:
        return spoken if _status(spoken) == _status(error) else error
    except boto.BotoCoreError:
        return error
    answer["Body"].close()
    return error


def unavailable(error: ClientError) -> bool:
    """Say whether a refusal is the server's own trouble, which may be over when it is asked again."""
    return _status(error) >= 500 or _code(error) in _BUSY


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _clock(error: ClientError) -> str:
    """Say how far this machine's clock is from the server's, as the answer dates itself."""
    date = str(error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", ""))
    with suppress(ValueError, TypeError):
        ahead = datetime.now(UTC) - utils.parsedate_to_datetime(date)
        minutes = round(abs(ahead.total_seconds()) / 60)
        return f"{minutes:,} minutes {'ahead of' if ahead.total_seconds() > 0 else 'behind'} the server's"
    return "not that of the server"


def _refusal(uri: Uri, error: ClientError, endpoint: str) -> SkillbankError:
    code, status = _code(error), _status(error)
    if code == "NoSuchBucket":
        return DataNotFoundError(
            f"there is no bucket '{uri.bucket}' at {endpoint} ({uri}); check its name and AWS_ENDPOINT_URL"
        )
    if code in _REFUSED_KEYS:
        _client.cache_clear()  # whoever renews them in a file need not start this process again
        return PlatformError(
            f"the S3 server at {endpoint} does not accept the AWS credentials for {uri} ({code}); renew them"
        )
    if code == "RequestTimeTooSkewed":
        return PlatformError(
            f"the S3 server at {endpoint} refuses {uri}, since the clock of this machine is {_clock(error)} "
            f"({code}); set it"
        )
    if status == 403:
        return PlatformError(
            f"the AWS credentials may not use {uri} (403 {code}); ask its owner for access, or name others "
            "with AWS_PROFILE"
        )
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return PlatformError(f"{uri} is in another region ({code}); set AWS_REGION to the bucket's own")
    if status == 404:
        return DataNotFoundError(f"{uri} does not exist")
    if unavailable(error):
        return PlatformError(
            f"the S3 server at {endpoint} keeps failing for {uri} ({status} {code}); try again later"
        )
    return PlatformError(f"the S3 server at {endpoint} refuses {uri} ({status} {redact(code)})")
