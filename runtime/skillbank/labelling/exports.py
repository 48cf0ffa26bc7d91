"""A folder of labels that one run owns: fresh, or its own, and never of two runs that differ.

Until everything is found nothing stands in the folder but what is hidden and, after an interruption, a
manifest that says ``unfinished``; the same command goes on from there. Then files are written one by one,
each whole, with the manifest saying ``unfinished`` until the last one is there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile

import skillbank
from skillbank.errors import DataError, UsageError
from skillbank.labelling.data_sets import DATA_SETS, data_set_pictures
from skillbank.labelling.findings import Labelled
from skillbank.labelling.formats import FORMATS, label_files
from skillbank.labelling.manifest import (
    MANIFEST,
    Manifest,
    Picture,
    digest,
    digest_file,
    put,
    read_manifest,
)
from skillbank.labelling.ownership import foreign_files, refuse_changed, refuse_foreign, said, some, take_away
from skillbank.ways import option

__all__ = ["ANNOTATED", "Export"]

ANNOTATED = "pictures"
_HIDDEN = ".unfinished"
_LAST = "yolo/data.yaml"
"""Written last and taken away first: a folder without it is not opened."""


@dataclass
class _New:
    """A file that will be written: its digest, and its bytes or the file that has them."""

    sha256: str
    data: bytes = b""
    source: Path | None = None


@dataclass
class Export:
    """The folder of one run.

    Attributes
    ----------
    folder
        Where files go.
    kinds, descriptions
        What is written, and the classes in their order.
    replace
        Whether labels of another run give way.
    before
        The manifest that was there.
    pictures
        What is found, by name.
    copies
        Annotated copies that wait in the folder's hidden part, by name.
    """

    folder: Path
    kinds: tuple[str, ...]
    descriptions: tuple[str, ...]
    replace: bool
    before: Manifest | None
    root: Path = Path()
    model: str = ""
    model_sha256: str = ""
    threshold: float = 0.0
    nms: float = 0.0
    across: float = 1.0
    tiles: str = "off"
    precision: str = ""
    pictures: dict[str, Picture] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, folder: Path, kinds: Sequence[str], descriptions: Sequence[str], replace: bool) -> Export:
        """Look at a folder, and refuse it when it is not fresh and not this run's own.

        Raises
        ------
        UsageError
            When it holds something else, labels of other descriptions or formats, or changed ones.
        DataError
            When its manifest cannot be read.
        """
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; give a folder with {option('output')}.")
        before = read_manifest(folder)
        made = cls(folder, tuple(dict.fromkeys(kinds)), tuple(descriptions), replace, before)
        if before is None:
            refuse_foreign(folder)
            return made
        refuse_changed(folder, before, replace)
        if not replace:
            made._compare("descriptions", before.descriptions, made.descriptions)
            made._compare("formats", tuple(sorted(before.kinds)), tuple(sorted(made.kinds)))
        return made

    def settle(
        self, root: Path, model: str, model_sha256: str, threshold: float, nms: float, across: float
    ) -> None:
        """Say what the run is made with; what is found in this folder already is kept when all is the same.

        Raises
        ------
        UsageError
            When the labels that are there were made with something else.
        """
        self.root, self.model, self.model_sha256 = root, model, model_sha256
        self.threshold, self.nms, self.across = threshold, nms, across
        before = self.before
        if before is None or self.replace:
            return
        self._compare("model", f"{before.model} {before.model_sha256[:12]}", f"{model} {model_sha256[:12]}")
        self._compare("threshold", before.threshold, threshold)
        self._compare("overlap", before.nms, nms)
        self._compare("overlap of different names", before.across, across)
        self._compare("tiles", before.tiles, self.tiles)
        self._compare("precision", before.precision or "none named", self.precision or "none named")
        self.root = Path(before.root)
        if not root.is_relative_to(self.root):
            self._refuse(f"names of pictures in it count from {before.root}, and {root} is not below it")
        self.pictures = {picture.name: picture for picture in before.pictures}

    def prepare(self) -> None:
        """See that the folder can be written to, before hours are spent on what goes there."""
        try:
            (self.folder / _HIDDEN).mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.folder / _HIDDEN):
                pass
        except OSError as error:
            raise DataError(
                f"{self.folder} cannot be written to ({error.strerror}); give another {option('output')}."
            ) from None

    def clear(self) -> None:
        """Take away what is hidden, and the folder when nothing else was ever in it."""
        shutil.rmtree(self.folder / _HIDDEN, ignore_errors=True)
        with suppress(OSError):
            self.folder.rmdir()

    def known(self, name: str, sha256: str) -> Labelled | None:
        """Return what was found in a picture before; None when it is new, has changed, or lacks its copy."""
        picture = self.pictures.get(name)
        if picture is None or picture.sha256 != sha256:
            return None
        if ANNOTATED in self.kinds and not self._has_copy(name):
            return None
        return picture.labelled

    def add(
        self,
        labelled: Labelled,
        path: Path,
        sha256: str,
        copy: bytes = b"",
        pixels: dict[str, object] | None = None,
    ) -> None:
        """Keep what was found in a picture, and the annotated copy if there is one."""
        self.pictures[labelled.name] = Picture.of(labelled, path, sha256, pixels)
        if copy:
            put(self._hidden(labelled.name), copy)
            self.copies[labelled.name] = digest(copy)

    def annotated(self, name: str) -> Path:
        """Return where a picture's annotated copy will be."""
        return self.folder / "annotated" / name

    def keep(self) -> bool:
        """Keep what is found so far for the same command to go on with; whether there was anything to keep.

        Labels that were to be replaced stay as they were, and so do those that another run wrote meanwhile.
        """
        if (self.replace and self.before is not None) or not self.pictures:
            self.clear()
            return False
        if read_manifest(self.folder) != self.before:
            return False
        files = self.before.files if self.before else {}
        replacing = self.before.replacing if self.before else {}
        self._manifest("unfinished", files, replacing).write(self.folder)
        return True

    def finish(self) -> list[Path]:
        """Write everything; return the files and folders that somebody would look at.

        Raises
        ------
        UsageError
            When a file that skillbank did not write stands where one belongs.
        DataError
            When a file cannot be written, or another run has written here.
        """
        if read_manifest(self.folder) != self.before:
            raise DataError(
                f"Another run has written to {self.folder} meanwhile; give another {option('output')}."
            )
        new = dict(self._files())
        old = {**self.before.replacing, **self.before.files} if self.before else {}
        for place in new:
            if place not in old and (self.folder / place).exists():
                raise UsageError(
                    f"{self.folder / place} was not written by skillbank and stands where a file belongs; "
                    f"move it away or give another {option('output')}."
                )
        digests = {place: made.sha256 for place, made in new.items()}
        self._manifest("unfinished", digests, old).write(self.folder)
        self._swap(new, old)
        self._manifest("complete", digests, {}).write(self.folder)
        shutil.rmtree(self.folder / _HIDDEN, ignore_errors=True)
        if self.before is not None:
            self.notes += foreign_files(self.folder, digests)
        gifs = [name for name in self.pictures if name.lower().endswith(".gif")]
        if gifs and "yolo" in self.kinds:
            self.notes.append(f"ultralytics takes GIF files for videos and will not train on {some(gifs)}.")
        return [*self._shown(), self.folder / MANIFEST]

    # -- what is written -----------------------------------------------------------------------

    def _files(self) -> Iterator[tuple[str, _New]]:
        pictures = [picture.labelled for picture in self.pictures.values()]
        for kind in self.kinds:
            if kind in FORMATS:
                for place, text in label_files(kind, pictures, self.descriptions):
                    yield place.as_posix(), _New(digest(text.encode()), text.encode())
        for kind in filter(DATA_SETS.__contains__, self.kinds):
            for name, image in data_set_pictures(kind, pictures):
                picture = self.pictures[name]
                yield image.as_posix(), _New(picture.sha256, source=Path(picture.path))
        if ANNOTATED in self.kinds:
            for name in self.pictures:
                sha256 = self.copies.get(name) or self._copy_before(name)
                yield f"annotated/{name}", _New(sha256, source=self._hidden(name))

    def _swap(self, new: dict[str, _New], old: dict[str, str]) -> None:
        """Take old files away and put new ones there; what is the same stays."""
        same = {place for place, made in new.items() if self._holds(place, made.sha256)}
        if same == set(new) == set(old):
            return
        if _LAST in old:
            (self.folder / _LAST).unlink(missing_ok=True)
            for cache in sorted((self.folder / "yolo").rglob("*.cache")):
                cache.unlink()
                self.notes.append(f"{cache}, which a trainer had made of the labels before, was taken away.")
        same.discard(_LAST)
        for place in old:
            if place not in new:
                take_away(self.folder, place)
        for place in sorted(new, key=lambda place: place == _LAST):
            if place not in same:
                self._put(place, new[place])

    def _put(self, place: str, made: _New) -> None:
        if made.source is None:
            put(self.folder / place, made.data)
            return
        try:
            data = made.source.read_bytes()
        except OSError as error:
            raise DataError(f"{made.source} cannot be read any more ({error.strerror}).") from None
        if digest(data) != made.sha256:
            raise DataError(f"{made.source} has changed since it was labelled; label it again.")
        put(self.folder / place, data)

    def _manifest(self, state: str, files: dict[str, str], replacing: dict[str, str]) -> Manifest:
        return Manifest.model_validate(
            {
                "state": state,
                "skillbank": skillbank.__version__,
                "model": self.model,
                "model_sha256": self.model_sha256,
                "descriptions": self.descriptions,
                "threshold": self.threshold,
                "nms": self.nms,
                "across": self.across,
                "tiles": self.tiles,
                "precision": self.precision,
                "kinds": self.kinds,
                "root": str(self.root),
                "pictures": tuple(self.pictures.values()),
                "left_out": tuple(self.left_out),
                "files": files,
                "replacing": replacing,
            }
        )

    def _shown(self) -> list[Path]:
        names = {"json": "labels.json", "coco": "coco.json", ANNOTATED: "annotated"}
        return [self.folder / names.get(kind, kind) for kind in self.kinds]

    # -- what is there -------------------------------------------------------------------------

    def _hidden(self, name: str) -> Path:
        return self.folder / _HIDDEN / f"{digest(name.encode())[:32]}{Path(name).suffix}"

    def _copy_before(self, name: str) -> str:
        if self.before and (known := self.before.files.get(f"annotated/{name}")):
            return known
        return digest_file(self._hidden(name))

    def _has_copy(self, name: str) -> bool:
        sha256 = self.before.files.get(f"annotated/{name}") if self.before else None
        return (sha256 is not None and self._holds(f"annotated/{name}", sha256)) or self._hidden(
            name
        ).is_file()

    def _holds(self, place: str, sha256: str) -> bool:
        path = self.folder / place
        return path.is_file() and digest_file(path) == sha256

    def _compare(self, what: str, before: object, now: object) -> None:
        if before != now:
            self._refuse(f"it holds labels with other {what} ({said(before)}, now {said(now)})")

    def _refuse(self, why: str) -> None:
        raise UsageError(
            f"{self.folder} cannot be added to: {why}; give another {option('output')}, or "
            f"{option('replace')} to put these "
            "labels in their place."
        )
