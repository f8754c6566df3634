"""Gradient clipping, by the norm of all gradients together or by value."""

from __future__ import annotations

from collections.abc import Iterable
from types import GeneratorType

from rushlight.autograd import no_grad
from rushlight.base.warn import warn
from rushlight.ops import clip  # noqa: F401  puts its operations into the op table
from rushlight.tensor import Tensor, tensor
from rushlight.tensor.wrap import function

_total_norm = function("_total_norm")
_scale_to_norm = function("_scale_to_norm")


def _listed(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def _parameters(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    listed = _listed(parameters)
    if not listed and isinstance(parameters, GeneratorType):
        warn(
            "`parameters` is an empty generator, no gradient clipping will occur.",
        )
    return listed


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [each.grad for each in parameters if each.grad is not None]


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all ``tensors`` together: 0-d. ``foreach`` is accepted.

    ``error_if_nonfinite``: raise RuntimeError for inf and nan, which waits for the value.
    """
    listed = _listed(tensors)
    if not listed:
        return tensor(0.0)
    total: Tensor = _total_norm(listed, float(norm_type))
    if error_if_nonfinite and not total.isfinite():
        raise RuntimeError(
            f"The total norm of order {float(norm_type)} for gradients from `parameters` is "
            "non-finite, so it cannot be clipped. To disable this error and scale the gradients by "
            "the non-finite norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,
) -> None:
    """Scale the gradients by max_norm / total_norm where that is below 1."""
    grads = _gradients(_listed(parameters))
    if grads:
        with no_grad():
            for grad, scaled in zip(
                grads, _scale_to_norm(grads, total_norm, float(max_norm)), strict=True
            ):
                grad._replace_(scaled)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients so that their joint norm is at most ``max_norm``. Returns the norm."""
    listed, max_norm = _parameters(parameters), float(max_norm)
    with no_grad():
        total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The old spelling of clip_grad_norm_."""
    warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of "
        "`torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None
) -> None:
    """Hold every element of the gradients in [-clip_value, clip_value]."""
    bound = float(clip_value)
    with no_grad():
        for grad in _gradients(_parameters(parameters)):
            grad.clamp_(-bound, bound)
