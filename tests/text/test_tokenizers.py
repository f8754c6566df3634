"""Tokenisers of GPT-2, CLIP and BERT from small files; their rules on larger ones were compared
with the libraries tokenizers and open_clip."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rushlight as torch
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
    for where, name in ((text, "models"), (text, "nn")):
        with pytest.raises(NotImplementedError, match=name):
            getattr(where, name)


# What torchtext 0.18's CharBPETokenizer and MaskTransform gave (its Python, on PyTorch 2.13).
def test_pairs_of_characters(tmp_path: Path) -> None:
    parts = ["l", "o", "w", "e", "r</w>", "lo", "low", "low</w>", "er</w>", "<unk>", "<s>", "a</w>"]
    encoder, merges = tmp_path / "encoder.json", tmp_path / "merges.txt"
    encoder.write_text(json.dumps({part: place for place, part in enumerate(parts)}))
    merges.write_text("#version: 0.2\nl o\nlo w\nlo w</w>\ne r</w>\n")
    plain = transforms.CharBPETokenizer(encoder, merges, suffix="</w>")
    assert plain.vocab_size == 12
    assert plain(["low lower a"]) == [[7, 6, 8, 11]]
    assert plain.decode([7, 6, 8, 11]) == "low lower a "
    with pytest.raises(KeyError, match="z"):
        plain("zz")
    careful = transforms.CharBPETokenizer(
        encoder, merges, unk_token="<unk>", suffix="</w>", special_tokens=["<s>"]
    )
    assert careful("<s> lowz") == [10, 6, 9]
    assert careful.decode([10, 99]) == "<s><unk>"
    bare = transforms.CharBPETokenizer(encoder, merges, return_tokens=True)
    assert bare("low er\na") == ["low", "e", "r", "\n", "a"]
    with pytest.raises(RuntimeError, match="Unknown token <x> not found"):
        transforms.CharBPETokenizer(encoder, merges, unk_token="<x>")
    with pytest.raises(TypeError, match="not supported"):
        plain(3)


def test_replacements_one_after_another() -> None:
    quotes = transforms.RegexTokenizer([(r"\'", " '  "), (r"\"", "")])
    assert quotes('it\'s "one"\tline') == ["it", "'", "s", "one\tline"]
    assert transforms.RegexTokenizer([(r"a*", "x")])("baac") == ["xbxcx"]  # as RE2, not as re.sub
    assert transforms.RegexTokenizer([(r"(\w)(\d)?", r"\2\\\0")])("é a1") == ["é", "1\\a1"]
    with pytest.raises(ValueError, match=r"needs .*0 to .*1, the groups of"):
        transforms.RegexTokenizer([("(a)", r"\2")])
    with pytest.raises(TypeError, match="needs a text, got list"):
        quotes(["a"])


def test_tokens_to_guess() -> None:
    torch.manual_seed(3)
    hide = transforms.MaskTransform(30, 4, 6, 5)
    tokens = torch.randint(0, 30, (5, 17))
    tokens[:, 0] = 6
    tokens[2, 5:] = 5
    masked, targets, mask = hide(tokens)
    assert targets.tolist() == [21, 15, 20, 12, 2, 19, 21, 9]
    assert masked[1].tolist() == [6, 4, 14, 6, 29, 21, 16, 4, 8, 17, 24, 4, 20, 0, 1, 4, 13]
    assert (mask.dtype, mask.sum(1).tolist()) == (torch.int32, [2, 2, 1, 2, 1])
    nothing = transforms.MaskTransform(30, 4, 6, 5, mask_prob=0.01)
    assert nothing(tokens)[2].nonzero().tolist() == [[0, 0]]
