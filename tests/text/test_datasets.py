"""torchtext's corpora: small ones made here in the published layout, and missing ones."""

from __future__ import annotations

import csv
import hashlib
import io
import pickle
import tarfile
import urllib.error
import zipfile
from pathlib import Path

import pytest

from rushlight.text import datasets
from rushlight.text.data import get_tokenizer, to_map_style_dataset
from rushlight.text.datasets import corpus, imdb, language, reviews, translation
from rushlight.text.vocab import build_vocab_from_iterator
from rushlight.utils.data import DataLoader

ROWS = [
    ["3", "Wall St.", 'Short-sellers, "seeing green", again.\nNext line'],
    ["1", "Title", "Ünïcode"],
]
SAMPLES = [
    (3, 'Wall St. Short-sellers, "seeing green", again.\nNext line'),
    (1, "Title Ünïcode"),
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch) -> None:
    def refused(request, **options):
        raise urllib.error.URLError(f"no network in tests: {request.full_url}")

    monkeypatch.setattr("urllib.request.urlopen", refused)


def table() -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(ROWS)
    return text.getvalue().encode()


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def tar_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


@pytest.mark.parametrize("layout", ["datasets/AG_NEWS", "AG_NEWS"])
def test_news(layout: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(reviews.NEWS_MD5, "train", md5(table()))
    folder = tmp_path / layout
    folder.mkdir(parents=True)
    (folder / "train.csv").write_bytes(table())
    train = datasets.AG_NEWS(root=tmp_path, split="train")
    assert list(train) == SAMPLES == list(train)
    assert next(train) == SAMPLES[0] and next(train) == SAMPLES[1]
    assert list(pickle.loads(pickle.dumps(train))) == SAMPLES
    both = datasets.AG_NEWS(str(tmp_path))
    assert isinstance(both, tuple) and [each.split for each in both] == ["train", "test"]
    assert repr(train) == "AG_NEWS(split='train')"


def test_a_file_of_ones_own_is_read_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "AG_NEWS").mkdir()
    (tmp_path / "AG_NEWS" / "test.csv").write_bytes(table())
    with pytest.warns(UserWarning, match="is not the published file"):
        assert list(datasets.AG_NEWS(tmp_path, "test")) == SAMPLES


def test_a_row_without_a_class_is_named(tmp_path: Path) -> None:
    (tmp_path / "AG_NEWS").mkdir()
    (tmp_path / "AG_NEWS" / "test.csv").write_text('"1","a"\n"good","b"\n')
    with pytest.warns(UserWarning), pytest.raises(RuntimeError, match=r"test\.csv, row 2"):
        list(datasets.AG_NEWS(tmp_path, "test"))


@pytest.mark.parametrize("name", ["AmazonReviewFull", "AmazonReviewPolarity"])
def test_amazon_is_unpacked_from_the_archive(name: str, tmp_path: Path, monkeypatch) -> None:
    stem = "amazon_review_full_csv" if name.endswith("Full") else "amazon_review_polarity_csv"
    folder = tmp_path / "datasets" / name
    folder.mkdir(parents=True)
    packed = tar_of({f"{stem}/train.csv": table(), f"{stem}/readme.txt": b"", "../evil": b"x"})
    (folder / f"{stem}.tar.gz").write_bytes(packed)
    with pytest.raises(RuntimeError, match="Error downloading"):  # the md5 is not the published one
        list(getattr(datasets, name)(tmp_path, "train"))
    monkeypatch.setattr(corpus, "check_integrity", lambda path, md5, sha256=None: True)
    assert list(getattr(datasets, name)(tmp_path, "train")) == SAMPLES
    assert (folder / stem / "train.csv").read_bytes() == table()
    with pytest.raises(RuntimeError, match=r"holds no file .*/test\.csv"):
        list(getattr(datasets, name)(tmp_path, "test"))
    found = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert found == [f"{stem}.tar.gz", "train.csv"]


def test_imdb_unpacked_and_packed(tmp_path: Path, monkeypatch) -> None:
    files = {
        "aclImdb/train/neg/10_2.txt": b"awful", "aclImdb/train/neg/9_1.txt": b"bad<br />bad",
        "aclImdb/train/pos/0_9.txt": "schön".encode(), "aclImdb/train/unsup/0_0.txt": b"?",
        "aclImdb/test/pos/0_10.txt": b"test", "aclImdb/train/urls_pos.txt": b"http",
    }  # fmt: skip
    packed_root, root = tmp_path / "packed", tmp_path / "unpacked"
    archive = packed_root / "datasets" / "IMDB" / "aclImdb_v1.tar.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(tar_of(files))
    monkeypatch.setattr(imdb, "MD5", md5(archive.read_bytes()))
    for name, data in files.items():
        path = root / "datasets" / "IMDB" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    expected = [(1, "bad<br />bad"), (1, "awful"), (2, "schön")]
    assert list(datasets.IMDB(root, "train")) == expected
    assert sorted(datasets.IMDB(packed_root, "train")) == sorted(expected)
    assert list(datasets.IMDB(packed_root, "test")) == [(2, "test")]


def test_running_text(tmp_path: Path, monkeypatch) -> None:
    wiki = tmp_path / "datasets" / "WikiText2"
    wiki.mkdir(parents=True)
    packed = wiki / "wikitext-2-v1.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wikitext-2/wiki.valid.tokens", " \n = Title = \n the <unk> \n")
    monkeypatch.setitem(language.WIKI_MD5, "wikitext-2", md5(packed.read_bytes()))
    lines = list(datasets.WikiText2(tmp_path, "valid"))
    assert lines == [" \n", " = Title = \n", " the <unk> \n"]
    bank = tmp_path / "datasets" / "PennTreebank"
    bank.mkdir()
    (bank / "ptb.train.txt").write_text(" aer banknote \n no it was n't \n")
    monkeypatch.setitem(language.TREEBANK_MD5, "train", md5((bank / "ptb.train.txt").read_bytes()))
    lines = list(datasets.PennTreebank(tmp_path, "train"))
    assert lines == ["aer banknote", "no it was n't"]


def test_what_is_not_there_says_where_to_put_it(tmp_path: Path) -> None:
    train = datasets.PennTreebank(tmp_path, split="train")  # nothing happens before it is read
    with pytest.raises(RuntimeError, match=r"datasets/PennTreebank/ptb\.train\.txt"):
        next(iter(train))
    with pytest.raises(TypeError, match=r"Given selection .'dev',. of splits is not supported"):
        datasets.IMDB(tmp_path, split="dev")


def test_a_classifier_tutorial_batches_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(reviews.NEWS_MD5, "train", md5(table()))
    (tmp_path / "AG_NEWS").mkdir()
    (tmp_path / "AG_NEWS" / "train.csv").write_bytes(table())
    tokenizer = get_tokenizer("basic_english")
    train = datasets.AG_NEWS(tmp_path, "train")
    vocab = build_vocab_from_iterator((tokenizer(text) for _, text in train), specials=["<unk>"])
    vocab.set_default_index(vocab["<unk>"])
    collated = list(
        DataLoader(
            to_map_style_dataset(train), batch_size=2,
            collate_fn=lambda batch: [(label - 1, vocab(tokenizer(text))) for label, text in batch],
        )
    )  # fmt: skip
    assert [label for label, _ in collated[0]] == [2, 0]
    assert [len(ids) for _, ids in collated[0]] == [12, 2]
    assert vocab(["zebra", "title"]) == [0, vocab["title"]]
    (labels, texts), = DataLoader(train, batch_size=2)  # fmt: skip
    assert labels.tolist() == [3, 1] and list(texts) == [text for _, text in SAMPLES]


def test_other_reviews(tmp_path: Path) -> None:
    for name, stem in (
        ("YelpReviewFull", "yelp_review_full_csv"), ("DBpedia", "dbpedia_csv"),
        ("YelpReviewPolarity", "yelp_review_polarity_csv"), ("SogouNews", "sogou_news_csv"),
        ("YahooAnswers", "yahoo_answers_csv"),
    ):  # fmt: skip
        folder = tmp_path / "datasets" / name / stem
        folder.mkdir(parents=True)
        (folder / "test.csv").write_bytes(table())
        assert list(getattr(datasets, name)(tmp_path, split="test")) == SAMPLES


def test_two_languages(tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "datasets" / "Multi30k"
    folder.mkdir(parents=True)
    packed = tar_of({"val.de": b"Ein Haus.\nZwei\n", "val.en": b"A house.\nTwo\n"})
    (folder / "validation.tar.gz").write_bytes(packed)
    monkeypatch.setitem(
        translation.FILES, "valid", ("val", "validation.tar.gz", hashlib.sha256(packed).hexdigest())
    )
    pairs = [("Ein Haus.", "A house."), ("Zwei", "Two")]
    assert list(datasets.Multi30k(tmp_path, "valid")) == pairs
    turned = datasets.Multi30k(tmp_path, "valid", language_pair=("en", "de"))
    assert list(turned) == [(second, first) for first, second in pairs]
    (folder / "val.en").write_text("A house.\n")
    with pytest.raises(RuntimeError, match="as many lines"):
        list(turned)
    with pytest.raises(AssertionError, match="language_pair must be"):
        datasets.Multi30k(tmp_path, language_pair=("de", "fr"))


def test_marks_go_one_after_the_other() -> None:
    assert get_tokenizer("basic_english")("<br \"/>A's") == ["a", "'", "s"]
    assert get_tokenizer("basic_english")('a<b"r />b') == ["a", "b"]
