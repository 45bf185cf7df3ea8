"""A scikit-learn classifier whose input is texts."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sklearn.utils import Tags

from foundation.errors import InputError
from foundation.pairs import split_pair
from foundation.progress import Listener, silent
from foundation.rows import RowEncoder
from foundation.text.backbone import DEFAULT_BACKBONE
from foundation.text.encoder import TextEncoder, load_encoder
from foundation.text.figures import compare_figures
from foundation.text.pairs import PairEncoder
from foundation.training.encoder_classifier import EncoderClassifier
from foundation.training.method import Method, Modality

__all__ = ["PairClassifier", "RowClassifier", "TextClassifier"]


class TextClassifier(EncoderClassifier):
    """Classify texts with an encoder and a head, fitted by the method of your choice.

    Parameters
    ----------
    backbone : str
        A known backbone, a local folder or a Hub id.
    method : str or Method
        ``"probe"``, ``"full"``, or a configured method such as ``Full(epochs=3)``.
    class_weight : {"auto", "balanced", None}
        ``"balanced"`` weighs classes inversely to their frequency, ``"auto"`` leaves it to the method.
    seed : int
        The same seed, data and machine give the same figures.
    listener : Listener
        Told how the fit goes on.
    figures : bool
        Whether compared figures are said in a word before a text is read (``foundation.text.figures``).
    encoder : TextEncoder, optional
        What training starts from in place of the backbone as it was released: one that was tuned before.

    Examples
    --------
    >>> model = TextClassifier(method="probe")
    >>> model.fit(["profit rose", "profit fell"] * 8, ["good", "bad"] * 8)  # doctest: +SKIP
    >>> model.predict(["sales rose"])  # doctest: +SKIP
    array(['good'], dtype='<U4')
    """

    modality: ClassVar = Modality.TEXT

    def __init__(
        self,
        backbone: str = DEFAULT_BACKBONE,
        method: str | Method = "probe",
        class_weight: str | None = "auto",
        seed: int = 0,
        listener: Listener = silent,
        *,
        figures: bool = False,
        encoder: TextEncoder | None = None,
    ) -> None:
        self.backbone = backbone
        self.method = method
        self.class_weight = class_weight
        self.seed = seed
        self.listener = listener
        self.figures = figures
        self.encoder = encoder

    def _encoder(self, unlabelled: Sequence[str]) -> Any:
        encoder = load_encoder(self.backbone) if self.encoder is None else self.encoder
        if not len(unlabelled):
            return encoder
        from foundation.training.pretrain import Pretrain

        return Pretrain().fit(encoder, self._checked(unlabelled), self.seed, self.listener).encoder

    def _checked(self, items: Sequence[Any]) -> list[str]:
        texts = list(items)
        wrong = next((at for at, value in enumerate(texts) if not isinstance(value, str)), None)
        if wrong is not None:
            kind = type(texts[wrong]).__name__
            raise InputError(f"text {wrong} is of type {kind}, expected str; choose the column that holds the texts")
        return [compare_figures(text) for text in texts] if self.figures else texts

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        return tags


class PairClassifier(TextClassifier):
    r"""Tell pairs of texts that mean the same from others (``foundation.pairs``); parameters as of ``TextClassifier``.

    Examples
    --------
    >>> model = PairClassifier(method="full")
    >>> model.fit(["where is it\ntrack a parcel", "where is it\nopening hours"] * 8, ["1", "0"] * 8)  # doctest: +SKIP
    """

    modality: ClassVar = Modality.PAIR

    def _encoder(self, unlabelled: Sequence[str]) -> PairEncoder:
        return PairEncoder(super()._encoder([text for pair in unlabelled for text in split_pair(pair)]))

    def _checked(self, items: Sequence[Any]) -> list[str]:
        pairs = super()._checked(items)
        for pair in pairs:
            split_pair(pair)
        return pairs


class RowClassifier(TextClassifier):
    """Classify rows of a table (``foundation.rows``); parameters as of ``TextClassifier``, of which none is a backbone.

    Examples
    --------
    >>> model = RowClassifier(method="trees")
    >>> model.fit(['{"amount": "1"}', '{"amount": "9"}'] * 20, ["small", "large"] * 20)  # doctest: +SKIP
    """

    modality: ClassVar = Modality.ROW

    def _encoder(self, unlabelled: Sequence[str]) -> RowEncoder:
        return RowEncoder()
