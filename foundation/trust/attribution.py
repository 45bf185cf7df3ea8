"""Where a network looked, and whether the heat map can be believed.

Two maps by captum: Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) in its form that multiplies gradient and
activation place by place (HiResCAM: Draelos, Carin 2020, arXiv:2011.08891), since one weight a channel pointed beside
the lesions of the phantom; and integrated gradients (Sundararajan et al. 2017, arXiv:1703.01365). Each comes with its
deletion and insertion scores (Petsiuk et al. 2018, arXiv:1806.07421) and with its likeness to the map of a network of
random weights, which says nothing: a map that looks like that one shows the picture and not the model (Adebayo et al.
2018, arXiv:1810.03292).
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr
from torch import nn

from foundation.network import Network
from foundation.vision.encoder import ImageEncoder, Pixels, squared
from foundation.vision.ensemble import Ensemble

__all__ = ["Attribution", "Attributor", "MapKind"]

_STEPS = 12
_IG_STEPS = 12
# Single pixels of integrated gradients are noise to an eye; smoothed over about a fiftieth of the side they are a map.
_SMOOTHING = 0.02
_SEED = 0


class MapKind(str, Enum):
    """The maps of this release."""

    GRAD_CAM = "grad_cam"
    INTEGRATED_GRADIENTS = "integrated_gradients"


@dataclass(frozen=True, eq=False)
class Attribution:
    """A heat map and what it is worth.

    Attributes
    ----------
    kind : MapKind
    heat : ndarray, shape (size, size), 0 to 1
        Over the square that the network read.
    deletion : float, 0 to 1
        Mean probability of the class while the hottest pixels are covered with grey first: low is good.
    insertion : float, 0 to 1
        The same while they come back first: high is good.
    random_likeness : float, -1 to 1
        Rank correlation with the map of a network of random weights: near 0 is good.
    """

    kind: MapKind
    heat: NDArray[np.float64]
    deletion: float
    insertion: float
    random_likeness: float


class Attributor:
    """Makes heat maps for one network.

    Parameters
    ----------
    network : Network of ImageEncoder
    temperature : float
        Of its calibration.
    """

    def __init__(self, network: Network[ImageEncoder], temperature: float = 1.0) -> None:
        self.network = network
        self._model = _Logits(network, temperature).eval()

    def explain(self, image: Pixels, target: int, kind: MapKind = MapKind.GRAD_CAM) -> Attribution:
        """Return the map of what speaks for a class.

        Parameters
        ----------
        image : Pixels
        target : int
            Index of the class.
        kind : MapKind
        """
        square = squared(image, self.network.encoder.preparation.size)
        heat = self._heat(self._model, square, target, kind)
        random = self._heat(self._random_model, square, target, kind)
        likeness = spearmanr(heat.ravel(), random.ravel()).statistic if random.std() and heat.std() else 0.0
        deletion, insertion = self._faithfulness(square, heat, target)
        return Attribution(kind, heat, deletion, insertion, float(likeness))

    def _heat(self, model: "_Logits", square: Pixels, target: int, kind: MapKind) -> NDArray[np.float64]:
        from captum.attr import IntegratedGradients, LayerGradientXActivation

        inputs = self.network.encoder.scaled(square[None])
        if kind is MapKind.GRAD_CAM:
            maps = LayerGradientXActivation(model, model.looks_at()).attribute(inputs, target=target)
            towards = sum(each.detach().sum(dim=1, keepdim=True) for each in maps).clamp(min=0)
            wide = nn.functional.interpolate(towards, size=square.shape[:2], mode="bilinear")
            return _to_unit(wide[0, 0].double().numpy())
        black = self.network.encoder.scaled(np.zeros_like(square)[None])
        maps = IntegratedGradients(model).attribute(inputs, black, target=target, n_steps=_IG_STEPS)
        strength = maps.detach()[0].sum(dim=0).clamp(min=0).double().numpy()
        return _to_unit(gaussian_filter(strength, _SMOOTHING * len(strength)))

    def _faithfulness(self, square: Pixels, heat: NDArray[np.float64], target: int) -> tuple[float, float]:
        """Cover the hottest pixels in steps, and uncover them in steps; return the mean probabilities.

        They are covered with the picture's mean: blurring, which is usual for photos, makes a new soft spot, and that
        is just what a network takes for a finding.
        """
        size = len(square)
        covered = np.full_like(square, round(float(square.mean())))
        hottest = np.argsort(-heat.ravel(), kind="stable")
        cut, shown = [], []
        for share in np.linspace(0, 1, _STEPS):
            hot = np.zeros(size * size, dtype=bool)
            hot[hottest[: round(share * size * size)]] = True
            mask = hot.reshape(size, size, 1)
            cut.append(np.where(mask, covered, square))
            shown.append(np.where(mask, square, covered))
        with torch.inference_mode():
            chances = self._model(self.network.encoder.scaled(np.stack(cut + shown))).softmax(dim=1)[:, target]
        return float(chances[:_STEPS].mean()), float(chances[_STEPS:].mean())

    @cached_property
    def _random_model(self) -> "_Logits":
        encoder = self.network.encoder.tunable_copy()
        generator = torch.Generator().manual_seed(_SEED)
        for layer in encoder.network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                spread = float(layer.weight.detach().std()) or 1.0
                layer.weight.data.normal_(0, spread, generator=generator)
        encoder.network.eval().requires_grad_(False)
        weight = torch.randn(self.network.weight.shape, generator=generator).numpy()
        return _Logits(Network(encoder, weight, self.network.bias), 1.0).eval()


class _Logits(nn.Module):
    """From normalised images to calibrated logits: encoder, unit vector, head."""

    def __init__(self, network: Network[ImageEncoder], temperature: float) -> None:
        super().__init__()
        self.network: Any = network.encoder.network
        self.register_buffer("weight", torch.from_numpy(np.ascontiguousarray(network.weight)) / temperature)
        self.register_buffer("bias", torch.from_numpy(np.ascontiguousarray(network.bias)) / temperature)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        vectors = nn.functional.normalize(self.network(images).mean(dim=(2, 3)), dim=1)
        logits: torch.Tensor = vectors @ self.get_buffer("weight").T + self.get_buffer("bias")
        return logits

    def looks_at(self) -> list[nn.Module]:
        """Return each member's layer whose maps are fine enough to point: the last at a sixteenth of the side."""
        members: list[Any] = list(self.network.members) if isinstance(self.network, Ensemble) else [self.network]
        return [member.blocks[10] if hasattr(member, "blocks") else member for member in members]


def _to_unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    unit: NDArray[np.float64] = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return unit
