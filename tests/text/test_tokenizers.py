"""Tokenisers of GPT-2, CLIP and BERT from small files; their rules on larger ones were compared
with the libraries tokenizers and open_clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rushlight import text
from rushlight.text import byte_pairs, transforms, word_pieces

MERGES = "#version: 0.2\nh e\nl l\nhe ll\nhell o\nĠ w\nĠw o\n"


@pytest.fixture
def gpt2(tmp_path: Path) -> tuple[str, str]:
    tokens = [*byte_pairs.byte_letters().values(), "he", "ll", "hell", "hello", "Ġw", "Ġwo"]
    (tmp_path / "encoder.json").write_text(json.dumps({t: i for i, t in enumerate(tokens)}))
    (tmp_path / "vocab.bpe").write_text(MERGES, encoding="utf-8")
    return str(tmp_path / "encoder.json"), str(tmp_path / "vocab.bpe")


def test_gpt2(gpt2: tuple[str, str]) -> None:
    names = transforms.GPT2BPETokenizer(*gpt2, return_tokens=True)
    assert names("hello wor1") == ["hello", "Ġwo", "r", "1"]
    assert names(["hell's", ""]) == [["hell", "'", "s"], []]
    numbers = transforms.GPT2BPETokenizer(*gpt2)
    for each in ("hello  world \n\n", "é ½ 中文 don't", "\u00a0x"):
        assert numbers.decode(numbers(each)) == each
        assert all(number.isdigit() for number in numbers(each))
    assert byte_pairs.gpt2_words().findall("a1 ½x  b\n c") == ["a", "1", " ½", "x", " ", " b", "\n", " c"]  # fmt: skip # noqa: E501
    with pytest.raises(TypeError, match="not supported"):
        names(3)


def test_clip(tmp_path: Path) -> None:
    (tmp_path / "merges").write_text("#v\nc a\nca t</w>\nd o\n", encoding="utf-8")
    path = str(tmp_path / "merges")
    names = transforms.CLIPTokenizer(path, return_tokens=True)
    assert names(" CAT dog 12<|endoftext|>") == [
        "cat</w>", "do", "g</w>", "1</w>", "2</w>", "<|endoftext|>",
    ]  # fmt: skip
    assert transforms.CLIPTokenizer(path)("cat <|startoftext|>") == ["513", "515"]
    assert transforms.CLIPTokenizer(path, num_merges=1, return_tokens=True)("cat") == [
        "ca",
        "t</w>",
    ]


def test_bert(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("[UNK]\nun\n##aff\n##able\n,\ncafe\n中\nCafé\n[MASK]\n", encoding="utf-8")
    names = transforms.BERTTokenizer(str(path), return_tokens=True)
    assert names("UNaffable,中 Café\tx") == ["un", "##aff", "##able", ",", "中", "cafe", "[UNK]"]
    assert transforms.BERTTokenizer(str(path))(["cafe un"]) == [["5", "1"]]
    exact = transforms.BERTTokenizer(str(path), do_lower_case=False, return_tokens=True)
    assert exact("Café cafe\u0301") == ["Café", "[UNK]"]
    kept = transforms.BERTTokenizer(str(path), return_tokens=True, never_split=["[MASK]"])
    assert kept("un [MASK]") == ["un", "[MASK]"]
    assert names("un [MASK]") == ["un", "[UNK]", "[UNK]", "[UNK]"]
    assert word_pieces.pieces("u" * 101, {"u": 0, "##u": 1}) == ["[UNK]"]


def test_damaged_files(tmp_path: Path) -> None:
    (tmp_path / "encoder.json").write_text('["a"]')
    (tmp_path / "merges").write_text("#v\na b c\n")
    with pytest.raises(ValueError, match="JSON object"):
        transforms.GPT2BPETokenizer(str(tmp_path / "encoder.json"), str(tmp_path / "merges"))
    with pytest.raises(ValueError, match="two parts"):
        transforms.CLIPTokenizer(str(tmp_path / "merges"))


def test_what_is_left_out_says_so() -> None:
    for where, name in ((transforms, "SentencePieceTokenizer"), (text, "models"), (text, "nn")):
        with pytest.raises(NotImplementedError, match=name):
            getattr(where, name)
