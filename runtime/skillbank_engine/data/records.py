"""One annotated picture, and the checks that every format shares."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from skillbank_engine.errors import DataError

Box = tuple[float, float, float, float]

# Annotation tools round; a box that sticks out by less than this is cut off instead of refused.
_TOLERANCE = 2.0
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


@dataclass(frozen=True)
class Record:
    """One annotated picture.

    Attributes
    ----------
    image : Path
        The picture's file.
    width, height : int
        Its size in pixels as annotated.
    boxes : tuple of Box
        ``xyxy`` in pixels.
    phrases : tuple of str
        What each box shows, parallel to ``boxes``.
    absent : tuple of str
        Phrases that may be asked for to no avail; those of the boxes may be among them.
    """

    image: Path
    width: int
    height: int
    boxes: tuple[Box, ...]
    phrases: tuple[str, ...]
    absent: tuple[str, ...]


def require_file(path: str, key: str) -> Path:
    """Give a file's path or say which key names one that is missing."""
    if not path:
        raise DataError(f"{key} is empty: give the path of the annotation file")
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{key} names {file}, which is no file: check the path")
    return file


def require_folder(path: str, key: str) -> Path:
    """Give a folder's path or say which key names one that is missing or an archive."""
    if not path:
        raise DataError(f"{key} is empty: give the folder with the pictures")
    folder = Path(path)
    if folder.is_dir():
        return folder
    if folder.is_file() and folder.name.endswith(_ARCHIVES):
        raise DataError(f"{key} names the archive {folder}: extract it and give the folder with the pictures")
    raise DataError(f"{key} names {folder}, which is no folder: check the path")


def require_image(folder: Path, name: str, place: str, file: Path) -> Path:
    """Give the path of a picture, or say which annotation names one that is missing.

    Names with backslashes, and with folders in front that ``folder`` itself may be (``images/a.jpg``), are
    those of a picture in the folder, or beside the annotation file.
    """
    parts = name.replace("\\", "/").split("/")
    for start in range(len(parts)):
        for above in (folder, file.parent):
            path = above.joinpath(*parts[start:])
            if path.is_file():
                return path
        if ".." in parts:
            break
    raise DataError(
        f"{place} names the picture {name}, which is not in {folder}: check image_dir or the name"
    )


def read_text(file: Path) -> str:
    """Read a text in UTF-8, with or without the mark that some editors put at its beginning.

    Raises
    ------
    DataError
        It cannot be read, or is in another encoding.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file} is not in UTF-8 (byte {error.start} is {error.object[error.start]:#04x}): "
            "save it as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{file} cannot be read ({error.strerror})") from error


def whole_number(value: object) -> int | None:
    """Read a whole number, also one that a table has made a float or a text ("1.0"); else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return int(value) if isinstance(value, int) else int(number) if number.is_integer() else None


def checked_box(box: Box, width: int, height: int, place: str, about: Callable[[], str] = lambda: "") -> Box:
    """Cut a box to its picture.

    Parameters
    ----------
    box : Box
        ``xyxy`` in pixels.
    width, height : int
        Size of the picture.
    place : str
        How a message names the box, as "train.jsonl line 7 box 2".
    about : callable
        Gives what a message adds about the picture; asked only when there is one.

    Raises
    ------
    DataError
        The box is empty, not made of numbers, or outside by more than rounding explains.
    """
    x1, y1, x2, y2 = box
    if not (x2 > x1 and y2 > y1):
        raise DataError(
            f"{place} is empty ({_show(box)}): x2 must be above x1 and y2 above y1, or leave it out"
        )
    reach = max(_TOLERANCE, 0.01 * max(width, height))
    if x1 < -reach or y1 < -reach or x2 > width + reach or y2 > height + reach:
        raise _outside(box, width, height, place, about())
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
    if not (cut[2] > cut[0] and cut[3] > cut[1]):
        raise _outside(box, width, height, place, about())
    return cut


def _outside(box: Box, width: int, height: int, place: str, about: str) -> DataError:
    return DataError(
        f"{place} ({_show(box)}) lies outside its picture of {width} x {height} pixels{about}: correct "
        "the box or the picture's size"
    )


def four_numbers(value: object, place: str) -> Box:
    """Read four finite numbers, or say where something else stands."""
    if isinstance(value, list) and len(value) == 4:
        numbers = [
            float(item) for item in value if isinstance(item, int | float) and not isinstance(item, bool)
        ]
        if len(numbers) == 4 and all(abs(number) < 1e9 for number in numbers):
            return (numbers[0], numbers[1], numbers[2], numbers[3])
    raise DataError(f"{place} must be four numbers, not {value!r}")


def _show(box: Box) -> str:
    return ", ".join(f"{number:g}" for number in box)
