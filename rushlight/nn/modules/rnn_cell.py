"""One step of a recurrent layer: RNNCell, LSTMCell, GRUCell. Input (N, I) or (I)."""

from __future__ import annotations

import math
from typing import Any

from rushlight.nn import init
from rushlight.nn.modules.module import Module
from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor, empty, named, zeros


class RNNCellBase(Module):
    """Weights weight_ih (G H, I), weight_hh (G H, H) and biases of G gates."""

    __constants__ = ["input_size", "hidden_size", "bias"]  # noqa: RUF012

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        kind = {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(empty((rows, input_size), **kind))
        self.weight_hh = Parameter(empty((rows, hidden_size), **kind))
        if bias:
            self.bias_ih = Parameter(empty(rows, **kind))
            self.bias_hh = Parameter(empty(rows, **kind))
        else:
            self.register_parameter("bias_ih", None)
            self.register_parameter("bias_hh", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values: uniform in +-1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, function: str, input: Tensor, hx: Any) -> Any:
        """``hx``: None, or the states in a tuple; the new ones in a tuple."""
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        pair = function == "lstm_cell"
        for place, state in enumerate(hx or ()):
            if state.dim() not in (1, 2):
                what = f"hx[{place}]" if pair else "hidden"
                raise ValueError(
                    f"{name}: Expected {what} to be 1D or 2D, got {state.dim()}D instead"
                )
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if hx is None:
            start = zeros((x.size(0), self.hidden_size), dtype=x.dtype)
            states = (start, start) if pair else (start,)
        else:
            states = tuple(each if batched else each.unsqueeze(0) for each in hx)
        self._check(x, states)
        given = states if pair else states[0]
        made = named(function)(x, given, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        results = made if pair else (made,)
        return tuple(results) if batched else tuple(each.squeeze(0) for each in results)

    def _check(self, x: Tensor, states: tuple[Tensor, ...]) -> None:
        if x.size(1) != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {x.size(1)} expected {self.input_size}"
            )
        for place, state in enumerate(states):
            if x.size(0) != state.size(0):
                raise RuntimeError(
                    f"Input batch size {x.size(0)} doesn't match hidden{place} batch size "
                    f"{state.size(0)}"
                )
            if state.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{place} has inconsistent hidden_size: got {state.size(1)}, expected "
                    f"{self.hidden_size}"
                )


class RNNCell(RNNCellBase):
    """act(W_ih x + b_ih + W_hh h + b_hh). Shapes (N, I), (N, H) -> (N, H).

    >>> import rushlight as torch
    >>> torch.nn.RNNCell(10, 20)(torch.ones(3, 10)).shape
    torch.Size([3, 20])
    """

    __constants__ = ["input_size", "hidden_size", "bias", "nonlinearity"]  # noqa: RUF012

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        states = None if hx is None else (hx,)
        (out,) = self._step(f"rnn_{self.nonlinearity}_cell", input, states)
        return out


class GRUCell(RNNCellBase):
    """One step of a GRU. Shapes (N, I), (N, H) -> (N, H)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        (out,) = self._step("gru_cell", input, None if hx is None else (hx,))
        return out


class LSTMCell(RNNCellBase):
    """One step of an LSTM. Shapes (N, I), ((N, H), (N, H)) -> ((N, H), (N, H)): h and c."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        h, c = self._step("lstm_cell", input, hx)
        return h, c
