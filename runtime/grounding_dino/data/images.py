"""Opening pictures, and finding them in folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from grounding_dino.data.records import require_folder
from grounding_dino.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")


def open_image(path: Path) -> Image.Image:
    """Open a picture as RGB, turned upright as its camera says.

    Raises
    ------
    DataError
        No such file, or no picture in it.
    """
    try:
        with Image.open(path) as image:
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return image if image.mode == "RGB" else image.convert("RGB")
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist: check the path") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} is no picture that can be read: replace or remove the file") from error


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture in pixels, upright, without decoding it."""
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
            return (image.height, image.width) if turned else (image.width, image.height)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} is no picture that can be read: replace or remove the file") from error


def find_images(folders: Sequence[str], key: str) -> list[tuple[Path, Path]]:
    """List the pictures below folders.

    Parameters
    ----------
    folders : sequence of str
        Folders to look through, subfolders too.
    key : str
        The spec's key, for messages.

    Returns
    -------
    list of (Path, Path)
        Folder and picture below it, sorted by name inside each folder.

    Raises
    ------
    DataError
        No folder, or no picture in one.
    """
    if not folders:
        raise DataError(f"{key} is empty: give the folder with the pictures")
    found: list[tuple[Path, Path]] = []
    for name in folders:
        folder = require_folder(name, key)
        pictures = sorted(_pictures(folder))
        if not pictures:
            raise DataError(
                f"{key} names {folder}, which holds no picture ({', '.join(SUFFIXES)}): check the path"
            )
        found.extend((folder, picture) for picture in pictures)
    return found


def _pictures(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        # macOS archives carry ._name.png companions that are no pictures.
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield path
