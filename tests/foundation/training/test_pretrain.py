from dataclasses import replace

import numpy as np
import pytest

from foundation.errors import InputError
from foundation.training.method import TrainingJob
from foundation.training.pretrain import Pretrain
from foundation.training.probe import Probe

SUBJECTS = ["profit", "sales", "margin", "orders", "loss", "debt", "cash", "rates"]
TEXTS = [f"{subject} {verb} again" for subject in SUBJECTS for verb in ("rose", "fell", "grew", "shrank", "held")] * 2
TEXTS = [f"{text} {number}" for number, text in enumerate(TEXTS)]


def test_hidden_words_are_guessed_better_with_every_epoch(job: TrainingJob) -> None:
    history = Pretrain(epochs=4, learning_rate=2e-2).fit(job.encoder, TEXTS).history
    assert [epoch["epoch"] for epoch in history] == [1, 2, 3, 4]
    assert history[-1]["dev_loss"] < 0.97 * history[0]["dev_loss"]  # a vocabulary of letters leaves little to learn


def test_it_leaves_the_shared_encoder_alone_and_is_part_of_a_runs_name(job: TrainingJob) -> None:
    before = job.encoder.pooled(TEXTS[:3])
    tuned = Pretrain(epochs=1).fit(job.encoder, TEXTS).encoder
    np.testing.assert_array_equal(job.encoder.pooled(TEXTS[:3]), before)
    assert tuned.content_sha256() != job.encoder.content_sha256()
    assert Probe().fit(replace(job, encoder=tuned)).network.encoder is tuned


def test_too_few_texts(job: TrainingJob) -> None:
    with pytest.raises(InputError, match="got 2 distinct unlabelled texts; expected 50 or more"):
        Pretrain().fit(job.encoder, ["a", "a", "b", " "])
