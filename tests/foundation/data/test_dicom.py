import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    RLELossless,
    generate_uid,
)

from foundation.data.archives import RefusedError, read_archive
from foundation.data.dicom import KEPT_ELEMENTS, pseudonym, read_dicom
from foundation.data.image_files import walk_pictures
from foundation.data.pictures import read_picture
from foundation.errors import InputError

RAMP = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)


def dicom(pixels: np.ndarray | None = RAMP, **elements: object) -> Dataset:
    """A small file with a name, a birth date and a private element in its header."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "Muster^Erika", "4711", "19700101"
    dataset.InstitutionName, dataset.Modality, dataset.StudyDate = "St. Anywhere", "MR", "20260101"
    dataset.private_block(0x0099, "ACME", create=True).add_new(0x01, "LO", "Muster")
    if pixels is not None:
        frames = pixels.ndim == 3
        dataset.Rows, dataset.Columns = pixels.shape[-2:]
        if frames:
            dataset.NumberOfFrames = len(pixels)
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
        dataset.PixelData = pixels.astype("<u2").tobytes()
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


def content(dataset: Dataset) -> bytes:
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def only(dataset: Dataset) -> np.ndarray:
    (picture,) = read_dicom(content(dataset), "a.dcm")
    return picture.pixels


def test_the_window_is_applied_as_the_standard_says() -> None:
    # PS3.3 C.11.2.1.2.1 with centre 2048, width 4096: the ramp runs from 0 to 4095
    pixels = only(dicom(WindowCenter=2048, WindowWidth=4096))
    np.testing.assert_array_equal(pixels, np.rint(RAMP / 4095 * 255).astype(np.uint8))
    narrow = only(dicom(WindowCenter=["100", "2000"], WindowWidth=["11", "4000"]))  # the first of several
    assert (narrow.ravel()[94], narrow.ravel()[105]) == (0, 255)


def test_without_a_window_the_values_are_stretched() -> None:
    pixels = only(dicom())
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_monochrome1_is_turned() -> None:
    plain, turned = only(dicom()), only(dicom(PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_array_equal(turned, 255 - plain)


def test_rescale_is_applied_before_the_window() -> None:
    shifted = only(dicom(RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=3096, WindowWidth=8192))
    np.testing.assert_array_equal(
        shifted, np.rint(np.clip((2.0 * RAMP + 1000 - 1000) / 8191, 0, 1) * 255).astype(np.uint8)
    )


def test_frames_are_pictures(tmp_path: Path) -> None:
    path = tmp_path / "cine.dcm"
    path.write_bytes(content(dicom(np.stack([RAMP, RAMP + 1, RAMP + 2]))))
    assert read_picture(path).name == "cine.dcm#2"


def test_frames_of_an_enhanced_file_have_their_own_rescale_and_window() -> None:
    def group(**elements: object) -> Dataset:
        dataset = Dataset()
        for name, value in elements.items():
            setattr(dataset, name, value)
        return dataset

    rescale = group(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")
    shared = group(PixelValueTransformationSequence=[rescale])
    windows = [group(WindowCenter=40, WindowWidth=401), group(WindowCenter=140, WindowWidth=401)]
    frames = [group(FrameVOILUTSequence=[window]) for window in windows]
    pixels = np.full((2, 8, 8), 1064)  # 40 after the rescale: the middle of the first window
    groups = {"SharedFunctionalGroupsSequence": [shared], "PerFrameFunctionalGroupsSequence": frames}
    first, second = read_dicom(content(dicom(pixels, **groups)), "a.dcm")
    assert (first.pixels[0, 0], second.pixels[0, 0]) == (128, 64)


def test_frames_without_a_window_are_stretched_alike_and_padding_counts_for_nothing() -> None:
    pixels = np.stack([RAMP[:8, :8] * scale for scale in (1, 2, 4)])
    pixels[:, 0, 0] = 60_000
    shown = [frame.pixels for frame in read_dicom(content(dicom(pixels, PixelPaddingValue=60_000)), "a.dcm")]
    assert [int(frame[7, 7]) for frame in shown] == [64, 127, 255]


def test_run_lengths_give_the_same_pixels() -> None:
    packed = dicom()
    packed.compress(RLELossless)
    np.testing.assert_array_equal(only(packed), only(dicom()))


@pytest.mark.parametrize(("kind", "syntax"), [("JPEG", JPEGBaseline8Bit), ("JPEG2000", JPEG2000)])
def test_compressed_files_are_decoded(kind: str, syntax: str) -> None:
    shades = (RAMP // 16).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(shades).save(stream, kind, **({"quality": 95} if kind == "JPEG" else {"no_jp2": True}))
    packed = dicom(BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=encapsulate([stream.getvalue()]))
    packed.file_meta.TransferSyntaxUID = syntax
    packed["PixelData"].VR = "OB"
    assert np.abs(only(packed).astype(int) - shades).max() <= 8


def test_nothing_that_identifies_is_kept(home: Path) -> None:
    (picture,) = read_dicom(content(dicom(MagneticFieldStrength=1.5)), "a.dcm")
    assert picture.facts == {
        "Modality": "MR",
        "PhotometricInterpretation": "MONOCHROME2",
        "MagneticFieldStrength": "1.5",
    }
    assert set(picture.facts) <= set(KEPT_ELEMENTS)
    told = f"{picture.facts} {picture.patient}"
    assert not any(secret in told for secret in ("Muster", "4711", "1970", "Anywhere", "20260101"))


def test_a_patient_has_one_pseudonym_here_and_another_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from foundation.data.dicom import _key

    _key.cache_clear()
    first = pseudonym("4711")
    assert first == pseudonym(" 4711 ") != pseudonym("4712")
    assert pseudonym("") == ""
    (home / "pseudonym.key").unlink()
    _key.cache_clear()
    assert pseudonym("4711") != first
    _key.cache_clear()


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (dicom(None), r"a DICOM file without pixels \(MR\)"),
        (dicom(BurnedInAnnotation="YES"), "text is burnt into its picture"),
        (dicom(Rows=30_000, Columns=30_000), "expected at most 50 megapixels"),
        (dicom(PixelData=b"\0" * 100), "its pixels cannot be decoded"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_line(dataset: Dataset, expected: str) -> None:
    with pytest.raises(InputError, match=expected) as told:
        list(read_dicom(content(dataset), "a.dcm"))
    assert "\n" not in str(told.value)


def test_colours_of_sixteen_bits_and_of_a_palette() -> None:
    colours = np.stack([RAMP, RAMP[::-1], RAMP.T], axis=-1).astype(np.uint16) * 15  # up to 61,425 of 65,535
    wide = dicom(colours[..., 0], SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    wide.PixelData = colours.astype("<u2").tobytes()
    np.testing.assert_array_equal(only(wide), np.rint(colours / 65535 * 255).astype(np.uint8))

    index = (RAMP % 4).astype(np.uint16)
    palette = dicom(index, PhotometricInterpretation="PALETTE COLOR")
    entries = {"Red": [0, 65535, 0, 0], "Green": [0, 0, 65535, 0], "Blue": [0, 0, 0, 65535]}
    for name, values in entries.items():
        setattr(palette, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 16])
        setattr(palette, f"{name}PaletteColorLookupTableData", np.array(values, dtype="<u2").tobytes())
    expected = np.stack([np.take(values, index) // 257 for values in entries.values()], axis=-1)
    np.testing.assert_array_equal(only(palette), expected)


def test_broken_bytes_are_one_line() -> None:
    whole, generator = content(dicom(BurnedInAnnotation="NO")), np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(whole)
        for at in generator.integers(132, 700, 4):
            broken[at] = generator.integers(256)
        try:
            list(read_dicom(bytes(broken), "a.dcm"))
        except InputError:
            continue


def test_what_is_deflated_as_a_whole_is_not_unpacked() -> None:
    dataset = dicom()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    with pytest.raises(InputError, match="deflated as a whole"):
        list(read_dicom(content(dataset), "a.dcm"))


def test_a_file_without_a_suffix_is_found_by_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "IM000001").write_bytes(content(dicom()))
    (tmp_path / "1.2.840.7").write_bytes(content(dicom()))
    (tmp_path / "LICENSE").write_text("not a picture")
    found = [str(name) for name, pictures in walk_pictures(tmp_path) if not isinstance(pictures, RefusedError)]
    assert found == ["1.2.840.7", "IM000001"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in (*found, "LICENSE"):
            archive.write(tmp_path / name, f"study/{name}")
    assert [name.name for name, _ in read_archive(tmp_path / "all.zip")] == found
