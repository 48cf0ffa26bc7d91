"""What is to be said of pictures that a model sees otherwise than a person: once, of however many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from skillbank.visible import one_line
from skillbank.ways import Sentence, option

if TYPE_CHECKING:
    from skillbank.labelling.engine_documents import PictureDocument

__all__ = ["Remarks", "Shrunk"]

_OWN = "own_scale"


class Shrunk:
    """Pictures that are much larger than the model sees them, so that what is small in them is lost."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def take(self, name: str, document: PictureDocument) -> None:
        """Note what an answer says of a picture."""
        if "seen" not in document:
            return
        self._count += 1
        if not self._first:
            size, (wide, high) = (document["width"], document["height"]), document["seen"]
            times = max(size) / max(wide, high)
            self._first = (
                f"{one_line(name, 300)} has {size[0]} x {size[1]} pixels and the model sees {wide} x {high}, "
                f"{times:.1f} times fewer each way"
            )

    def notes(self) -> list[str]:
        """Return a sentence, if there was such a picture."""
        more = f", and {self._count - 1} more are like it" if self._count > 1 else ""
        return (
            [Sentence(f"{self._first}{more}; {option('tiles', 'auto')} looks closer.")] if self._first else []
        )


class Remarks:
    """What the engine says of pictures beside what it finds, in a set, where each is looked at by itself."""

    def __init__(self) -> None:
        self._said: dict[str, list[tuple[str, str]]] = {}
        self._levels: dict[tuple[float, float], list[str]] = {}
        self._shrunk = Shrunk()

    def take(self, name: str, document: PictureDocument, levels: tuple[float, float] | None = None) -> None:
        """Note what an answer says of a picture."""
        self._shrunk.take(name, document)
        pixels = document.get("pixels")
        if levels is not None and pixels and pixels["by"] == "model":
            black, white = levels  # a model's own scale is another
            if (pixels["black"], pixels["white"]) == (black, white):
                self._levels.setdefault((black, white), []).append(name)
        for code, text in document.get("remarks", {}).items():
            self._said.setdefault(code, []).append((name, text))

    def sentences(self) -> Iterator[str]:
        """Yield one sentence for each thing that is to be said of one or more pictures."""
        for code, places in self._said.items():
            name, text = one_line(places[0][0], 300), places[0][1]
            if len(places) == 1:
                yield f"{name} {text}."
            elif code == _OWN:
                yield (
                    f"{len(places)} pictures, as {name}, have more than 8 bits a colour, for which the model "
                    "keeps no scale: each was seen by its own darkest and brightest, so that one brightness "
                    "is not the same in two of them; add their folder to the set again for one scale for "
                    "all, or train on such pictures."
                )
            else:
                yield f"{len(places)} pictures are like {name}, which {text}."
        for (black, white), names in self._levels.items():
            those = one_line(names[0], 300)
            those = f"{those} has" if len(names) == 1 else f"{len(names)} pictures, as {those}, have"
            yield (
                f"{those} more than 8 bits a colour: {black:g} is black and {white:g} white in all such "
                "pictures of the set, for people and models alike."
            )
        yield from self._shrunk.notes()
