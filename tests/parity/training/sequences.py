"""Rows of the module table for layers over sequences, attention and bags."""

from __future__ import annotations

from typing import Any

from tests.nn.module_table import Row, classes, whole


def made(name: str, *args: Any, **kwargs: Any) -> Any:
    """A layer that is an argument of another."""
    return lambda torch: getattr(torch.nn, name)(*args, **kwargs)


def packed(lengths: list[int], width: int, batch_first: bool = False) -> Any:
    """A packed batch of sequences of these lengths, in any order."""

    def make(torch: Any) -> Any:
        most, count = max(lengths), len(lengths)
        x = torch.randn(*((count, most) if batch_first else (most, count)), width)
        return torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor(lengths), batch_first, enforce_sorted=False
        )

    return make


def pair(*shape: int) -> Any:
    """Hidden state and cell of an LSTM."""
    return lambda torch: (torch.randn(*shape), torch.randn(*shape))


def mask(*shape: int) -> Any:
    """False in the first place of every row, so that no row is masked whole."""

    def make(torch: Any) -> Any:
        drawn = torch.rand(*shape) < 0.3
        drawn[..., 0] = False
        return drawn

    return make


def causal(size: int) -> Any:
    """PyTorch's own mask of what comes later."""
    return lambda torch: torch.nn.Transformer.generate_square_subsequent_mask(size)


def _recurrent() -> list[Row]:
    rows: list[Row] = []
    for name in ("RNN", "GRU", "LSTM"):
        hidden: Any = pair if name == "LSTM" else lambda *shape: shape
        rows += [
            (name, (3, 4), {}, ((5, 2, 3),)),
            (name, (3, 4), {}, ((5, 2, 3), hidden(1, 2, 4))),
            (name, (3, 4, 2), {"bidirectional": True, "batch_first": True}, ((2, 5, 3),)),
            (name, (3, 4, 2), {"bias": False, "bidirectional": True},
             ((5, 2, 3), hidden(4, 2, 4))),
            (name, (3, 4), {"num_layers": 3, "dropout": 0.4}, ((5, 2, 3),)),
            (name, (3, 4), {}, ((5, 3), hidden(1, 4))),
            (name, (3, 4), {}, (packed([3, 5, 1], 3),)),
            (name, (3, 4, 2), {"bidirectional": True, "batch_first": True},
             (packed([2, 4, 4, 1], 3, True),)),
            (f"{name}Cell", (3, 4), {}, ((2, 3),)),
            (f"{name}Cell", (3, 4), {"bias": False}, ((2, 3), hidden(2, 4))),
            (f"{name}Cell", (3, 4), {}, ((3,), hidden(4))),
        ]  # fmt: skip
    rows += [
        ("RNN", (3, 4), {"nonlinearity": "relu"}, ((5, 2, 3),)),
        ("RNNCell", (3, 4), {"nonlinearity": "relu"}, ((2, 3),)),
        ("LSTM", (3, 6, 2), {"proj_size": 2, "bidirectional": True}, ((5, 2, 3),)),
        ("LSTM", (3, 6), {"proj_size": 2},
         ((5, 2, 3), lambda torch: (torch.randn(1, 2, 2), torch.randn(1, 2, 6)))),
        ("RNNBase", ("GRU", 3, 4), {}, ((5, 2, 3),)),
        ("RNNCellBase", (3, 4, True, 3), {}, ((2, 3),)),
    ]  # fmt: skip
    return rows


def _attention() -> list[Row]:
    q, k = (4, 2, 6), (5, 2, 6)
    none = lambda torch: None  # noqa: E731
    return [
        ("MultiheadAttention", (6, 2), {}, (q, k, k)),
        ("MultiheadAttention", (6, 3), {"batch_first": True, "bias": False}, ((2, 4, 6),) * 3),
        ("MultiheadAttention", (6, 2), {"add_bias_kv": True, "add_zero_attn": True}, (q, k, k)),
        ("MultiheadAttention", (6, 2), {"kdim": 3, "vdim": 5}, (q, (5, 2, 3), (5, 2, 5))),
        ("MultiheadAttention", (6, 2), {"dropout": 0.3}, (q, k, k)),
        ("MultiheadAttention", (6, 2), {}, ((4, 6), (5, 6), (5, 6))),
        ("MultiheadAttention", (6, 2), {}, (q, k, k, mask(2, 5))),
        ("MultiheadAttention", (6, 2), {}, (q, k, k, none, lambda torch: False)),
        ("MultiheadAttention", (6, 2), {}, (q, k, k, none, lambda torch: True, mask(4, 5))),
        ("TransformerEncoderLayer", (6, 2), {"dim_feedforward": 8}, (q,)),
        ("TransformerEncoderLayer", (6, 2),
         {"dim_feedforward": 8, "dropout": 0.0, "norm_first": True, "activation": "gelu"}, (q,)),
        ("TransformerEncoderLayer", (6, 2),
         {"dim_feedforward": 8, "batch_first": True, "bias": False, "layer_norm_eps": 1e-3},
         ((2, 4, 6),)),
        ("TransformerEncoderLayer", (6, 2), {"dim_feedforward": 8}, (q, causal(4))),
        ("TransformerEncoderLayer", (6, 2), {"dim_feedforward": 8, "batch_first": True},
         ((3, 4, 6), none, mask(3, 4))),
        ("TransformerDecoderLayer", (6, 2), {"dim_feedforward": 8}, (q, k)),
        ("TransformerDecoderLayer", (6, 2),
         {"dim_feedforward": 8, "norm_first": True, "dropout": 0.0}, (q, k, causal(4))),
        ("TransformerDecoderLayer", (6, 2),
         {"dim_feedforward": 8, "batch_first": True, "bias": False}, ((2, 4, 6), (2, 5, 6))),
        ("TransformerEncoder", (made("TransformerEncoderLayer", 6, 2, 8), 2), {}, (q,)),
        ("TransformerEncoder", (made("TransformerEncoderLayer", 6, 2, 8, batch_first=True), 2),
         {"norm": made("LayerNorm", 6)}, ((3, 4, 6), none, mask(3, 4))),
        ("TransformerEncoder", (made("TransformerEncoderLayer", 6, 2, 8), 2),
         {"enable_nested_tensor": False}, (q, causal(4))),
        ("TransformerDecoder", (made("TransformerDecoderLayer", 6, 2, 8), 2),
         {"norm": made("LayerNorm", 6)}, (q, k)),
        ("Transformer", (6, 2, 1, 2, 8), {}, (k, q)),
        ("Transformer", (6, 2, 1, 1, 8),
         {"batch_first": True, "norm_first": True, "dropout": 0.0, "bias": False},
         ((2, 5, 6), (2, 4, 6), none, causal(4))),
    ]  # fmt: skip


def _bags() -> list[Row]:
    rows: list[Row] = []
    for mode in ("sum", "mean", "max"):
        rows += [
            ("EmbeddingBag", (7, 3), {"mode": mode}, (classes(7, 4, 5),)),
            ("EmbeddingBag", (7, 3), {"mode": mode, "padding_idx": 2},
             (classes(7, 9), whole(0, 2, 2, 5))),
            ("EmbeddingBag", (7, 3), {"mode": mode, "include_last_offset": True},
             (classes(7, 9), whole(0, 4, 9))),
        ]  # fmt: skip
    return [
        *rows,
        ("EmbeddingBag", (7, 3), {"mode": "sum"}, (
            classes(7, 4, 5), lambda torch: None, (4, 5))),
        ("EmbeddingBag", (7, 3), {"max_norm": 0.5}, (classes(7, 4, 5),)),
        ("Embedding", (7, 3), {"padding_idx": 2}, (classes(7, 4, 2),)),
        ("Embedding", (7, 3), {"max_norm": 0.5, "norm_type": 1.0}, (classes(7, 4, 2),)),
        ("Embedding", (7, 3), {"scale_grad_by_freq": True}, (classes(7, 4, 2),)),
        ("Embedding", (7, 3), {"sparse": True}, (classes(7, 4, 2),)),
        ("EmbeddingBag", (7, 3), {"mode": "sum", "sparse": True}, (classes(7, 4, 2),)),
    ]  # fmt: skip


def _containers() -> list[Row]:
    x = ((2, 4),)
    return [
        ("Sequential", (made("Linear", 4, 3), made("ReLU"), made("Linear", 3, 2)), {}, x),
        ("Module", (), {}, x),
        ("Container", (), {"a": made("Linear", 4, 3)}, x),
        ("ModuleList", (lambda torch: [torch.nn.Linear(4, 3), torch.nn.Tanh()],), {}, x),
        ("ModuleDict", (lambda torch: {"one": torch.nn.Linear(4, 3)},), {}, x),
        ("ParameterList", (lambda torch: [torch.randn(3), torch.randn(2, 2)],), {}, x),
        ("ParameterDict", (lambda torch: {"a": torch.randn(3)},), {}, x),
        ("DataParallel", (made("Linear", 4, 3),), {}, x),
        ("NLLLoss2d", (), {}, ((2, 5, 3, 3), classes(5, 2, 3, 3))),
        ("SyncBatchNorm", (4,), {"momentum": None}, ((3, 4),)),
    ]


ROWS: list[Row] = [*_recurrent(), *_attention(), *_bags(), *_containers()]
