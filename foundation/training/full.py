"""``full``: every layer of the encoder is trained."""

from dataclasses import dataclass

from foundation.text.encoder import TextEncoder
from foundation.training.activations import transformer_layers
from foundation.training.finetuning import FineTuning
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
        tuned = job.encoder.tunable_copy()
        tuned.model.requires_grad_(False)
        for layer in transformer_layers(tuned)[self.frozen_layers :]:
            layer.requires_grad_(True)
        return tuned
