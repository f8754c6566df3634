"""Fields and bucketed batches: the numbers are torchtext 0.6's."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

import rushlight as torch
from rushlight import text
from rushlight.text.legacy import data, datasets, vocab

ROWS = [
    ("A cat sat", "pos"), ("the dog ran far away", "neg"), ("a mat", "pos"),
    ("the cat and the dog", "neg"), ("red", "pos"), ("a red cat ran", "neg"), ("dog", "pos"),
]  # fmt: skip


@pytest.fixture
def table(tmp_path: Path):
    """(data set, text field, label field)."""
    lines = "".join(f"{words},{label}\n" for words, label in ROWS)
    (tmp_path / "t.csv").write_text("text,label\n" + lines)
    words = data.Field(lower=True, include_lengths=True, init_token="<s>")
    label = data.LabelField()
    fields = [("text", words), ("label", label)]
    return data.TabularDataset(tmp_path / "t.csv", "csv", fields, skip_header=True), words, label


def test_splits_are_drawn_as_ever(table) -> None:
    random.seed(7)
    parts = table[0].split([0.6, 0.2, 0.2], random_state=random.getstate())
    assert [[" ".join(each.text) for each in part] for part in parts] == [
        ["a mat", "the dog ran far away", "the cat and the dog", "a cat sat"],
        ["dog", "a red cat ran"],
        ["red"],
    ]
    stratified = table[0].split(0.5, stratified=True)
    assert [sorted(part.label) for part in stratified] == [
        ["neg", "neg", "pos", "pos"],
        ["neg", "pos", "pos"],
    ]


def test_buckets(table) -> None:
    examples, words, label = table
    words.build_vocab(examples, min_freq=2)
    label.build_vocab(examples)
    assert words.vocab.itos == ["<unk>", "<pad>", "<s>", "a", "cat", "dog", "the", "ran", "red"]
    assert label.vocab.itos == ["pos", "neg"]
    random.seed(7)
    stream = data.BucketIterator(
        examples, 3, sort_key=lambda each: len(each.text), sort_within_batch=True
    )
    batches = list(stream)
    assert [batch.text[0].tolist() for batch in batches] == [
        [[2], [6], [4], [0], [6], [5]],
        [[2, 2, 2], [3, 8, 5], [0, 1, 1]],
        [[2, 2, 2], [6, 3, 3], [5, 8, 4], [7, 4, 0], [0, 7, 1], [0, 1, 1]],
    ]
    assert [batch.text[1].tolist() for batch in batches] == [[6], [3, 2, 2], [6, 5, 4]]
    assert [batch.label.tolist() for batch in batches] == [[1], [0, 0, 0], [1, 1, 0]]
    assert str(batches[2]).splitlines()[2:] == [
        "\t[.text]:('[torch.LongTensor of size 6x3]', '[torch.LongTensor of size 3]')",
        "\t[.label]:[torch.LongTensor of size 3]",
    ]
    inputs, target = batches[1]
    assert inputs is batches[1].text
    assert target is batches[1].label


def test_an_epoch_goes_on_where_it_stopped(table) -> None:
    examples, words, label = table
    words.build_vocab(examples)
    label.build_vocab(examples)
    stream = data.Iterator(examples, 2)
    running = iter(stream)
    next(running)
    state = stream.state_dict()
    rest = [batch.label.tolist() for batch in running]
    again = data.Iterator(examples, 2)
    again.load_state_dict(state)
    assert [batch.label.tolist() for batch in again] == rest
    with pytest.raises(NotImplementedError, match="size that varies"):
        len(data.Iterator(examples, 2, batch_size_fn=lambda new, count, sofar: count))


def test_one_long_text(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("a b c d\ne f g\n")
    words = data.Field()
    corpus = datasets.LanguageModelingDataset(str(tmp_path / "w.txt"), words)
    words.build_vocab(corpus)
    batches = list(data.BPTTIterator(corpus, 2, 2))
    assert [each.text.tolist() for each in batches] == [[[3, 7], [4, 8]], [[5, 9], [6, 2]]]
    assert [each.target.tolist() for each in batches] == [[[4, 8], [5, 9]], [[6, 2], [2, 1]]]


@pytest.mark.parametrize(
    ("options", "padded"),
    [
        ({}, [["a", "b", "c"], ["d", "<pad>", "<pad>"]]),
        ({"fix_length": 2}, [["a", "b"], ["d", "<pad>"]]),
        ({"fix_length": 2, "truncate_first": True}, [["b", "c"], ["d", "<pad>"]]),
        ({"pad_first": True, "eos_token": "."}, [["a", "b", "c", "."], ["<pad>"] * 2 + ["d", "."]]),
        ({"include_lengths": True}, ([["a", "b", "c"], ["d", "<pad>", "<pad>"]], [3, 1])),
        ({"sequential": False}, [["a", "b", "c"], ["d"]]),
    ],
)
def test_padding(options, padded) -> None:
    assert data.Field(**options).pad([["a", "b", "c"], ["d"]]) == padded


def test_json_and_tags(tmp_path: Path) -> None:
    line = json.dumps({"t": "x y", "in": {"score": 2}, "l": [{"w": "p"}, {"w": "q"}]})
    (tmp_path / "t.json").write_text(line + "\n")
    words, raw = data.Field(), data.RawField()
    score = data.Field(sequential=False, use_vocab=False, dtype=torch.float)
    fields = {"t": [("a", words), ("b", raw)], "in.score": ("s", score), "l.w": ("w", raw)}
    (example,) = data.TabularDataset(str(tmp_path / "t.json"), "json", fields)
    assert vars(example) == {"a": ["x", "y"], "b": "x y", "s": 2, "w": ["p", "q"]}
    assert score.process([2, "3.5"]).tolist() == [2.0, 3.5]
    (tmp_path / "tags.txt").write_text("a\tDT\ncat\tNN\n\n\nit\tPR\n")
    pair = (("w", words), ("t", words))
    tagged = datasets.SequenceTaggingDataset(str(tmp_path / "tags.txt"), pair)
    assert [each.w + each.t for each in tagged] == [["a", "cat", "DT", "NN"], ["it", "PR"]]


def test_pairs_of_languages_and_vectors(tmp_path: Path) -> None:
    (tmp_path / "multi30k").mkdir()
    for part in ("train", "val", "test2016"):
        (tmp_path / "multi30k" / f"{part}.de").write_text("ein Hund\n\nzwei\n")
        (tmp_path / "multi30k" / f"{part}.en").write_text("a dog\nnothing\ntwo\n")
    source, target = data.Field(), data.Field()
    parts = text.datasets.Multi30k.splits((".de", ".en"), (source, target), root=str(tmp_path))
    assert [len(part) for part in parts] == [2, 2, 2]
    (tmp_path / "v.txt").write_text("dog 1 2\ntwo 3 4\n")
    table = vocab.Vectors(str(tmp_path / "v.txt"), cache=str(tmp_path))
    target.build_vocab(parts[0], vectors=table)
    assert target.vocab.vectors.tolist() == [[0, 0], [0, 0], [0, 0], [1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: data.Field(include_lengths=True).numericalize([["a"]]), ValueError),
        (lambda: data.Field(use_vocab=False, dtype=torch.bool).numericalize([[1]]), ValueError),
        (lambda: data.Field(stop_words=3), ValueError),
        (lambda: data.Example.fromJSON('{"a": 1}', {"b": ("b", data.RawField())}), ValueError),
        (lambda: data.Dataset([], {}).split("a"), ValueError),
        (lambda: data.Dataset([], {}).split(1.5), AssertionError),
        (lambda: data.Dataset([], {}).missing, AttributeError),
        (lambda: data.Pipeline(3), ValueError),
        (lambda: data.NestedField, NotImplementedError),
    ],
)
def test_what_cannot_be(call, error) -> None:
    with pytest.raises(error):
        call()


def test_names_of_then_are_where_they_were() -> None:
    assert text.data.BucketIterator is data.BucketIterator
    assert text.datasets.IMDB.splits.__func__ is datasets.IMDB.splits.__func__
    assert text.data.get_tokenizer("basic_english")("A b") == ["a", "b"]
    assert data.Pipeline(str.lower).add_after(str.strip)(["A ", " B"]) == ["a", "b"]
