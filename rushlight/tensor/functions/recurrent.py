"""torch.lstm, gru, rnn_tanh, rnn_relu, and the cells: the layers behind ``nn.LSTM`` and its kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.tensor.functions.register import public
from rushlight.tensor.generator import source_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Tensors = tuple[Tensor, ...]


def _drawn(count: int, shape: tuple[int, ...], p: float) -> tuple[list[Any], float]:
    """Which results of each layer but the last stay, and how likely that was."""
    if p == 1:
        return [np.zeros(shape, bool) for _ in range(count)], 1.0
    size = int(np.prod(shape))
    draws = [source_of(None).bernoulli(size, 1 - p).reshape(shape) for _ in range(count)]
    return draws, 1.0 - p


def _layers(
    mode: str, input: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor], layers: int,
    dropout: float, train: bool, both: bool, batch_first: bool,
) -> Tensors:  # fmt: skip
    draws: list[Any] = []
    keep = 1.0
    if batch_first:
        input = input.transpose(0, 1)
    if dropout and train and layers > 1:
        rows, samples = input.shape[:2]
        features = hx[0].shape[-1] * (2 if both else 1)
        draws, keep = _drawn(layers - 1, (rows, samples, features), dropout)
    masks = tuple([Tensor._from_array(each) for each in draws])
    made: Tensors = function("_recurrent")(
        input, tuple(hx), tuple(params), None, masks, mode, layers, bool(both), keep,
    )  # fmt: skip
    # The result lies in memory step by step in either form: what dropout draws depends on it.
    out = made[0].transpose(0, 1) if batch_first else made[0]
    return (out, *made[1 : 1 + len(hx)])


def _packed_layers(
    mode: str, data: Tensor, batch_sizes: Tensor, hx: Sequence[Tensor], params: Sequence[Tensor],
    layers: int, dropout: float, train: bool, both: bool,
) -> Tensors:  # fmt: skip
    """``data`` (sum of batch_sizes, I): padded, run under a mask, packed again."""
    sizes = np.asarray(batch_sizes.tolist(), np.int64)  # type: ignore[attr-defined]
    rows, samples = len(sizes), int(sizes[0])
    mask = np.arange(samples)[None, :] < sizes[:, None]
    places = np.flatnonzero(mask)
    back = np.zeros(rows * samples, np.int64)
    back[places] = np.arange(len(places))
    draws: list[Any] = []
    keep = 1.0
    if dropout and train and layers > 1:
        features = hx[0].shape[-1] * (2 if both else 1)
        packed, keep = _drawn(layers - 1, (len(places), features), dropout)
        draws = [each[back].reshape(rows, samples, features) for each in packed]
    even = len(places) == rows * samples
    padded = data if even else function("index_select")(data, 0, Tensor._from_array(back))
    made: Tensors = function("_recurrent")(
        padded.reshape(rows, samples, data.shape[1]), tuple(hx), tuple(params),
        None if even else Tensor._from_array(mask[..., None]),
        tuple([Tensor._from_array(each) for each in draws]),
        mode, layers, bool(both), keep,
    )  # fmt: skip
    flat = made[0].reshape(rows * samples, made[0].shape[2])
    out = flat if even else function("index_select")(flat, 0, Tensor._from_array(places))
    return (out, *made[1 : 1 + len(hx)])


def _run(mode: str, data: Tensor, args: tuple[Any, ...]) -> Tensors:
    """PyTorch's two forms, told apart by where the parameters are.

    (hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first) and
    (batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)
    """
    if len(args) != 8:
        raise TypeError(f"{mode}() takes 9 arguments, got {1 + len(args)}")
    if isinstance(args[2], bool):
        hx, params, _, layers, dropout, train, both, batch_first = args
        hx = tuple(hx) if mode == "lstm" else (hx,)
        return _layers(mode, data, hx, params, layers, dropout, train, both, batch_first)
    batch_sizes, hx, params, _, layers, dropout, train, both = args
    hx = tuple(hx) if mode == "lstm" else (hx,)
    return _packed_layers(mode, data, batch_sizes, hx, params, layers, dropout, train, both)


@public()
def lstm(data: Tensor, *args: Any) -> Tensors:
    """(out, last h, last c): what ``nn.LSTM`` computes."""
    return _run("lstm", data, args)


@public()
def gru(data: Tensor, *args: Any) -> Tensors:
    """(out, last h): what ``nn.GRU`` computes."""
    return _run("gru", data, args)


@public()
def rnn_tanh(data: Tensor, *args: Any) -> Tensors:
    """(out, last h): what ``nn.RNN`` computes."""
    return _run("rnn_tanh", data, args)


@public()
def rnn_relu(data: Tensor, *args: Any) -> Tensors:
    """(out, last h): what ``nn.RNN(nonlinearity="relu")`` computes."""
    return _run("rnn_relu", data, args)


def _cell(
    mode: str, input: Tensor, hx: Tensors, w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> Tensors:
    made: Tensors = function("_recurrent_cell")(input, hx, w_ih, w_hh, b_ih, b_hh, mode)
    return made


@public()
def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensors:  # fmt: skip
    """One step of an LSTM: input (N, I), hx (h, c) of (N, H) -> (h, c)."""
    return _cell("lstm", input, tuple(hx), w_ih, w_hh, b_ih, b_hh)


@public()
def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """One step of a GRU: input (N, I), hx (N, H) -> (N, H)."""
    return _cell("gru", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@public()
def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """tanh(input w_ih^T + b_ih + hx w_hh^T + b_hh)."""
    return _cell("rnn_tanh", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@public()
def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """relu(input w_ih^T + b_ih + hx w_hh^T + b_hh)."""
    return _cell("rnn_relu", input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]
