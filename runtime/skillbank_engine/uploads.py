"""Pictures that somebody sends: decoded within limits, what is to be said of them, what they look like."""

from io import BytesIO

from PIL import Image

from skillbank_engine.data.images import Picture, read_picture
from skillbank_engine.data.pixels import PixelScale, Scaling
from skillbank_engine.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
"""What is tried on a picture's bytes; pillow knows many more, some of which run other programs."""
_SHOWN = ("JPEG", "MPO", "PNG", "WEBP", "BMP", "GIF")
"""Formats that browsers show."""


def decode(data: bytes, most_pixels: int, scale: PixelScale | None = None) -> Picture:
    """Decode a picture (:func:`read_picture`); its size is looked at before anything is unpacked.

    Raises
    ------
    DataError
        No picture, a broken one, or one of more than ``most_pixels``; the text goes on after "This is".
    """

    def fits(size: tuple[int, int]) -> None:
        if size[0] * size[1] > most_pixels:
            raise _too_large(f"{size[0]} x {size[1]}", most_pixels)

    try:
        return read_picture(data, scale, formats=FORMATS, fits=fits)
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise _too_large("far too many", most_pixels) from None
    except Exception as error:  # what the decoders trip over depends on the bytes that they find
        raise DataError("no picture that can be read; give a JPEG, PNG, WebP, BMP, GIF or TIFF") from error


def _too_large(size: str, most: int) -> DataError:
    return DataError(f"of {size} pixels, more than the {most / 1e6:.0f} million that are taken; shrink it")


def about_pixels(picture: Picture) -> dict[str, object]:
    """What an answer says of a picture beside its boxes; empty for ordinary ones.

    Returns
    -------
    dict
        ``pixels`` (``kind``, ``black``, ``white``, and ``by`` whom: ``file``, ``model`` or ``picture``) where
        there are more than 8 bits; ``remarks``, from a word that stands for the kind to a text that goes on
        after "The picture".
    """
    said: dict[str, object] = {}
    remarks: dict[str, str] = {}
    if picture.scaling is not None:
        black, white = picture.scaling.levels
        said["pixels"] = {
            "kind": picture.scaling.kind,
            "black": black,
            "white": white,
            "by": picture.scaling.by,
        }
        remarks.update(_on_scaling(picture.scaling))
    if picture.frames:
        remarks["frames"] = "has several frames; the first one was looked at"
    return {**said, "remarks": remarks} if remarks else said


def _on_scaling(scaling: Scaling) -> dict[str, str]:
    """Say what nobody would expect of how a picture was scaled."""
    if scaling.by == "picture":
        return {
            "own_scale": "has more than 8 bits a colour, for which the model keeps no scale; its own was "
            f"used: {scaling.describe()}"
        }
    if scaling.clipped:
        return {
            "cut_off": f"has numbers beyond the model's scale, {scaling.describe()}, and is cut off there"
        }
    return {}


def preview_of(picture: Picture) -> bytes:
    """A JPEG of a picture, as the model sees it; empty where a browser shows the same."""
    if picture.scaling is None and picture.kind in _SHOWN:
        return b""
    file = BytesIO()
    picture.image.save(file, format="JPEG", quality=90)
    return file.getvalue()
