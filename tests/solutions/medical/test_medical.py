import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw, ImageFont

from foundation.data.pictures import Picture, picture_sha256
from foundation.data.splits import Split
from foundation.data.tables import read_table
from foundation.errors import InputError
from foundation.settings import settings
from foundation.trust.attribution import MapKind
from solutions.batch import predict_file
from solutions.medical.pipeline import Medical
from solutions.medical.reviews import Reviews
from solutions.medical.schema import MedicalRequest, Referral

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def medical(trained_home: Path) -> Iterator[Medical]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLONNADE_HOME", str(trained_home))
        settings.cache_clear()
        yield Medical.load()
    settings.cache_clear()


@pytest.fixture(scope="module")
def slices(medical: Medical) -> list[np.ndarray]:
    return medical.card_table("phantom", "image").part(Split.TEST)[0]


def asked(*images: np.ndarray) -> list[MedicalRequest]:
    return [MedicalRequest(Picture(image, f"{at}.png")) for at, image in enumerate(images)]


def test_what_is_not_referred_is_right(medical: Medical) -> None:
    images, labels = medical.card_table("phantom", "image").part(Split.TEST)
    answers = medical.predict(asked(*images))
    given = [
        (answer.finding.label, label) for answer, label in zip(answers, labels, strict=True) if not answer.referrals
    ]
    assert len(given) > len(images) / 4
    assert np.mean([answer == label for answer, label in given]) > 0.93


def test_other_pictures_are_refused_with_a_reason(medical: Medical) -> None:
    generator = np.random.default_rng(0)
    photo = generator.integers(0, 255, (80, 80, 3), dtype=np.uint8)
    blank = np.full((96, 96), 7, dtype=np.uint8)
    noise = generator.integers(0, 255, (96, 96), dtype=np.uint8)
    reasons = [answer.referrals for answer in medical.predict(asked(photo, blank, noise))]
    assert reasons == [(Referral.COLOUR,), (Referral.BLANK,), (Referral.UNLIKE,)]
    row = Medical.row(medical.predict(asked(photo))[0])
    assert (row["image_class"], row["confidence"], row["possible"], row["referred_because"]) == (None,) * 3 + (
        "colour",
    )


def test_the_set_decides_on_referral(medical: Medical, slices: list[np.ndarray]) -> None:
    for answer in medical.predict(asked(*slices[:80])):
        if answer.refused:
            continue
        assert (Referral.SEVERAL in answer.referrals) == (len(answer.possible) > 1)
        assert (Referral.UNSURE in answer.referrals) == (answer.confidence < medical.threshold)
    calibration = medical.bundle.calibration
    assert (calibration.risk, medical.threshold) == (0.05, calibration.dial["0.05"])


def test_letters_in_a_picture_are_told(medical: Medical, slices: list[np.ndarray], tmp_path: Path) -> None:
    image = Image.fromarray(slices[0]).resize((512, 512))
    ImageDraw.Draw(image).text((8, 8), "DOE JOHN 1956-03-12", fill=255, font=ImageFont.load_default(16))
    image.save(tmp_path / "named.png")
    (answer,) = medical.predict([medical.request({"image": str(tmp_path / "named.png")})])
    assert answer.referrals[-1] is Referral.LETTERING
    assert medical.row(answer)["referred_because"].endswith("lettering")


def test_more_sensitivity_calls_more_positive(medical: Medical) -> None:
    points = [medical.operating_point(share) for share in (0.8, 0.9, 0.99)]
    assert [point.threshold for point in points if point] == sorted([p.threshold for p in points if p], reverse=True)
    assert all(point and point.sensitivity[0] >= share for point, share in zip(points, (0.8, 0.9, 0.99), strict=True))


def test_heat_maps_come_with_their_worth(medical: Medical, slices: list[np.ndarray]) -> None:
    (answer,) = medical.predict(asked(slices[0]))
    maps = medical.explain_picture(Picture(slices[0], "a.png"), answer)
    assert [each.kind for each in maps] == list(MapKind)
    for each in maps:
        assert each.heat.shape == (96, 96)
        assert 0 <= each.deletion <= 1
        assert 0 <= each.insertion <= 1
        assert abs(each.random_likeness) < 0.9


def test_a_folder_goes_on_past_bad_files(medical: Medical, slices: list[np.ndarray], tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    for at, image in enumerate(slices[:3]):
        Image.fromarray(image).save(folder / f"{at}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 broken")
    outcome = predict_file(medical, folder, tmp_path / "out.csv", mapping={})
    assert (outcome.answered, outcome.refused) == (3, 1)
    assert "broken.jpg is" in outcome.first_refusal
    written = pd.read_csv(tmp_path / "out.csv")
    assert set(written.columns) >= {"image", "image_class", "confidence", "possible", "referred", "error"}
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="holds no pictures; expected"):
        predict_file(medical, tmp_path / "nothing", tmp_path / "x.csv", mapping={})
    with pytest.raises(InputError, match="nowhere does not exist; expected pictures"):
        predict_file(medical, tmp_path / "nowhere", tmp_path / "x.csv", mapping={})


@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
def test_each_slice_of_a_file_in_an_archive_is_answered(
    medical: Medical, slices: list[np.ndarray], tmp_path: Path, kind: str
) -> None:
    pages = [Image.fromarray(image) for image in slices[:3]]
    pages[0].save(tmp_path / "volume.tif", save_all=True, append_images=pages[1:])
    with ZipFile(tmp_path / "study.zip", "w") as archive:
        archive.write(tmp_path / "volume.tif", "ward/volume.tif")
        archive.writestr("ward/broken.png", b"\x89PNG\r\n\x1a\n broken")
    study, alone = tmp_path / "study.zip", tmp_path / "volume.tif"
    outcome = predict_file(medical, study, tmp_path / f"study{kind}", mapping={})
    assert (outcome.answered, outcome.refused) == (3, 1)
    assert "broken.png is" in outcome.first_refusal
    predict_file(medical, alone, tmp_path / f"alone{kind}", mapping={})
    of_study, of_file = read_table(tmp_path / f"study{kind}"), read_table(tmp_path / f"alone{kind}")
    names = [f"{study}/ward/volume.tif#{number}" for number in (1, 2, 3)]
    assert of_study["image"].tolist() == [*names, f"{study}/ward/broken.png"]
    assert of_file["image"].tolist() == [f"{alone}#{number}" for number in (1, 2, 3)]
    assert of_file["finding_probability"].tolist() == of_study["finding_probability"].tolist()[:3]
    assert len(set(of_file["finding_probability"])) == 3


def test_reviews_keep_no_picture_and_no_name(medical: Medical, slices: list[np.ndarray], tmp_path: Path) -> None:
    (answer,) = medical.predict(asked(slices[0]))
    reviews = Reviews.at(tmp_path / "reviews.db")
    assert reviews.add(slices[0], answer, answer.finding.label, "Kim")
    other = next(label for label in medical.bundle.labels if label != answer.finding.label)
    assert not reviews.add(slices[0], answer, other, "Kim, kim@example.com", "call me on erika@example.com")
    kept = reviews.latest()
    assert kept["label"].tolist() == [other], "of one picture the latest word counts"
    assert kept["picture_sha256"].tolist() == [picture_sha256(slices[0])]
    with pytest.raises(InputError, match="nobody is named"):
        reviews.add(slices[0], answer, other, " ")
    reviews.engine.dispose()
    with closing(sqlite3.connect(tmp_path / "reviews.db")) as file:
        everything = str(list(file.execute("select * from reviews")))
    assert "@example.com" not in everything
    assert len(everything) < 2_000


def test_memory_does_not_grow_with_the_batch(medical: Medical, slices: list[np.ndarray]) -> None:
    """A thousand pictures in blocks: what stays is the answers."""
    import tracemalloc

    def answered(count: int) -> int:
        tracemalloc.start()
        for at in range(0, count, 50):
            medical.predict(asked(*slices[at % 200 : at % 200 + 50]))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    answered(50)
    assert answered(1000) < 1.5 * answered(100) + 5_000_000


def test_a_16_bit_picture_is_as_good(medical: Medical, slices: list[np.ndarray], tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray(slices[0].astype(np.uint16) * 257).save(stream, "PNG")
    (tmp_path / "deep.png").write_bytes(stream.getvalue())
    deep = medical.request({"image": str(tmp_path / "deep.png")})
    first, second = medical.predict([deep, *asked(slices[0])])
    assert first.confidence == pytest.approx(second.confidence, abs=0.02)
