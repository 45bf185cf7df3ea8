"""``full``: every layer of the encoder is trained."""

from dataclasses import dataclass

from foundation.text.encoder import TextEncoder
from foundation.training.finetuning import FineTuning, trainable_copy
from foundation.training.method import TrainingJob

__all__ = ["Full"]


@dataclass(frozen=True)
class Full(FineTuning):
    """Fine-tuning of all layers above ``frozen_layers``, with layer-wise learning-rate decay.

    Examples
    --------
    >>> Full(epochs=3).needs_dev
    True
    """

    def _tunable(self, job: TrainingJob[TextEncoder]) -> TextEncoder:
        return trainable_copy(job.encoder, self.frozen_layers)
