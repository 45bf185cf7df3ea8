from pathlib import Path

import numpy as np
import pytest

from foundation.text.encoder import load_encoder
from foundation.training.method import Labelled, TrainingJob

GOOD = ["profit rose", "sales up", "利润上升", "营收增长", "orders grew", "margin up", "gain", "record sales"]
BAD = ["profit fell", "sales down", "利润下降", "公司亏损", "orders shrank", "margin down", "loss", "weak sales"]


@pytest.fixture
def job(tiny_backbone: Path, home: Path) -> TrainingJob:
    """Eight good and eight bad texts, of which four are held out."""
    train = Labelled(GOOD[:6] + BAD[:6], np.repeat([0, 1], 6))
    dev = Labelled(GOOD[6:] + BAD[6:], np.repeat([0, 1], 2))
    return TrainingJob(load_encoder(str(tiny_backbone)), train, dev, np.ones(2), ("good", "bad"), seed=7)
