"""Tokens, vocabularies, transforms: what torchtext 0.18 gives."""

from __future__ import annotations

import io
from collections import OrderedDict

import pytest

import rushlight as torch
from rushlight.text import functional as F
from rushlight.text import transforms as T
from rushlight.text.data import get_tokenizer, interleave_keys
from rushlight.text.vocab import Vocab, build_vocab_from_iterator, vocab


def test_tokenisers() -> None:
    basic = get_tokenizer("basic_english")
    assert basic('He said: "No!" (twice); a.b,c<br />d?') == (
        ["he", "said", "no", "!", "(", "twice", ")", "a", ".", "b", ",", "c", "d", "?"]
    )
    assert get_tokenizer(None)(" A  b\n") == ["A", "b"]
    assert get_tokenizer(str.splitlines)("a\nb") == ["a", "b"]
    with pytest.raises(ValueError, match="Requested tokenizer nonsense"):
        get_tokenizer("nonsense")
    with pytest.raises(ValueError, match="Basic normalization"):
        get_tokenizer("basic_english", language="de")
    with pytest.raises(ImportError):
        get_tokenizer("revtok")
    assert interleave_keys(0b101, 0b011) == 0b100111


def test_order_and_specials() -> None:
    lines = [["b", "a", "b"], ["c", "a", "d"]]
    assert build_vocab_from_iterator(lines).get_itos() == ["a", "b", "c", "d"]
    last = build_vocab_from_iterator(lines, 2, ["<pad>", "a"], special_first=False)
    assert last.get_itos() == ["b", "<pad>", "a"]
    assert build_vocab_from_iterator(lines, specials=["<u>"], max_tokens=3).get_itos() == [
        "<u>", "a", "b"
    ]  # fmt: skip
    with pytest.raises(AssertionError):
        build_vocab_from_iterator(lines, specials=["<u>"], max_tokens=1)
    assert vocab(OrderedDict(z=1, y=2)).get_stoi() == {"z": 0, "y": 1}


def test_lookups_and_changes() -> None:
    numbers = Vocab(["x", "y"])
    with pytest.raises(RuntimeError, match="Token q not found and default index is not set"):
        numbers["q"]
    numbers.insert_token("first", 0)
    numbers.append_token("last")
    assert numbers(["first", "x", "last"]) == [0, 1, 3]
    assert numbers.lookup_tokens([3, 0]) == ["last", "first"]
    for wrong in (lambda: numbers.append_token("x"), lambda: numbers.insert_token("new", 9),
                  lambda: numbers.lookup_token(4), lambda: numbers.lookup_token(-1),
                  lambda: Vocab(["a", "a"])):  # fmt: skip
        with pytest.raises(RuntimeError):
            wrong()
    numbers.set_default_index(-1)
    assert numbers["q"] == -1
    numbers.set_default_index(None)
    assert numbers.get_default_index() is None


def test_a_vocabulary_goes_through_a_file() -> None:
    numbers = Vocab(["x", "y"])
    numbers.set_default_index(0)
    buffer = io.BytesIO()
    torch.save(numbers, buffer)
    buffer.seek(0)
    again = torch.load(buffer, weights_only=False)
    assert again(["y", "?"]) == [1, 0]


def test_a_chain_of_transforms() -> None:
    chain = T.Sequential(
        T.VocabTransform(Vocab(["<pad>", "<bos>", "a", "b"])),
        T.Truncate(2), T.AddToken(1), T.ToTensor(padding_value=0), T.PadTransform(5, 0),
    )  # fmt: skip
    assert chain([["a", "b", "a"], ["b"]]).tolist() == [[1, 2, 3, 0, 0], [1, 3, 0, 0, 0]]
    assert chain(["a"]).tolist() == [1, 2, 0, 0, 0]
    assert T.StrToIntTransform()([["1", "2"], ["3"]]) == [[1, 2], [3]]
    assert T.AddToken(9, begin=False)([1]) == [1, 9]
    assert T.LabelToIndex(["pos", "neg"], sort_names=True)(["neg", "pos"]) == [0, 1]
    with pytest.raises(TypeError, match="Input type not supported"):
        T.Truncate(2)("abc")
    assert T.ToTensor(dtype=torch.int32)([[1, 2]]).dtype == torch.int32


def test_specials_leave_the_mapping() -> None:
    counts = OrderedDict([("b", 3), ("a", 1), ("<unk>", 2)])
    assert vocab(counts, specials=["<unk>"]).get_itos() == ["<unk>", "b", "a"]
    assert list(counts) == ["b", "a"]


@pytest.mark.parametrize("wrong", [None, [1.5], [[1], 2], [[1], ["a"]], "ab"])
def test_lists_of_one_kind(wrong: object) -> None:
    for function in (F.to_tensor, F.str_to_int, lambda each: F.truncate(each, 1)):
        with pytest.raises(TypeError, match="not supported"):
            function(wrong)


def test_a_token_is_of_the_elements_type() -> None:
    with pytest.raises(TypeError, match="a list of str"):
        F.add_token([1, 2], "x")
    assert F.to_tensor([1, 2], dtype=torch.int32).dtype == torch.int64
    assert F.to_tensor([[1], [2, 3]], 0, torch.int32).dtype == torch.int32
