"""The mark on every picture that is shown: who looks, when, and in which showing; ids only, no names.

It is repeated so that every window of WINDOW pixels a side holds one whole mark, and in a small picture every
window of two thirds of its width and height: a cut or a screenshot of a part does not get rid of it. It says
where a copy came from and hides nothing: letters are thin, far apart and only tinted, dark where the picture
is light and light where it is dark. Whoever paints over all of it ends with a picture painted over.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageFont

WINDOW = 256
"""Pixels a side of a window that holds a whole mark, wherever it is cut out."""
OF_SMALL = 2 / 3
"""What of its sides such a window has in a picture that is smaller than WINDOW / OF_SMALL."""

_OPACITY = 112
"""Of 255."""
_SMALLEST, _LARGEST = 9, 18
"""Height of the letters, in pixels."""
_SHARE = 1 / 48
"""The same, as a share of the picture's shorter side."""


def marked(picture: Image.Image, lines: Sequence[str]) -> Image.Image:
    """Return the RGB picture with the mark all over it. lines: short; without any it comes back as it is."""
    if not lines:
        return picture
    size = min(max(round(min(picture.size) * _SHARE), _SMALLEST), _LARGEST)
    mark = _drawn(lines, size)
    letters = Image.new("L", picture.size)
    for y in range(0, picture.height, _pitch(picture.height, mark.height)):
        for x in range(0, picture.width, _pitch(picture.width, mark.width)):
            letters.paste(mark, (x, y))
    ground = picture.convert("L").filter(ImageFilter.BoxBlur(size / 2))
    ink = ground.point(lambda light: 0 if light > 127 else 255)
    return Image.composite(ink.convert("RGB"), picture, letters)


def _pitch(side: int, of_mark: int) -> int:
    """Return how far it is from one mark to the next: as far as keeps the promise above."""
    window = min(WINDOW, int(side * OF_SMALL))
    return max(window - of_mark + 1, of_mark)


def _drawn(lines: Sequence[str], size: int) -> Image.Image:
    """Return the letters of the mark, as grey that says how much of the ink is taken."""
    font, text = ImageFont.load_default(size), "\n".join(lines)
    drawing = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = drawing.multiline_textbbox((0, 0), text, font=font, spacing=1)
    mark = Image.new("L", (int(right - left) + 1, int(bottom - top) + 1))
    ImageDraw.Draw(mark).multiline_text((-left, -top), text, font=font, spacing=1, fill=_OPACITY)
    return mark
