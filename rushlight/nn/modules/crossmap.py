"""CrossMapLRN2d: local response normalisation over channels, as Torch 7 had it."""

from __future__ import annotations

from typing import Any

from rushlight.autograd import Function
from rushlight.nn import functional as F
from rushlight.nn.modules.module import Module
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor import Tensor


def _window_sums(x: Tensor, before: int, after: int) -> Tensor:
    """For each channel the sum over those from ``before`` places before to ``after`` behind it."""
    channels = x.shape[1]
    wide = F.pad(x, (0, 0, 0, 0, before, after))
    total = wide[:, :channels]
    for step in range(1, before + after + 1):
        total = total + wide[:, step : step + channels]
    return total


class CrossMapLRN2dFunction(Function):
    """x * scale**-beta, and its gradient, both with the windows that PyTorch uses.

    Its running sum never gives the first channel back, and its backward pass looks at channels
    further before than behind: neither is the other's derivative, and both are kept.
    """

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, input: Tensor, size: int, alpha: float, beta: float, k: float
    ) -> Tensor:
        if not (input.is_floating_point() or input.is_complex()):
            raise RuntimeError(
                "CrossMapLRN2d: result type Float can't be cast to the desired output type "
                f"{legacy_name(input.dtype)}; give it real numbers"
            )
        reach = int((size - 1) / 2 + 1)
        squares = input * input
        energy = _window_sums(squares, reach - 1, reach - 1)
        if input.shape[1] > reach:
            kept = squares[:, :1].expand(-1, input.shape[1] - reach, -1, -1)
            energy = energy + F.pad(kept, (0, 0, 0, 0, reach, 0))
        scale = energy * (alpha / size) + k
        output = (input * scale**-beta).contiguous()
        ctx.size, ctx.alpha, ctx.beta = size, alpha, beta
        ctx.save_for_backward(input, output, scale)
        return output

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:  # type: ignore[override]
        input, output, scale = ctx.saved_tensors
        before = int(ctx.size - (ctx.size - 1) / 2)
        ratios = _window_sums(grad * output / scale, before, ctx.size - 1 - before)
        factor = 2 * ctx.alpha * ctx.beta / ctx.size
        result = grad * scale**-ctx.beta - factor * input * ratios
        return result, None, None, None, None


class CrossMapLRN2d(Module):
    """Divide by the energy of neighbouring channels. Shape (N, C, H, W) -> the same."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        out: Tensor = CrossMapLRN2dFunction.apply(input, self.size, self.alpha, self.beta, self.k)
        return out

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
