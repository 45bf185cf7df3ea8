"""Pictures as HTML: a thumbnail, and a viewer with window, level and heat map that works without the server."""

import base64
import io
from collections.abc import Mapping
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from apps.locale import Locale
from foundation.vision.encoder import Pixels

__all__ = ["inline", "thumbnail", "viewer"]

_SIDE = 448
_THUMBNAIL = 96
# One colour of Okabe and Ito, more or less of it: a rainbow would hide from colour-blind eyes.
_HEAT = np.array([213, 94, 0], dtype=np.uint8)
_MOST_ALPHA = 200


def inline(image: Image.Image) -> str:
    """Return an image as the address of its own bytes."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


def thumbnail(pixels: Pixels) -> Image.Image:
    """Return a small copy."""
    small = Image.fromarray(pixels)
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    return small


def viewer(words: Locale, pixels: Pixels, heats: Mapping[str, NDArray[np.float64]], name: str) -> str:
    """Return the picture with sliders for window, level and heat map; they move by pointer, touch and arrow keys.

    Parameters
    ----------
    words : Locale
    pixels : Pixels
    heats : mapping of name to ndarray, shape (size, size), 0 to 1
        Over the square that the picture fits into; the first is shown, the others can be brought up.
    name : str
        For screen readers.
    """
    picture = _scaled(Image.fromarray(pixels))
    over = "".join(
        f'<img class="cl-heat" style="opacity:var(--heat{at})" src="{inline(_overlay(heat, picture.size))}" alt="">'
        for at, heat in enumerate(heats.values())
    )
    controls = [
        ("--window", words("medical.window"), 0.4, 2.5, 1.0),
        ("--level", words("medical.level"), 0.4, 1.8, 1.0),
    ]
    controls += [
        (f"--heat{at}", words("medical.heat", kind=kind), 0.0, 1.0, 0.0 if at else 0.6) for at, kind in enumerate(heats)
    ]
    sliders = "".join(
        f'<label>{escape(label)}<input type="range" min="{low}" max="{high}" step="0.05" value="{value}" '
        f"oninput=\"this.closest('.cl-viewer').style.setProperty('{variable}', this.value)\"></label>"
        for variable, label, low, high, value in controls
    )
    return (
        f'<div class="cl-viewer"><div class="cl-stack"><img class="cl-picture" src="{inline(picture)}" '
        f'alt="{escape(name)}">{over}</div><div class="cl-sliders">{sliders}</div></div>'
    )


def _scaled(image: Image.Image) -> Image.Image:
    """Bring the longer side to the viewer's, small pictures included: 28 pixels are nothing to look at."""
    scale = _SIDE / max(image.size)
    shape = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(shape, Image.Resampling.BICUBIC)


def _overlay(heat: NDArray[np.float64], shape: tuple[int, int]) -> Image.Image:
    """Cut the picture's part out of the square, and colour it: the hotter, the less one sees through."""
    side = max(shape)
    wide = Image.fromarray(np.rint(heat * _MOST_ALPHA).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    left, top = (side - shape[0]) // 2, (side - shape[1]) // 2
    alpha = np.asarray(wide.crop((left, top, left + shape[0], top + shape[1])))
    colour = np.broadcast_to(_HEAT, (*alpha.shape, 3))
    return Image.fromarray(np.dstack([colour, alpha]))
