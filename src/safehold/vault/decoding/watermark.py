"""The mark on every picture that is shown: who looks, when, and in which showing; ids only, no names.

It is repeated so closely that every window of half the width and half the height of a picture holds one
whole mark: cutting a picture to a quarter does not get rid of it. It says where a copy came from; it does
not hide anything, and whoever paints over all of it ends with a picture painted over.
"""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

_OPACITY = 120
"""Of 255, for letters and for the line around them, which keeps them legible on light and dark alike."""
_SHARE = 0.22
"""What one mark may take of the picture's width and height."""
_PITCH = 0.26
"""From one mark to the next. Together with the share less than a half: hence the promise above."""
_LARGEST, _SMALLEST = 28, 6


def marked(picture: Image.Image, lines: Sequence[str]) -> Image.Image:
    """Return the RGB picture with the mark all over it. lines: short; without any it comes back as it is."""
    if not lines:
        return picture
    width, height = picture.size
    mark = _fitting(lines, width * _SHARE, height * _SHARE)
    covered = Image.new("RGBA", picture.size)
    step_x, step_y = max(1, round(width * _PITCH)), max(1, round(height * _PITCH))
    for y in range(0, height, step_y):
        for x in range(0, width, step_x):
            covered.paste(mark, (x, y))
    return Image.alpha_composite(picture.convert("RGBA"), covered).convert("RGB")


def _fitting(lines: Sequence[str], width: float, height: float) -> Image.Image:
    """Return the mark, as large as fits into so many pixels and as legible letters need at least."""
    for size in range(_LARGEST, _SMALLEST, -1):
        mark = _drawn(lines, size)
        if mark.width <= width and mark.height <= height:
            return mark
    # Too small a place for letters: the mark is pressed into it, so that the promise still holds.
    mark = _drawn(lines, _SMALLEST)
    return mark.resize((max(1, min(mark.width, int(width))), max(1, min(mark.height, int(height)))))


def _drawn(lines: Sequence[str], size: int) -> Image.Image:
    font = ImageFont.load_default(size)
    text = "\n".join(lines)
    outline = max(1, size // 10)
    drawing = ImageDraw.Draw(Image.new("RGBA", (1, 1)))
    box = drawing.multiline_textbbox((0, 0), text, font=font, spacing=outline, stroke_width=outline)
    mark = Image.new("RGBA", (int(box[2] - box[0]) + 1, int(box[3] - box[1]) + 1))
    ImageDraw.Draw(mark).multiline_text(
        (-box[0], -box[1]),
        text,
        font=font,
        spacing=outline,
        fill=(255, 255, 255, _OPACITY),
        stroke_width=outline,
        stroke_fill=(0, 0, 0, _OPACITY),
    )
    return mark
