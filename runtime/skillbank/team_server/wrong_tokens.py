"""How often wrong tokens come from an address, counted in constant memory."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
import threading
import time
from array import array

__all__ = ["MOST", "WrongTokens"]

MOST = 30
"""So many wrong tokens of an address are looked at in a row."""
_SECONDS = 2.0
"""After which one more is."""
_SLOTS = 8192


class WrongTokens:
    """Counts for each address; of two that share a slot, as nobody can choose them to, both are counted.

    A right token always comes in: who shares an address with somebody else is not kept out by them.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._level = array("d", bytes(8 * _SLOTS))
        self._since = array("d", bytes(8 * _SLOTS))
        self._lock = threading.Lock()

    def note(self, address: str) -> int:
        """Count a wrong token, and return how many seconds its sender is to wait; 0 while there are few."""
        slot = self._slot(address)
        with self._lock:
            at = time.monotonic()
            level = max(0.0, self._level[slot] - (at - self._since[slot]) / _SECONDS) + 1
            self._level[slot], self._since[slot] = min(level, MOST + 1.0), at
            return 0 if level <= MOST else int(_SECONDS) + 1

    def _slot(self, address: str) -> int:
        digest = hashlib.blake2b(_network(address).encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) % _SLOTS


def _network(address: str) -> str:
    """Return what one sender can hardly leave: of IPv6, where it has billions of addresses, the network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
