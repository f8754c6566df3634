"""Recurrent layers: trainings frozen from PyTorch, packed sequences, errors, names."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.engine.flush import clear
from rushlight.engine.trace import local
from rushlight.runtime import code
from rushlight.tensor.at_once import padded

rnn = nn.utils.rnn


def _losses(name: str, options: dict[str, Any]) -> list[float]:
    torch.manual_seed(3)
    layer = getattr(nn, name)(3, 4, **options)
    x = torch.randn(5, 2, 3)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    first = options.get("batch_first", False)
    losses = []
    for step in range(4):
        if step % 2:
            lengths = [2, 1, 1, 2, 2] if first else [3, 5]
            packed = rnn.pack_padded_sequence(x, lengths, first, enforce_sorted=False)
            out = layer(packed)[0].data
        else:
            out = layer(x)[0]
        loss = (out * out).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize(
    ("name", "options", "losses"),
    [
        (
            "LSTM",
            {"num_layers": 2, "bidirectional": True, "dropout": 0.5},
            [2.239917, 0.786972, 1.157013, 0.915657],
        ),
        ("LSTM", {"proj_size": 2, "batch_first": True}, [0.295623, 0.176447, 0.155404, 0.106814]),
        ("GRU", {"num_layers": 1}, [5.275805, 1.48927, 1.036371, 0.61993]),
        ("RNN", {"nonlinearity": "tanh"}, [16.217936, 13.550375, 8.847597, 9.557151]),
    ],
)  # fmt: skip
def test_trains_as_pytorch(name: str, options: dict[str, Any], losses: list[float]) -> None:
    """Seed 3, dropout's draws included; every other step on packed sequences."""
    assert _losses(name, options) == pytest.approx(losses, rel=2e-5)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_a_cell_step_by_step_is_the_layer(name: str) -> None:
    layer, cell = getattr(nn, name)(3, 4), getattr(nn, name + "Cell")(3, 4)
    cell.load_state_dict(dict(zip(cell.state_dict(), layer.parameters(), strict=True)))
    x = torch.randn(6, 2, 3)
    state = None
    for step in range(6):
        state = cell(x[step], state)
    last = layer(x)[1]
    for ours, theirs in zip(
        state if name == "LSTM" else (state,), last if name == "LSTM" else (last,), strict=True
    ):
        assert torch.allclose(ours, theirs[0], atol=1e-6)


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_packed_is_each_sample_alone(name: str) -> None:
    """Both directions: the reverse one starts at each sample's own end."""
    layer = getattr(nn, name)(3, 4, num_layers=2, bidirectional=True)
    samples = [torch.randn(length, 3, requires_grad=True) for length in (2, 5, 1, 4)]
    packed, last = layer(rnn.pack_sequence(samples, enforce_sorted=False))
    outs = rnn.unpack_sequence(packed)
    for number, sample in enumerate(samples):
        alone, state = layer(sample)
        assert torch.allclose(outs[number], alone, atol=1e-6)
        pairs = zip(last, state, strict=True) if name == "LSTM" else [(last, state)]
        assert all(torch.allclose(a[:, number], b, atol=1e-6) for a, b in pairs)
        (ours,) = torch.autograd.grad(outs[number].sin().sum(), sample, retain_graph=True)
        (theirs,) = torch.autograd.grad(alone.sin().sum(), sample)
        assert torch.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("mode", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
def test_second_derivatives(mode: str) -> None:
    torch.manual_seed(0)
    sizes = {"lstm": 4, "gru": 3}.get(mode, 1)
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    h = torch.randn(1, 2, 3, dtype=torch.float64, requires_grad=True)
    hx = (h, torch.randn(1, 2, 3, dtype=torch.float64)) if mode == "lstm" else h
    weights = [
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in ((3 * sizes, 2), (3 * sizes, 3))
    ]

    def run(x: Any, h: Any, *weights: Any) -> Any:
        given = (h, hx[1]) if mode == "lstm" else h
        # A view of a view of what is computed: gradients must not be taken past it.
        twice = (x.reshape(6, 2) * 1.5).reshape(3, 2, 2)
        return getattr(torch, mode)(twice, given, weights, False, 1, 0.0, True, False, False)[0]

    assert torch.autograd.gradgradcheck(run, (x, h, *weights))


def test_one_entry_in_the_trace() -> None:
    """However many layers and steps."""
    layer = nn.LSTM(3, 4, num_layers=3, bidirectional=True)
    x, state = torch.randn(50, 2, 3), (torch.zeros(6, 2, 4), torch.zeros(6, 2, 4))
    torch.lstm(x, state, layer._flat_weights, True, 3, 0.0, True, True, False)
    assert local.trace.step.call.name == "_recurrent"


def test_new_lengths_compile_no_new_kernels() -> None:
    layer = nn.LSTM(6, 8)

    def train(length: int) -> None:
        out, _ = layer(torch.randn(length, 4, 6))
        (out * out).mean().backward()
        layer.weight_hh_l0.grad.sum().item()

    clear()
    train(5), train(6)
    before = code.stats()
    train(40), train(41)
    after = code.stats()
    assert after.compiled + after.disk_hits - before.compiled - before.disk_hits <= 2


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: nn.LSTM(4, 0), ValueError, "hidden_size must be greater than zero"),
        (lambda: nn.LSTM(4, 2.5), TypeError, "hidden_size should be of type int, got: float"),
        (lambda: nn.LSTM(4, 2, proj_size=2), ValueError, "proj_size has to be smaller"),
        (lambda: nn.GRU(4, 5, proj_size=2), ValueError, "only supported for LSTM"),
        (lambda: nn.RNN(4, 5, nonlinearity="gelu"), ValueError, "Unknown nonlinearity 'gelu'"),
        (lambda: nn.LSTM(4, 2, dropout=1.5), ValueError, "in range \\[0, 1\\]"),
        (lambda: nn.LSTM(4, 2)(torch.ones(3)), ValueError, "LSTM: Expected input to be 2D or 3D"),
        (lambda: nn.GRU(4, 2)(torch.ones(3, 1, 5)), RuntimeError, "Expected 4, got 5"),
        (lambda: nn.GRU(4, 2)(torch.ones(0, 1, 4)), RuntimeError, "larger than 0 in RNN"),
        (
            lambda: nn.GRU(4, 2)(torch.ones(3, 1, 4), torch.ones(1, 2, 2)),
            RuntimeError,
            r"Expected hidden size \(1, 1, 2\), got \[1, 2, 2\]",
        ),
        (lambda: nn.LSTMCell(4, 2)(torch.ones(2, 3)), RuntimeError, "got 3 expected 4"),
        (lambda: rnn.pad_sequence([]), RuntimeError, "received an empty list of sequences"),
        (
            lambda: rnn.pack_padded_sequence(torch.ones(3, 2), [1, 2]),
            RuntimeError,
            "must be sorted in decreasing order",
        ),
    ],
)
def test_refuses(make: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        make()


def test_names_and_repr() -> None:
    layer = nn.LSTM(4, 6, 2, dropout=0.1, bidirectional=True, batch_first=True, proj_size=3)
    assert repr(layer) == (
        "LSTM(4, 6, proj_size=3, num_layers=2, batch_first=True, dropout=0.1, bidirectional=True)"
    )
    assert list(layer.state_dict())[3:7] == [
        "bias_hh_l0", "weight_hr_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse",
    ]  # fmt: skip
    assert repr(nn.RNNCell(4, 6, nonlinearity="relu")) == "RNNCell(4, 6, nonlinearity=relu)"


def test_padding() -> None:
    parts = [torch.tensor([1, 2, 3]), torch.tensor([4])]
    assert rnn.pad_sequence(parts, True, 9).tolist() == [[1, 2, 3], [4, 9, 9]]
    assert rnn.pad_sequence(parts, True, 9, "left").tolist() == [[1, 2, 3], [9, 9, 4]]
    packed = rnn.pack_sequence(parts)
    assert packed.data.tolist() == [1, 4, 2, 3]
    padded, lengths = rnn.pad_packed_sequence(packed, True, -1, 4)
    assert padded.tolist() == [[1, 2, 3, -1], [4, -1, -1, -1]]
    assert lengths.tolist() == [3, 1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bfloat16, torch.bool])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("batch_first", [False, True])
def test_sequences_in_memory_are_padded_at_once(dtype: Any, side: str, batch_first: bool) -> None:
    """The same as what is recorded, where one of them is not computed yet."""
    table = torch.tensor([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [1.0, 1.0]]).to(dtype)
    parts = [table[:2], table[1:], table.flip(0)[:1], table[:, :1].expand(4, 2)]
    now = [part.clone() for part in parts]
    sum(part.sum() for part in now).item()  # they are in memory
    how = {"batch_first": batch_first, "padding_side": side, "padding_value": 1}
    assert padded(now, 4, 1, left=side == "left", batch_first=batch_first) is not None
    late = [*now[:3], now[3] | 0 if dtype is torch.bool else now[3] + 0]
    assert padded(late, 4, 1, left=side == "left", batch_first=batch_first) is None
    made, wanted = (torch.nn.utils.rnn.pad_sequence(each, **how) for each in (now, late))
    assert made.dtype is wanted.dtype and made.stride() == wanted.stride()
    assert torch.equal(made, wanted)


def test_padded_sequences_are_their_own_and_flow() -> None:
    x = torch.arange(6.0)
    made = torch.nn.utils.rnn.pad_sequence([x[:2], x[2:]])
    x.add_(1)
    assert made[0].tolist() == [0.0, 2.0]
    weight = torch.ones(2, requires_grad=True)
    torch.nn.utils.rnn.pad_sequence([weight, x]).sum().backward()
    assert weight.grad is not None and weight.grad.tolist() == [1.0, 1.0]
    mixed = torch.nn.utils.rnn.pad_sequence([torch.ones(2, dtype=torch.int32), x])
    assert mixed.dtype is torch.int32


@pytest.mark.parametrize("layer", [torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN])
def test_results_lie_step_by_step_with_batch_first_too(layer: Any) -> None:
    """As PyTorch's do: in this order dropout behind the layer draws its numbers."""
    torch.manual_seed(0)
    x = torch.ones(4, 5, 3)
    first, plain = layer(3, 8, batch_first=True), layer(3, 8)
    plain.load_state_dict(first.state_dict())
    out, expected = first(x)[0], plain(x.transpose(0, 1))[0]
    assert out.stride() == (8, 32, 1)
    torch.manual_seed(1)
    dropped = torch.nn.functional.dropout(out, 0.5)
    torch.manual_seed(1)
    assert torch.equal(dropped, torch.nn.functional.dropout(expected, 0.5).transpose(0, 1))
