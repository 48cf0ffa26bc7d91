"""Connections to servers over HTTP, through the proxy that the environment names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from urllib3 import PoolManager

__all__ = ["connections_to"]


def connections_to(address: str, **options: Any) -> PoolManager:
    """Return connections for an address.

    Parameters
    ----------
    options
        Of `urllib3.PoolManager`: ``headers``, ``timeout`` in seconds, ``retries``.
    """
    from urllib.request import getproxies, proxy_bypass

    import urllib3

    parts = urlsplit(address)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and not proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy if "://" in proxy else f"http://{proxy}", **options)
    return urllib3.PoolManager(**options)
