"""Anchors, aliases and merge keys of one YAML text, under a budget.

A few hundred bytes of aliases can stand for hundreds of millions of nodes. So each alias is copied out
when it is read, what it stands for is counted while it is copied, and reading ends where the budget does.
Copies also mean that no two places of a document share a list: a change of one never changes the other.
"""

from __future__ import annotations

MAX_ALIASED = 20_000
"""Nodes that all aliases of a text may stand for together; each `_TEXT` characters of a text count as one."""
_TEXT = 64


class YamlError(ValueError):
    """A text is no YAML that we read; ``line`` is 1-based."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem)
        self.line = line


class Anchored:
    """What an anchor names; ``value`` counts once ``done``."""

    __slots__ = ("done", "value")

    def __init__(self) -> None:
        self.value: object = None
        self.done = False


class Anchors:
    """The anchors that a text has set so far.

    Parameters
    ----------
    max_depth
        Levels that the document may have, those inside of aliases counted.
    """

    def __init__(self, max_depth: int) -> None:
        self.max_depth = max_depth
        self._anchored: dict[str, Anchored] = {}
        self._left = MAX_ALIASED

    def open(self, anchor: str) -> Anchored:
        """Name a collection that begins here; an anchor set twice names the later one from here on."""
        anchored = self._anchored[anchor] = Anchored()
        return anchored

    def fill(self, anchored: Anchored, value: object) -> None:
        """Say what a collection is, now that it is complete."""
        anchored.value, anchored.done = value, True

    def name(self, anchor: str, value: object) -> None:
        """Name a scalar."""
        self.fill(self.open(anchor), value)

    def copy(self, anchor: str, depth: int, line: int | None) -> object:
        """Return a copy of what an alias stands for, `depth` levels down in the document.

        Raises
        ------
        YamlError
            When no anchor above has this name, the alias stands inside of what it names, or what aliases
            stand for is too deep or, all together, too much.
        """
        anchored = self._anchored.get(anchor)
        if anchored is None:
            raise YamlError(
                f"the alias *{anchor[:40]} has no anchor &{anchor[:40]} above it; quote it if text is meant",
                line,
            )
        if not anchored.done:
            raise YamlError(f"the alias *{anchor[:40]} stands inside of what it names; write it out", line)
        return self._copied(anchored.value, depth, line)

    def _copied(self, value: object, depth: int, line: int | None) -> object:
        self._left -= 1 + (len(value) // _TEXT if isinstance(value, str) else 0)
        if self._left < 0:
            raise YamlError(
                f"its aliases stand for more than {MAX_ALIASED} nodes; write out what is needed", line
            )
        if not isinstance(value, dict | list):
            return value
        if depth >= self.max_depth:
            raise YamlError(
                f"with its aliases it is nested deeper than {self.max_depth} levels; flatten it", line
            )
        if isinstance(value, list):
            return [self._copied(entry, depth + 1, line) for entry in value]
        # Names may be as long as texts, and are copied as often.
        self._left -= sum(len(name) // _TEXT for name in value if isinstance(name, str))
        return {name: self._copied(entry, depth + 1, line) for name, entry in value.items()}


def merged(value: object, line: int | None) -> dict[object, object]:
    """Return the keys that ``<<: value`` brings: of several mappings in a list, the first one wins."""
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        keys: dict[object, object] = {}
        for entry in reversed(value):
            keys |= entry
        return keys
    raise YamlError(
        "'<<' takes a mapping or a list of mappings; quote it if a key of that name is meant", line
    )
