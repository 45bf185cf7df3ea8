"""Words burnt into pictures are found, and anatomy is not taken for words."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter

from foundation.data.image_files import shrunk
from foundation.data.lettering import has_lettering
from foundation.data.pictures import read_picture


def scan(seed: int = 0, side: int = 400) -> np.ndarray:
    """A bright, uneven disc on black, with noise."""
    generator = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] - side / 2
    disc = (np.hypot(rows, columns) < side / 2.6) * (
        120 + 60 * gaussian_filter(generator.normal(size=(side, side)), 20) * 20
    )
    return np.clip(disc + generator.normal(0, 6, (side, side)), 0, 255).astype(np.uint8)


def with_text(pixels: np.ndarray, text: str, size: int, fill: int, at: tuple[int, int] = (6, 6)) -> np.ndarray:
    image = Image.fromarray(pixels)
    ImageDraw.Draw(image).text(at, text, fill=fill, font=ImageFont.load_default(size))
    return np.asarray(image)


@pytest.mark.parametrize("size", [10, 14, 20, 28])
def test_a_name_and_a_date_are_found(size: int) -> None:
    assert has_lettering(with_text(scan(), "DOE JOHN 1956-03-12", size, 255))
    assert has_lettering(255 - with_text(scan(), "DOE JOHN 1956-03-12", size, 255))  # MONOCHROME1
    colour = np.repeat(scan()[..., None], 3, axis=2)
    assert has_lettering(with_text(colour, "ID 4711-0815", size, (255, 255, 0)))
    assert has_lettering(with_text(scan(), "ACCESSION 20260312", size, 255, at=(120, 190)))  # over the anatomy


@pytest.mark.parametrize("seed", range(5))
def test_anatomy_markers_and_noise_are_no_words(seed: int) -> None:
    assert not has_lettering(scan(seed))
    assert not has_lettering(with_text(scan(seed), "L", 28, 255))
    noise = np.random.default_rng(seed).integers(0, 255, (300, 300), dtype=np.uint8)
    assert not has_lettering(noise)


def test_every_picture_is_looked_at_when_it_is_read(tmp_path: Path) -> None:
    Image.fromarray(with_text(scan(side=1600), "DOE JOHN 1956-03-12", 48, 255)).save(tmp_path / "a.png")
    Image.fromarray(scan(side=1600)).save(tmp_path / "b.png")
    named, plain = (read_picture(tmp_path / name) for name in ("a.png", "b.png"))
    assert named.lettering
    assert not plain.lettering
    # what is scaled down afterwards is still known to hold letters
    assert shrunk(named).lettering
    assert max(shrunk(named).pixels.shape) == 256


def test_a_page_of_print_and_speckle_do_not_keep_anybody_waiting() -> None:
    speckle = np.clip(np.random.default_rng(0).normal(128, 128, (1024, 1024)), 0, 255).astype(np.uint8)
    page = Image.new("L", (1024, 1024))
    for row in range(8, 1000, 14):
        ImageDraw.Draw(page).text((8, row), "DOE JOHN 1956-03-12 " * 8, fill=255, font=ImageFont.load_default(12))
    started = time.process_time()
    has_lettering(speckle)
    assert has_lettering(np.asarray(page))
    assert time.process_time() - started < 4  # 19 s where each letter was compared with all before it
