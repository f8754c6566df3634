"""Recurrent layers: RNN, LSTM, GRU. The cells are in ``rnn_cell.py``.

Letters: T steps, N samples, I ``input_size``, H ``hidden_size``, P ``proj_size`` or H, L
``num_layers``, D directions.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

from rushlight.base.warn import warn
from rushlight.nn import init
from rushlight.nn.modules.addresses import names_elsewhere
from rushlight.nn.modules.module import Module
from rushlight.nn.parameter import Parameter
from rushlight.nn.utils.rnn import PackedSequence
from rushlight.tensor import Tensor, empty, named, zeros
from rushlight.tensor.autocast import state as autocast_state

__getattr__, __dir__ = names_elsewhere(__name__)

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
_FUNCTIONS = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn_tanh", "RNN_RELU": "rnn_relu"}


def _apply_permutation(tensor: Tensor, permutation: Tensor, dim: int = 1) -> Tensor:
    return tensor.index_select(dim, permutation)  # type: ignore[attr-defined, no-any-return]


def apply_permutation(tensor: Tensor, permutation: Tensor, dim: int = 1) -> Tensor:
    """``tensor.index_select(dim, permutation)``, under a name that PyTorch keeps with a warning."""
    warn(
        "`apply_permutation` is deprecated, please use `tensor.index_select(dim, permutation)` "
        "instead",
        FutureWarning,
    )
    return _apply_permutation(tensor, permutation, dim)


class RNNBase(Module):
    """What RNN, LSTM and GRU have in common: parameters, checks, states given or zero."""

    __constants__ = [  # noqa: RUF012
        "mode", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout",
        "bidirectional", "proj_size",
    ]  # fmt: skip

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_arguments(dropout)
        self._flat_weights_names: list[str] = []
        self._all_weights: list[list[str]] = []
        features = proj_size if proj_size > 0 else hidden_size
        rows = _GATES[mode] * hidden_size
        for layer in range(num_layers):
            for direction in range(self._directions):
                columns = input_size if layer == 0 else features * self._directions
                shapes = {"weight_ih": (rows, columns), "weight_hh": (rows, features)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                if proj_size > 0:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                suffix = "_reverse" if direction else ""
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
                self._flat_weights_names += names
                self._all_weights.append(names)
        self.reset_parameters()

    def _check_arguments(self, dropout: Any) -> None:
        if (
            not isinstance(dropout, numbers.Number)
            or not 0 <= dropout <= 1  # type: ignore[operator]
            or isinstance(dropout, bool)
        ):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={self.num_layers}"
            )
        if not isinstance(self.hidden_size, int):
            raise TypeError(
                f"hidden_size should be of type int, got: {type(self.hidden_size).__name__}"
            )
        if self.hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if self.num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if self.proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def __getstate__(self) -> dict[str, Any]:
        """PyTorch looks for the list of weights in the pickled module itself."""
        return {**super().__getstate__(), "_flat_weights": self._flat_weights}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(
            {name: each for name, each in state.items() if name != "_flat_weights"}
        )

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing: parameters need not lie together here."""

    def reset_parameters(self) -> None:
        """Draw new values: uniform in +-1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Raise where an input (T, N, I), or packed (sum of batch_sizes, I), does not fit."""
        weight = self._flat_weights[0]
        if input.dtype is not weight.dtype and not any(autocast_state.enabled.values()):
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        expected = 2 if batch_sizes is not None else 3
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {input.size(-1)}"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """(L D, N, P)."""
        if batch_sizes is not None:
            samples = int(batch_sizes[0])
        else:
            samples = input.size(0) if self.batch_first else input.size(1)
        features = self.proj_size if self.proj_size > 0 else self.hidden_size
        return self.num_layers * self._directions, samples, features

    def check_hidden_size(
        self,
        hx: Tensor,
        expected_hidden_size: tuple[int, int, int],
        msg: str = "Expected hidden size {}, got {}",
    ) -> None:
        """Raise where a state has another shape."""
        if tuple(hx.size()) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Raise where input or state do not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """A state with its samples in another order."""
        return hx if permutation is None else _apply_permutation(hx, permutation)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("proj_size", 0), ("num_layers", 1), ("bias", True), ("batch_first", False),
            ("dropout", 0), ("bidirectional", False),
        ):  # fmt: skip
            value = getattr(self, name)
            if value != usual:
                text += f", {name}={value}"
        return text

    # What differs for the LSTM, whose state is a pair.

    def _zero_state(self, shape: tuple[int, int, int], like: Tensor) -> Any:
        return zeros(shape, dtype=like.dtype)

    def _check_rank(self, hx: Any, rank: int, batched: bool) -> None:
        if hx.dim() != rank:
            kind = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {kind} input, hx should also be {rank}-D but got {hx.dim()}-D tensor"
            )

    def _with_batch(self, hx: Any) -> Any:
        return hx.unsqueeze(1)

    def _without_batch(self, hx: Any) -> Any:
        return hx.squeeze(1)

    def _states(self, results: tuple[Tensor, ...]) -> Any:
        return results[1]

    def _rank_message(self, rank: int) -> str:
        return f"{type(self).__name__}: Expected input to be 2D or 3D, got {rank}D instead"

    def _run(self, input: Any, hx: Any) -> Any:
        """(out, last state): see the classes."""
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        if input.dim() not in (2, 3):
            raise ValueError(self._rank_message(input.dim()))
        batched = input.dim() == 3
        axis = 0 if self.batch_first else 1
        if not batched:
            input = input.unsqueeze(axis)
        if hx is None:
            hx = self._zero_state(self.get_expected_hidden_size(input, None), input)
        else:
            self._check_rank(hx, 3 if batched else 2, batched)
            hx = hx if batched else self._with_batch(hx)
        self.check_forward_args(input, hx, None)
        if input.shape[1 if self.batch_first else 0] == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        results = named(_FUNCTIONS[self.mode])(
            input, hx, self._flat_weights, self.bias, self.num_layers, self.dropout, self.training,
            self.bidirectional, self.batch_first,
        )  # fmt: skip
        out, state = results[0], self._states(results)
        return (out, state) if batched else (out.squeeze(axis), self._without_batch(state))

    def _packed(self, input: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, order, back = input
        if hx is None:
            hx = self._zero_state(self.get_expected_hidden_size(data, batch_sizes), data)
        else:
            hx = self.permute_hidden(hx, order)
        self.check_forward_args(data, hx, batch_sizes)
        results = named(_FUNCTIONS[self.mode])(
            data, batch_sizes, hx, self._flat_weights, self.bias, self.num_layers, self.dropout,
            self.training, self.bidirectional,
        )  # fmt: skip
        packed = PackedSequence(results[0], batch_sizes, order, back)
        return packed, self.permute_hidden(self._states(results), back)


class RNN(RNNBase):
    """h' = act(W_ih x + b_ih + W_hh h + b_hh), act tanh or, with ``nonlinearity="relu"``, relu.

    Input (T, N, I), (N, T, I) with ``batch_first``, (T, I), or a PackedSequence; ``hx``
    (L D, N, H), zero if not given. Gives out (T, N, D H) in the input's form, and the last states
    (L D, N, H).

    >>> import rushlight as torch
    >>> out, last = torch.nn.RNN(10, 20, 2)(torch.ones(5, 3, 10))
    >>> out.shape, last.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        self.nonlinearity = nonlinearity
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)

    def _rank_message(self, rank: int) -> str:
        return f"RNN: Expected input to be 2D or 3D, got {rank}D tensor instead"

    def forward(self, input: Any, hx: Any = None) -> Any:
        return self._run(input, hx)


class GRU(RNNBase):
    """n + z (h - n) with n = tanh(W_in x + b_in + r (W_hn h + b_hn)) and gates r, z.

    Shapes as of RNN. Rows of the weights: r, z, n.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        return self._run(input, hx)


class LSTM(RNNBase):
    """c' = f c + i g, h' = o tanh(c'), with ``proj_size`` times W_hr. Rows of the weights: i f g o.

    Shapes as of RNN; ``hx`` is a pair h (L D, N, P), c (L D, N, H), and so is the last state.

    >>> import rushlight as torch
    >>> out, (h, c) = torch.nn.LSTM(10, 20, bidirectional=True, proj_size=5)(torch.ones(7, 3, 10))
    >>> out.shape, h.shape, c.shape
    (torch.Size([7, 3, 10]), torch.Size([2, 3, 5]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """(L D, N, H)."""
        rows, samples, _ = self.get_expected_hidden_size(input, batch_sizes)
        return rows, samples, self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        self.check_input(input, batch_sizes)
        self.check_hidden_size(
            hidden[0],
            self.get_expected_hidden_size(input, batch_sizes),
            "Expected hidden[0] size {}, got {}",
        )
        self.check_hidden_size(
            hidden[1],
            self.get_expected_cell_size(input, batch_sizes),
            "Expected hidden[1] size {}, got {}",
        )

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        return hx if permutation is None else tuple(_apply_permutation(x, permutation) for x in hx)

    def _zero_state(self, shape: tuple[int, int, int], like: Tensor) -> Any:
        cell = (*shape[:2], self.hidden_size)
        return zeros(shape, dtype=like.dtype), zeros(cell, dtype=like.dtype)

    def _check_rank(self, hx: Any, rank: int, batched: bool) -> None:
        if hx[0].dim() != rank or hx[1].dim() != rank:
            kind = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {rank}-D but got ({hx[0].dim()}-D, "
                f"{hx[1].dim()}-D) tensors"
            )

    def _with_batch(self, hx: Any) -> Any:
        return hx[0].unsqueeze(1), hx[1].unsqueeze(1)

    def _without_batch(self, hx: Any) -> Any:
        return hx[0].squeeze(1), hx[1].squeeze(1)

    def _states(self, results: tuple[Tensor, ...]) -> Any:
        return results[1:3]

    def forward(self, input: Any, hx: Any = None) -> Any:
        return self._run(input, hx)
