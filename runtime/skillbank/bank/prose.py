"""What the prose of a skill states by a name, as ``**Dataset type:** object_detection``."""

from __future__ import annotations

import re

__all__ = ["stated"]

_VALUE = re.compile(r"`?([\w/@-](?:[\w./@-]*[\w/@-])?)")
_SEVERAL = re.compile(r"[,;]|\band\b|\bor\b", re.IGNORECASE)


def stated(text: str, name: str) -> str:
    """Return the one value that a line states for a name; nothing where none does, or it states several.

    Of several (``**Monitoring metrics:** `val_loss`, `val_acc` ``) it is not ours to choose one.
    """
    found = re.search(rf"{re.escape(name)}(s?)(?:\**:\**[ \t]*|[ \t]+(?=`))(.+)", text, re.IGNORECASE)
    if found is None or (value := _VALUE.match(found[2])) is None:
        return ""
    if found[1]:
        quoted = set(re.findall(r"`([^`]+)`", found[2]))
        if len(quoted) > 1 or (not quoted and _SEVERAL.search(found[2])):
            return ""
    return value[1]
