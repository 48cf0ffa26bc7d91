"""A text from which understood spans are taken out, so that nothing is read twice."""

from __future__ import annotations

import re
from collections.abc import Iterator


class Scanner:
    """A text under reading; what was taken is blanked, so positions stay."""

    def __init__(self, text: str) -> None:
        self.text = text

    def take(self, pattern: re.Pattern[str] | str) -> Iterator[re.Match[str]]:
        """Blank out every match and yield them."""
        compiled = re.compile(pattern, re.IGNORECASE) if isinstance(pattern, str) else pattern
        matches = list(compiled.finditer(self.text))
        for match in matches:
            self.blank(*match.span())
        yield from matches

    def blank(self, start: int, end: int) -> None:
        """Take a span out."""
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def words(self) -> list[str]:
        """Return the words that are left."""
        return re.findall(r"[A-Za-z][\w'-]*", self.text)


def number(text: str) -> int | float:
    """Read a number as people write it: ``2e-4``, ``1,000``, ``20k``."""
    text = text.lower().replace(",", "").replace("_", "")
    value = float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
    return int(value) if value.is_integer() and "e" not in text and "." not in text else value
