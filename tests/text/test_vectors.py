"""Vectors of words out of small files; what torchtext 0.18 gives for them."""

from __future__ import annotations

from pathlib import Path

import pytest

import rushlight as torch
from rushlight.text.vocab import CharNGram, GloVe, Vectors, pretrained_aliases

LINES = "4 3\nthe 0.1 0.2 0.3\nof 1e-2 -5 7\na\u00a0b 1 2 3\nCat 3 2 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "v.txt").write_text(LINES, encoding="utf-8")
    return tmp_path


def test_words_and_their_vectors(folder: Path) -> None:
    with pytest.warns(UserWarning, match="likely a header"):
        vectors = Vectors("v.txt", cache=str(folder))
    assert vectors.itos == ["the", "of", "a\u00a0b", "Cat"] and vectors.dim == 3
    assert len(vectors) == 4 and "of" in vectors and "dog" not in vectors
    assert torch.equal(vectors["of"], torch.tensor([0.01, -5, 7]))
    assert torch.equal(vectors["dog"], torch.zeros(3))
    pair = vectors.get_vecs_by_tokens(["the", "CAT"])
    assert pair.shape == (2, 3) and not pair[1].any()
    alone = vectors.get_vecs_by_tokens("THE", lower_case_backup=True)
    assert torch.equal(alone, vectors["the"])


def test_the_stored_tensors_are_read_the_next_time(folder: Path) -> None:
    with pytest.warns(UserWarning):
        first = Vectors(str(folder / "v.txt"), cache=str(folder / "kept"), max_vectors=2)
    assert (folder / "kept" / "v.txt_2.pt").is_file() and len(first) == 2
    (folder / "v.txt").write_text("other 1 2\n")
    again = Vectors(str(folder / "v.txt"), cache=str(folder / "kept"), max_vectors=2)
    assert again.stoi == first.stoi and torch.equal(again.vectors, first.vectors)


def test_unknown_words_by_ones_own_rule(folder: Path) -> None:
    with pytest.warns(UserWarning):
        vectors = Vectors("v.txt", cache=str(folder), unk_init=lambda row: row.fill_(2))
    assert vectors["dog"].tolist() == [2, 2, 2]


@pytest.mark.parametrize("content", ["the 1 2 3\nof 1 2\n", "", None])
def test_files_that_are_none(content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "w.txt").write_text(content)
    wanted = "has 2 dimensions" if content else "no vectors found"
    with pytest.raises(RuntimeError, match=wanted):
        Vectors("w.txt", cache=str(tmp_path))


def test_glove_by_its_name(tmp_path: Path) -> None:
    row = " ".join(map(str, range(50)))
    (tmp_path / "glove.6B.50d.txt").write_text(f"word {row}\n")
    assert GloVe("6B", 50, cache=str(tmp_path))["word"].tolist() == list(range(50))
    made = pretrained_aliases["glove.6B.50d"](cache=str(tmp_path))
    assert len(made) == 1 and len(pretrained_aliases) == 13


def test_letters(tmp_path: Path) -> None:
    keys = ["2gram-#BEGIN#c", "2gram-ca", "3gram-cat", "2gram-t#END#", "4gram-xxxx"]
    (tmp_path / "charNgram.txt").write_text(
        "\n".join(f"{key} {number} {number * 2}" for number, key in enumerate(keys))
    )
    vectors = CharNGram(cache=str(tmp_path))
    assert vectors["cat"].tolist() == [[1.5, 3.0]]  # the mean of the first four
    assert vectors["zzz"].tolist() == vectors["<unk>"].tolist() == [[0, 0]]
