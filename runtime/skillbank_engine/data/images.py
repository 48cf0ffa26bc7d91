"""Opening pictures, and finding them in folders."""

import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from skillbank_engine.data.pixels import PixelScale, Scaling, choose_scaling, render
from skillbank_engine.data.records import require_folder
from skillbank_engine.data.samples import is_deep, raw_mode, read_samples
from skillbank_engine.errors import DataError

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif")

MOST_PIXELS = 178_956_970
"""Of a picture: more is what files claim that are made to fill the memory."""
_MOST_BYTES = 4 << 30
_FORMATS = {
    "JPEG": "JpegImagePlugin",
    "PNG": "PngImagePlugin",
    "WEBP": "WebPImagePlugin",
    "BMP": "BmpImagePlugin",
    "DIB": "BmpImagePlugin",
    "GIF": "GifImagePlugin",
    "TIFF": "TiffImagePlugin",
    "PPM": "PpmImagePlugin",
    "JPEG2000": "Jpeg2KImagePlugin",
    "AVIF": "AvifImagePlugin",
    "ICO": "IcoImagePlugin",
    "TGA": "TgaImagePlugin",
    "PCX": "PcxImagePlugin",
}
"""What is tried on a file, and the module of Pillow that reads it, which alone is imported.

Pillow knows more formats, some of which run other programs (EPS) or lead elsewhere.
"""
# Pillow warns of half of what is taken; whoever opens a picture here looks at its size.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


@dataclass(frozen=True)
class Picture:
    """A picture as a model sees it, and how it was made.

    Attributes
    ----------
    image : PIL.Image.Image
        RGB, upright, transparency over white.
    scaling : Scaling or None
        How numbers of more than 8 bits were scaled.
    kind : str
        Pillow's name of the file's format.
    frames : bool
        Whether the file has further frames, which nobody looks at.
    """

    image: Image.Image
    scaling: Scaling | None
    kind: str
    frames: bool


def read_picture(
    source: Path | bytes,
    scale: PixelScale | None = None,
    *,
    formats: tuple[str, ...] | None = None,
    fits: Callable[[tuple[int, int]], None] = lambda size: None,
) -> Picture:
    """Read a picture of any kind: the one place where pictures become what a model sees.

    Parameters
    ----------
    source : Path or bytes
        The file.
    scale : PixelScale, optional
        Of the data set or the model; without levels for its kind a picture is scaled by its own numbers.
    formats : tuple of str, optional
        What is tried on the bytes; everything that Pillow knows by default.
    fits : callable
        Gets width and height before anything is unpacked, and raises where they are too much.

    Raises
    ------
    Exception
        Whatever the decoders trip over, which depends on the bytes that they find.
    """
    # Not by its path: Pillow would map some turned TIFF files into memory, and garble them.
    data = source if isinstance(source, bytes) else read_file(source)

    def again() -> Image.Image:
        return opened(data, formats)

    with again() as image:
        fits(image.size)
        kind, frames = image.format or "", _has_frames(image)
        if is_deep(image):
            samples = read_samples(image, again)
            scaling = choose_scaling(samples, scale or PixelScale())
            return Picture(render(samples, scaling.levels), scaling, kind, frames)
        _mend_transparency(image)
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return Picture(_flat(image), None, kind, frames)


def opened(data: bytes, formats: tuple[str, ...] | None = None) -> Image.Image:
    """Open a file's bytes; nothing is unpacked yet."""
    return Image.open(BytesIO(data), formats=formats or known_formats())


@cache
def known_formats() -> tuple[str, ...]:
    """Return Pillow's names of the formats that are tried on a file."""
    for module in _FORMATS.values():
        with suppress(ImportError):
            import_module(f"PIL.{module}")
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def read_file(path: Path) -> bytes:
    """Read a regular file: others may never end.

    Raises
    ------
    DataError
        Another kind of file, or one that is too large.
    """
    _require_regular(path)
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise DataError(
            f"{path} is larger than {_MOST_BYTES >> 30} GiB, which no picture is: remove the file"
        )
    return data


def _require_regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise DataError(f"{path} is no regular file: name the picture itself")


def _within(size: tuple[int, int]) -> None:
    """Refuse a picture before it is unpacked."""
    if size[0] * size[1] > MOST_PIXELS:
        raise Image.DecompressionBombError(f"{size[0]} x {size[1]}")


def _has_frames(image: Image.Image) -> bool:
    # What a telephone puts behind its photograph is not counted: smaller copies and maps of depth.
    return bool(getattr(image, "is_animated", False)) and image.format != "MPO"


def _mend_transparency(image: Image.Image) -> None:
    """Spread a PNG's transparent grey of 2 or 4 bits as Pillow spreads the greys, but not this one."""
    factor = {"L;2": 85, "L;4": 17}.get(raw_mode(image))
    key = image.info.get("transparency")
    if factor and image.format == "PNG" and isinstance(key, int):
        image.info["transparency"] = key * factor


def _flat(image: Image.Image) -> Image.Image:
    """Make RGB of a picture of 8 bits, transparency over white."""
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    clear = image.convert("LA") if image.mode == "La" else image
    clear = clear.convert("RGBA")
    canvas = Image.new("RGBA", clear.size, "white")
    canvas.alpha_composite(clear)
    return canvas.convert("RGB")


def open_image(path: Path, scale: PixelScale | None = None) -> Image.Image:
    """Open a picture as RGB, turned upright as its camera says; see :func:`read_picture`.

    Raises
    ------
    DataError
        No such file, or no picture in it.
    """
    with readable(path):
        return read_picture(path, scale, fits=_within).image


def image_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture in pixels, upright, without decoding it."""
    with readable(path), open_file(path) as image:
        _within(image.size)
        # Pillow gives the size of an upright TIFF.
        turned = image.format != "TIFF" and image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        return (image.height, image.width) if turned else (image.width, image.height)


def open_file(path: Path) -> Image.Image:
    """Open a picture whose bytes are only wanted in part; nothing is unpacked yet."""
    _require_regular(path)
    return Image.open(path, formats=known_formats())


def turned_note(path: Path, width: int, height: int) -> str:
    """What a message adds about a picture that is annotated in the size it is stored in, but shown turned.

    Returns
    -------
    str
        Empty where a camera has not turned it, or its size is annotated as it is shown.
    """
    try:
        shown = image_size(path)
        with open_file(path) as image:
            stored = image.size if image.format != "TIFF" else shown[::-1]
            turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    except Exception:  # whoever needs the picture says what is wrong with it
        return ""
    if not turned or stored != (width, height) or shown == stored:
        return ""
    return f" (as it is stored; by its EXIF orientation it is shown turned, {shown[0]} x {shown[1]})"


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say which file it is that cannot be read.

    Raises
    ------
    DataError
        No such file, or no picture in it.
    """
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist: check the path") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError(
            f"{path} has more pixels than the {MOST_PIXELS / 1e6:.0f} million that are taken: shrink it or "
            "remove the file"
        ) from error
    except Exception as error:  # what the decoders trip over depends on the bytes that they find
        raise DataError(
            f"{path} is no picture that can be read{_layout(path)}: replace or remove the file"
        ) from error


def _layout(path: Path) -> str:
    """What a TIFF holds that nothing here reads, in words; empty for other files."""
    try:
        with path.open("rb") as file:
            if (head := file.read(8))[:4] not in (b"II*\0", b"MM\0*"):
                return ""
            tags = ImageFileDirectory_v2(head)
            file.seek(tags.next)
            tags.load(file)
            bits, kind = tags.get(258, (1,)), tags.get(339, (1,))
            forms = {1: "whole", 2: "signed", 3: "floating point"}
            form = forms.get(kind[0] if isinstance(kind, tuple) else kind, "other")
            count = len(bits) if isinstance(bits, tuple) else 1
            size = bits[0] if isinstance(bits, tuple) else bits
    except Exception:  # it is broken: the sentence says so without this
        return ""
    return f" (a TIFF of {count} {form} number(s) of {size} bits a pixel)"


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
        pictures = sorted(pictures_below(folder))
        if not pictures:
            raise DataError(
                f"{key} names {folder}, which holds no picture ({', '.join(SUFFIXES)}): check the path"
            )
        found.extend((folder, picture) for picture in pictures)
    return found


def pictures_below(folder: Path) -> Iterator[Path]:
    """Yield the pictures of a folder and of those in it, in no order."""
    for path in folder.rglob("*"):
        # macOS archives carry ._name.png companions that are no pictures.
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
            yield path
