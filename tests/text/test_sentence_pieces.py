"""SentencePiece through its own package, where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rushlight.text.data.functional import (
    generate_sp_model,
    load_sp_model,
    sentencepiece_numericalizer,
    sentencepiece_tokenizer,
)
from rushlight.text.transforms import SentencePieceTokenizer

HERE = importlib.util.find_spec("sentencepiece") is not None


@pytest.mark.skipif(HERE, reason="sentencepiece is here")
def test_without_the_package_it_says_so() -> None:
    with pytest.raises(ImportError, match="pip install sentencepiece"):
        SentencePieceTokenizer("pieces.model")


@pytest.mark.skipif(not HERE, reason="sentencepiece is not here")
def test_pieces_and_numbers(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat\nthe hat sat on the cat\n" * 20)
    generate_sp_model(str(text), 20, "bpe", str(tmp_path / "pieces"))
    model = load_sp_model(str(tmp_path / "pieces.model"))
    with (tmp_path / "pieces.model").open("rb") as file:
        assert load_sp_model(file).get_piece_size() == 20
    lines = ["the cat", "on the mat"]
    pieces = list(sentencepiece_tokenizer(model)(lines))
    assert ["".join(each).replace("\u2581", " ").strip() for each in pieces] == lines
    numbers = list(sentencepiece_numericalizer(model)(lines))
    assert [[model.id_to_piece(n) for n in each] for each in numbers] == pieces
    tokenizer = SentencePieceTokenizer(str(tmp_path / "pieces.model"))
    assert tokenizer(lines) == pieces and tokenizer(lines[0]) == pieces[0]
    with pytest.raises(TypeError, match="Unsupported type for spm argument: int"):
        load_sp_model(3)
