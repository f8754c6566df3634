"""Every layer with its arguments and inputs: outputs, gradients, 20 steps, as PyTorch has them.

The digests in module_table.json were made by PyTorch 2.13 (``run_table.py pytorch``). Without the
marker one row of each class runs; ``-m parity`` runs all of them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import rushlight
from tests.nn.module_table import ROWS
from tests.nn.run_table import digest, title

WANTED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "module_table.json").read_text())
PAIRS = list(zip(ROWS, WANTED, strict=True))
FIRST = {row[0]: (row, wanted) for row, wanted in reversed(PAIRS)}
REST = [(row, wanted) for row, wanted in PAIRS if FIRST[row[0]][0] is not row]


def _close(got: Any, wanted: Any) -> bool:
    if not (isinstance(wanted, list) and len(wanted) == 4 and isinstance(wanted[1], list)):
        return bool(got == wanted)
    if got[:2] != wanted[:2]:
        return False
    # The second sum may cancel: both are held to the size of the first.
    room = 2e-5 * max(abs(wanted[2]), 1e-3)
    return all(
        abs(a - b) <= room or (a != a and b != b) for a, b in zip(got[2:], wanted[2:], strict=True)
    )


def check(row: Any, wanted: dict[str, Any]) -> None:
    got = json.loads(json.dumps(digest(rushlight, row)))
    assert list(got) == list(wanted)
    wrong = {key: (got[key], wanted[key]) for key in wanted if not _close(got[key], wanted[key])}
    assert not wrong


@pytest.mark.parametrize(("row", "wanted"), FIRST.values(), ids=FIRST)
def test_layer(row: Any, wanted: dict[str, Any]) -> None:
    check(row, wanted)


@pytest.mark.parity
@pytest.mark.parametrize(("row", "wanted"), REST, ids=[title(row) for row, _ in REST])
def test_layer_with_arguments(row: Any, wanted: dict[str, Any]) -> None:
    check(row, wanted)


def test_every_layer_is_in_the_table() -> None:
    nn = rushlight.nn
    layers = {
        name
        for name in dir(nn)
        if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    }
    elsewhere = {
        "Container", "DataParallel", "Module", "ModuleDict", "ModuleList", "NLLLoss2d",
        "ParameterDict", "ParameterList", "Sequential",
        # Sequences and attention: tests/nn/test_recurrent*.py and others.
        "EmbeddingBag", "GRU", "GRUCell", "LSTM", "LSTMCell", "MultiheadAttention", "RNN",
        "RNNBase", "RNNCell", "RNNCellBase", "Transformer", "TransformerDecoder",
        "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
    }  # fmt: skip
    assert layers - elsewhere == set(FIRST)
