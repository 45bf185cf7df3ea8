"""What reviewers said of answers: agreed, or what it should have been. Pictures and names are not kept.

A row knows its picture by the hash of the pixels, so that a client who has the picture can find it again and nobody
else can; the note is masked as everything is that a person types.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Self

import numpy as np
import sqlalchemy as sql
from numpy.typing import NDArray

from foundation.settings import settings
from foundation.store import Store, log_table, now
from foundation.trust.personal import mask_personal_data
from solutions.medical.schema import MedicalResponse

__all__ = ["Reviews"]

METADATA = sql.MetaData()
reviews = log_table(
    "reviews",
    METADATA,
    sql.Column("picture_sha256", sql.String(64), nullable=False, index=True),
    sql.Column("model", sql.String(64), nullable=False),
    sql.Column("answered", sql.String(64), nullable=False),
    sql.Column("confidence", sql.Float, nullable=False),
    sql.Column("referred", sql.String(255), nullable=False),
    sql.Column("label", sql.String(64), nullable=False),
    sql.Column("note", sql.Text, nullable=False),
)


class Reviews(Store):
    """The reviews of this installation.

    Parameters
    ----------
    url : str
        See ``Store``.
    """

    metadata = METADATA

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """Open the file in ``COLONNADE_HOME``, and close it again."""
        store = cls.at(settings().home / "reviews.db")
        try:
            yield store
        finally:
            store.engine.dispose()

    def add(self, pixels: NDArray[np.uint8], response: MedicalResponse, label: str, note: str = "") -> bool:
        """Keep a review, and tell whether the reviewer agreed.

        Parameters
        ----------
        pixels : ndarray of uint8
            Of the picture as it was answered; only its hash is kept.
        response : MedicalResponse
        label : str
            What the reviewer says that it shows.
        note : str
            Personal data in it is masked.
        """
        row = {
            "at": now(),
            "picture_sha256": sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest(),
            "model": response.model,
            "answered": response.finding.label,
            "confidence": response.confidence,
            "referred": " ".join(referral.value for referral in response.referrals),
            "label": label,
            "note": mask_personal_data(note.strip()),
        }
        with self.begin() as run:
            run.execute(reviews.insert().values(row))
        return label == response.finding.label

    def all(self) -> list[dict[str, object]]:
        """Return every review, the oldest first: labels to learn from at the next training."""
        with self.begin() as run:
            return [dict(row._mapping) for row in run.execute(reviews.select().order_by(reviews.c.id))]
