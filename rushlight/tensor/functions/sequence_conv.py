"""torch.conv_tbc: a convolution along time with time first."""

from __future__ import annotations

from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(functional=True)
def conv_tbc(input: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    """(T, N, C) x (R, C, K) -> (T', N, K), ``pad`` zeros at both ends of T."""
    if input.ndim != 3:
        raise RuntimeError(
            "Input must have 3 dims: time, batch, in_channel, but got "
            f"{input.ndim}: {list(input.shape)}"
        )
    if weight.ndim != 3:
        raise RuntimeError(
            "Weight tensor must have 3 dims: kernel_width, in_channels, out_channels, but got "
            f"{weight.ndim}: {list(weight.shape)}"
        )
    if bias.ndim != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.shape[2] != weight.shape[1]:
        raise RuntimeError(
            f"Input dim 2 (input channels) is not == dim 1 in the weight tensor: {input.shape[2]} "
            f"and {weight.shape[1]}"
        )
    permute = function("permute")
    out = function("conv1d")(permute(input, (1, 2, 0)), permute(weight, (2, 1, 0)), bias, 1, pad)
    turned: Tensor = permute(out, (2, 0, 1))
    return turned
