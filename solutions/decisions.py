"""What a classifier's probabilities say, as decisions."""

from typing import TYPE_CHECKING

from solutions.base import Decision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from foundation.bundle import Bundle

__all__ = ["decide"]


def decide(bundle: "Bundle", probabilities: "NDArray[np.float64]", threshold: float | None = None) -> list[Decision]:
    """Return a decision a row.

    Parameters
    ----------
    bundle : Bundle
        Whose labels and calibration hold.
    probabilities : ndarray, shape (n, labels)
    threshold : float, optional
        Least confidence with which an answer is given; the bundle's own where it is left out.
    """
    least = bundle.calibration.threshold if threshold is None else threshold
    return [
        Decision(
            label=bundle.labels[row.argmax()],
            confidence=float(row.max()),
            abstained=bool(row.max() < least),
            probabilities=dict(zip(bundle.labels, row.tolist(), strict=True)),
            model=bundle.record.id,
        )
        for row in probabilities
    ]
