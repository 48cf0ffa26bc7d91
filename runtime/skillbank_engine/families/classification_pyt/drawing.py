"""Pictures with the class that was found written below them."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

# Letters need a certain number of pixels; smaller pictures are enlarged by a whole factor, narrow ones no
# further than to a length that still is a picture.
_SMALLEST_SIDE, _LARGEST_SIDE = 240, 2048
_INK, _PAPER = (255, 255, 255), (32, 32, 32)


def draw_class(image: Image.Image, label: str, score: float) -> Image.Image:
    """Put a bar with class and score below a copy of a picture.

    Parameters
    ----------
    image : PIL.Image.Image
        RGB.
    label : str
        The class.
    score : float
        Its probability.
    """
    factor = max(1, min(-(-_SMALLEST_SIDE // min(image.size)), _LARGEST_SIDE // max(image.size)))
    width, height = image.width * factor, image.height * factor
    letters = max(14, min(width // 18, _SMALLEST_SIDE))
    room = max(width, _SMALLEST_SIDE)
    font = ImageFont.load_default(letters)
    text = f"{label}  {score:.3f}"
    while font.getlength(text) > room - letters and len(label) > 1:
        label = label[:-1]
        text = f"{label}…  {score:.3f}"
    bar = letters * 2
    page = Image.new("RGB", (room, height + bar), _PAPER)
    page.paste(image.resize((width, height), Image.Resampling.NEAREST) if factor > 1 else image, (0, 0))
    ImageDraw.Draw(page).text((letters // 2, height + letters // 3), text, _INK, font=font)
    return page


def save_drawn(path: Path, image: Image.Image, label: str, score: float) -> None:
    """Write a drawn picture as JPEG; its folder is made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_class(image, label, score).save(path, quality=90)
