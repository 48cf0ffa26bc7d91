"""Looking through the pictures of a data set for what their scale must be, once.

Of ordinary files of 8 bits only the first bytes are looked at; pictures of more are decoded, several at a
time.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from skillbank_engine.data.images import MOST_PIXELS, open_file, opened, read_file, readable
from skillbank_engine.data.pixels import Extent, PixelScale, describe, extent, scale_of
from skillbank_engine.data.samples import is_deep, read_samples
from skillbank_engine.team import ALONE, Team
from skillbank_engine.threads import available_cpus

_LOG = logging.getLogger(__name__)
_HEAD = 1024
_PORTION = 32
_MORE_THREADS = 4
"""Some wait for a disk or a network while others unpack."""
_KINDS = ("stated", "whole", "real")


@dataclass(frozen=True)
class _Seen:
    """What a survey has found in some pictures: how many have what, and the extents of their numbers."""

    frames: int
    extents: tuple[Extent, ...]


def settle_scale(
    paths: Iterable[Path], kept: PixelScale, *, source: str, missing: str, team: Team = ALONE
) -> PixelScale:
    """Find the scale of some pictures, and say in a line what it is where any has more than 8 bits.

    Parameters
    ----------
    paths : iterable of Path
        The pictures, the same in all processes.
    kept : PixelScale
        What is known already, and stays.
    source : str
        Where ``kept`` comes from, for the line: "the model".
    missing : str
        What the numbers come from where ``kept`` knows none: "this data set".
    team : Team
        The processes that share the work; all call and all get the same.

    Raises
    ------
    DataError
        A picture of more than 8 bits is broken.
    """
    every = list(dict.fromkeys(paths))
    seen = _exchanged(_look_at(every[team.rank :: team.size]), team)
    if seen.frames:
        _LOG.info("%d of %d pictures have several frames: the first one counts", seen.frames, len(every))
    if not seen.extents:
        return kept
    found = scale_of(seen.extents)
    settled = kept.completed(found)
    _say(seen.extents, len(every), settled, kept, source, missing)
    return settled


def _look_at(paths: Sequence[Path]) -> _Seen:
    portions = [paths[start : start + _PORTION] for start in range(0, len(paths), _PORTION)]
    with ThreadPoolExecutor(available_cpus() + _MORE_THREADS) as pool:
        found = [item for part in pool.map(_look_at_some, portions) for item in part]
    frames = sum(several for several, _ in found)
    return _Seen(frames, tuple(item for _, item in found if item is not None))


def _look_at_some(paths: Sequence[Path]) -> list[tuple[bool, Extent | None]]:
    return [_look(path) for path in paths]


def _look(path: Path) -> tuple[bool, Extent | None]:
    """Whether a file has several frames, and the extent of its numbers where they have more than 8 bits."""
    try:
        if not path.is_file():
            return False, None
        with path.open("rb") as file:
            if _is_plain(file.read(_HEAD)):
                return False, None
        with open_file(path) as image:
            if image.width * image.height > MOST_PIXELS:
                return False, None
            frames = bool(getattr(image, "is_animated", False))
            if not is_deep(image):
                return frames, None
    except Exception:  # whoever needs the picture says what is wrong with it
        return False, None
    with readable(path):
        data = read_file(path)
        with opened(data) as image:
            return frames, extent(read_samples(image, lambda: opened(data)))


def _is_plain(head: bytes) -> bool:
    """Whether the first bytes are those of a file of one picture of 8 bits."""
    if head.startswith(b"\x89PNG"):
        return head[24:25] not in (b"\x10", b"") and b"acTL" not in head
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return not (head[12:16] == b"VP8X" and head[20] & 2)
    return head.startswith((b"\xff\xd8\xff", b"BM"))


def _exchanged(seen: _Seen, team: Team) -> _Seen:
    """What all processes have seen together, in as few numbers as it takes."""
    if team.size == 1:
        return seen
    row: list[float] = [seen.frames]
    for kind in _KINDS:
        chosen = [item for item in seen.extents if item.kind == kind]
        row += [
            len(chosen),
            min((item.low for item in chosen), default=0.0),
            max((item.high for item in chosen), default=0.0),
            sum(item.spread for item in chosen),
            sum(item.holes for item in chosen),
        ]
    rows = team.gather(*row)
    extents: list[Extent] = []
    for part in rows:
        for number, kind in enumerate(_KINDS):
            count, low, high, spread, holes = part[1 + 5 * number : 6 + 5 * number]
            for index in range(int(count)):
                extents.append(Extent(kind, low, high, index < spread, index < holes))  # type: ignore[arg-type]
    return _Seen(sum(int(part[0]) for part in rows), tuple(extents))


def _say(
    extents: Sequence[Extent],
    count: int,
    settled: PixelScale,
    kept: PixelScale,
    source: str,
    missing: str,
) -> None:
    """Say once how pictures of more than 8 bits are scaled."""
    kinds = Counter[str](item.kind for item in extents)
    parts = []
    if kinds["stated"]:
        parts.append(f"{kinds['stated']} by the bits that their files state")
    for kind, name, levels, known in (
        ("whole", "of whole numbers", settled.whole, kept.whole),
        ("real", "of floating point numbers", settled.real, kept.real),
    ):
        if kinds[kind] and levels is not None:
            by = source if known is not None else missing
            scope = describe(levels, kind == "real")
            parts.append(f"{kinds[kind]} {name} from {scope}, the scale of {by}")
            beyond = sum(
                i.kind == kind and not levels.black <= i.low <= i.high <= levels.white for i in extents
            )
            if beyond:
                parts.append(f"{beyond} of these go beyond it and are cut off there")
    holes = sum(item.holes for item in extents)
    if holes:
        parts.append(f"{holes} have places without a number, which become black or white")
    _LOG.info("%d of %d pictures have more than 8 bits a colour: %s", len(extents), count, "; ".join(parts))
