"""What reviewers said of answers: agreed, or what it should have been. No picture is kept.

A row knows its picture by the hash of the pixels, so that a client who has the picture can find it again and nobody
else can; in the note numbers and addresses are masked as in everything that a person types, and names are not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import numpy as np
import pandas as pd
import sqlalchemy as sql
from numpy.typing import NDArray

from foundation.data.pictures import picture_sha256
from foundation.errors import InputError
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
    sql.Column("who", sql.String(64), nullable=False),
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
        store = cls.at(settings().said_in("reviews.db"))
        try:
            yield store
        finally:
            store.engine.dispose()

    def add(self, pixels: NDArray[np.uint8], response: MedicalResponse, label: str, who: str, note: str = "") -> bool:
        """Keep a review, and tell whether the reviewer agreed.

        Parameters
        ----------
        pixels : ndarray of uint8
            Of the picture as it was answered; only its hash is kept.
        response : MedicalResponse
        label : str
            What the reviewer says that it shows.
        who : str
            The reviewer, since a model may learn from it.
        note : str
            Personal data in it is masked.

        Raises
        ------
        InputError
            No class is chosen, or nobody is named.
        """
        if not label:
            raise InputError("no class is chosen; choose what the picture shows")
        if not who.strip():
            raise InputError("nobody is named; write who says so, because a model will learn from it")
        row = {
            "at": now(),
            "picture_sha256": picture_sha256(pixels),
            "model": response.model,
            "answered": response.finding.label,
            "confidence": response.confidence,
            "referred": " ".join(referral.value for referral in response.referrals),
            "label": label,
            "who": mask_personal_data(who.strip())[:64],
            "note": mask_personal_data(note.strip()),
        }
        with self.begin() as run:
            run.execute(reviews.insert().values(row))
        return label == response.finding.label

    def latest(self) -> pd.DataFrame:
        """Return ``picture_sha256``, ``label``, ``who`` and ``at``, each picture once with its latest label."""
        newest = sql.select(sql.func.max(reviews.c.id)).group_by(reviews.c.picture_sha256)
        columns = [reviews.c[name] for name in ("picture_sha256", "label", "who", "at")]
        wanted = sql.select(*columns).where(reviews.c.id.in_(newest)).order_by(reviews.c.id)
        with self.begin() as run:
            rows = [tuple(row) for row in run.execute(wanted)]
        return pd.DataFrame(rows, columns=[column.name for column in columns])
