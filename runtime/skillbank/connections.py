"""Connections to servers over HTTP, through the proxy that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from skillbank.lazy_imports import lazy_imports

with lazy_imports():
    from urllib import request

    import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import PoolManager, Retry

__all__ = ["connections_to"]


def connections_to(
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float | None = None,
    retries: Retry | bool | None = None,
) -> PoolManager:
    """Return connections for an address.

    Parameters
    ----------
    headers
        Sent with every request.
    timeout
        In seconds.
    retries
        As `urllib3` takes them; None is its own way.
    """
    parts = urlsplit(address)
    proxies = request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and not request.proxy_bypass(parts.netloc):
        through = proxy if "://" in proxy else f"http://{proxy}"
        return urllib3.ProxyManager(through, headers=headers, timeout=timeout, retries=retries)
    return urllib3.PoolManager(headers=headers, timeout=timeout, retries=retries)
