from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from foundation.data.image_tables import ImageTable
from foundation.data.splits import Split
from solutions.medical.phantom import KINDS, phantom_patients
from solutions.medical.pipeline import Medical


def test_a_patient_is_the_same_every_time_and_does_not_depend_on_the_others() -> None:
    first, again = list(phantom_patients(range(3))), list(phantom_patients(range(2)))
    for patient, other in zip(first, again, strict=False):
        for part, same in zip(patient, other, strict=True):
            np.testing.assert_array_equal(part.pixels, same.pixels)
    assert not np.array_equal(first[0][0].pixels, first[1][0].pixels)


def test_it_is_what_its_card_promises(home: Path) -> None:
    table = Medical.card_table("phantom", "image")
    assert isinstance(table, ImageTable)
    assert table.frame.groupby("patient")["split"].nunique().max() == 1
    assert set(table.frame["kind"]) == {*KINDS, "none"}
    assert set(table.frame["scanner"]) == {"A", "B", "C"}
    assert 0.4 < (table.frame["label"] == "lesion").mean() < 0.6
    assert len(table.part(Split.TEST)[0]) >= 300
    assert table.columns.negative == "no_lesion"


def test_a_linear_model_on_pixels_fails(home: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = Medical.card_table("phantom", "image")
    parts = {split: table.part(split) for split in (Split.TRAIN, Split.TEST)}
    pixels = {split: np.stack(images).reshape(len(images), -1) for split, (images, _) in parts.items()}
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-4, max_iter=300))
    model.fit(pixels[Split.TRAIN], parts[Split.TRAIN][1])
    truth = np.array(parts[Split.TEST][1]) == "no_lesion"
    assert roc_auc_score(truth, model.decision_function(pixels[Split.TEST])) <= 0.75


def test_what_is_written_says_its_hash(home: Path) -> None:
    Medical.card_table("phantom", "image")
    folder = home / "datasets" / "phantom"
    listed = pd.read_csv(folder / "labels.csv")
    assert len(listed) == len(list((folder / "images").iterdir()))
    image = np.asarray(Image.open(folder / listed["file"][0]))
    assert sha256(image.tobytes()).hexdigest() == listed["pixels_sha256"][0]
