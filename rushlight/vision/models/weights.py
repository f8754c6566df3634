"""What the model functions do with ``weights`` and ``pretrained``."""

from __future__ import annotations

from rushlight.base.warn import warn


def no_weights(name: str, weights: object, pretrained: object = None) -> None:
    """Raise NotImplementedError if trained weights are asked for: they are not downloaded here."""
    if pretrained is not None:
        warn(
            "The parameter 'pretrained' is deprecated since torchvision 0.13, please use 'weights' "
            "instead.",
            UserWarning,
        )
    if weights is not None or pretrained:
        raise NotImplementedError(
            f"{name}: trained weights are not downloaded. Make the model without, then "
            "model.load_state_dict(torch.load(FILE)) with torchvision's .pth file"
        )
