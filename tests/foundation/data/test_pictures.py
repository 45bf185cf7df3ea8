import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from foundation.data.archives import RefusedError, read_archive
from foundation.data.pictures import read_picture, read_pictures, to_bytes
from foundation.errors import InputError

GREY = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64)


def saved(folder: Path, name: str, image: Image.Image, **options: object) -> Path:
    image.save(folder / name, **options)
    return folder / name


@pytest.mark.parametrize("name", ["a.png", "a.bmp", "a.tif"])
def test_grey_pictures_keep_their_pixels(tmp_path: Path, name: str) -> None:
    pixels = (GREY % 256).astype(np.uint8)
    read = read_picture(saved(tmp_path, name, Image.fromarray(pixels)))
    np.testing.assert_array_equal(read.pixels, pixels)
    assert read.name == name


def test_sixteen_bits_are_stretched(tmp_path: Path) -> None:
    read = read_picture(saved(tmp_path, "deep.png", Image.fromarray(GREY)))
    assert read.pixels.dtype == np.uint8
    assert (read.pixels.min(), read.pixels.max()) == (0, 255)


def test_grey_saved_as_colour_is_grey(tmp_path: Path) -> None:
    pixels = (GREY % 256).astype(np.uint8)
    read = read_picture(saved(tmp_path, "a.png", Image.fromarray(pixels).convert("RGB")))
    assert read.pixels.ndim == 2
    coloured = read_picture(saved(tmp_path, "b.png", Image.new("RGBA", (20, 20), (200, 30, 30, 128))))
    assert coloured.pixels.shape == (20, 20, 3)


def test_pages_are_pictures_and_the_middle_one_stands_for_all(tmp_path: Path) -> None:
    pages = [Image.new("L", (16, 16), shade) for shade in (10, 20, 30)]
    path = saved(tmp_path, "pages.tif", pages[0], save_all=True, append_images=pages[1:])
    assert [(page.name, int(page.pixels[0, 0])) for page in read_pictures(path)] == [
        ("pages.tif#1", 10), ("pages.tif#2", 20), ("pages.tif#3", 30),
    ]  # fmt: skip
    assert read_picture(path).name == "pages.tif#2"


def test_a_turned_photo_is_put_upright(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20), "red")
    exif = image.getexif()
    exif[0x0112] = 6  # turned by a quarter
    assert read_picture(saved(tmp_path, "phone.jpg", image, exif=exif)).pixels.shape == (40, 20, 3)


def bomb(side: int) -> bytes:
    """A PNG that claims to be huge, in a hundred bytes."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def jpeg() -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (128, 128), dtype=np.uint8)
    Image.fromarray(noise).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("none.png", b"", "none.png is empty; expected a picture"),
        ("half.jpg", jpeg()[:2000], "half.jpg is broken off or damaged"),
        ("text.png", b"no picture at all", "text.png is no picture that can be read"),
        ("huge.png", bomb(12_000), r"huge.png has 12,000 x 12,000 pixels; expected at most 50 megapixels"),
        ("bomb.png", bomb(20_000), r"bomb.png .*megapixels"),
        ("tiny.png", bomb(4), "tiny.png has 4 x 4 pixels; expected at least 8 x 8"),
        ("plain.dcm", b"not a DICOM file", "plain.dcm is no whole DICOM file"),
        ("plain.nii", b"not a volume", "plain.nii is no whole NIfTI file"),
        ("plain.nii.gz", b"\x1f\x8bbroken", "plain.nii.gz is no whole NIfTI file"),
    ],
)
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=expected) as told:
        read_picture(tmp_path / name)
    assert "\n" not in str(told.value)


def test_a_missing_file() -> None:
    with pytest.raises(InputError, match=r"nowhere\.png does not exist; expected a picture: PNG, JPEG"):
        read_picture(Path("nowhere.png"))


def volume(values: np.ndarray, path: Path) -> Path:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(values.astype(np.float32), np.eye(4)), path)
    return path


def test_a_volume_is_slices(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(12, 10, 5))
    slices = list(read_pictures(volume(values, tmp_path / "v.nii.gz")))
    assert [part.name for part in slices] == [f"v.nii.gz#{number}" for number in range(1, 6)]
    assert slices[0].pixels.shape == (10, 12)
    low, high = np.percentile(values, [0.5, 99.5])
    np.testing.assert_array_equal(
        slices[2].pixels, to_bytes(np.rot90(values[..., 2].astype(np.float32)).astype(float), low, high)
    )


def test_a_volume_with_holes_is_told(tmp_path: Path) -> None:
    values = np.zeros((10, 10, 2))
    values[0, 0, 0] = np.nan
    with pytest.raises(InputError, match=r"0.5% of its values are no numbers"):
        list(read_pictures(volume(values, tmp_path / "nan.nii")))


@pytest.mark.parametrize("shape", [(0, 9, 9), (9, 9, 0), (2, 2, 20), (8, 8, 1001)])
def test_a_volume_of_no_picture_or_too_many_is_told(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = volume(np.zeros(shape, dtype=np.float32), tmp_path / "brain.nii")
    with pytest.raises(InputError, match=r"^brain\.nii "):
        list(read_pictures(path))


def test_pages_that_would_fill_the_memory_are_not_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundation.data.pictures._MOST_UNPACKED", 1_000_000)
    pages = [Image.new("1", (700, 700)) for _ in range(20)]
    path = saved(tmp_path, "bomb.tif", pages[0], save_all=True, append_images=pages[1:], compression="group4")
    assert path.stat().st_size < 10_000
    read = read_pictures(path)
    assert [next(read).name for _ in range(2)] == ["bomb.tif#1", "bomb.tif#2"]
    with pytest.raises(InputError, match="unpacks to more than"):
        next(read)


def test_a_picture_with_holes_is_told(tmp_path: Path) -> None:
    values = np.ones((16, 16), dtype=np.float32)
    values[3, 3] = np.nan
    with pytest.raises(InputError, match="holds values that are no numbers"):
        list(read_pictures(saved(tmp_path, "holes.tif", Image.fromarray(values))))


def zipped(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def test_an_archive_goes_on_past_what_it_refuses(tmp_path: Path) -> None:
    members = {
        "sick/a.jpg": jpeg(),
        "sick/half.jpg": jpeg()[:2000],
        "../../escape.jpg": jpeg(),
        "/etc/b.jpg": jpeg(),
        "sick/bomb.png": b"\0" * 10_000_000,
        "notes.txt": b"left out in silence",
        "__MACOSX/._a.jpg": b"left out too",
    }
    (tmp_path / "a.zip").write_bytes(zipped(members))
    found = {str(name): pictures for name, pictures in read_archive(tmp_path / "a.zip")}
    refused = {name: str(why) for name, why in found.items() if isinstance(why, RefusedError)}
    assert set(found) - set(refused) == {"sick/a.jpg"}
    assert "points outside of the archive" in refused["../../escape.jpg"]
    assert "points outside of the archive" in refused["/etc/b.jpg"]
    assert "far more than a picture does" in refused["sick/bomb.png"]
    assert "broken off or damaged" in refused["sick/half.jpg"]


def test_names_of_a_chinese_windows_are_read(tmp_path: Path) -> None:
    """It writes GBK and does not say so: zipfile takes that for the letters of the first PC."""
    for number, encoding in enumerate(("gb18030", "utf-8")):
        raw = zipped({"xxxx/a.jpg": jpeg()}).replace(b"xxxx", "正常".encode(encoding)[:4] if number == 0 else b"yyyy")
        (tmp_path / "a.zip").write_bytes(raw)
        ((name, _),) = read_archive(tmp_path / "a.zip")
        assert name.parts[0] == ("正常" if number == 0 else "yyyy")


def test_a_member_that_does_not_unpack_is_passed_over(tmp_path: Path) -> None:
    raw = bytearray(zipped({"sick/a.jpg": jpeg(), "sick/b.jpg": jpeg()}))
    raw[60:90] = b"\xff" * 30
    (tmp_path / "a.zip").write_bytes(raw)
    (_, first), (_, second) = read_archive(tmp_path / "a.zip")
    assert "cannot be unpacked" in str(first)
    assert not isinstance(second, RefusedError)


def test_no_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=r"a\.zip is no whole zip archive"):
        list(read_archive(tmp_path / "a.zip"))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_scaling_keeps_the_order(values: list[float]) -> None:
    scaled = to_bytes(np.array(values))
    order = np.argsort(values, kind="stable")
    assert (np.diff(scaled[order].astype(int)) >= 0).all()
