"""Recorded speech in its published layouts."""

from __future__ import annotations

import shutil

import pytest

import rushlight as torch
from rushlight import audio
from rushlight.audio import datasets as D


@pytest.fixture
def wav(tmp_path):
    """Puts a short recording at a path."""
    audio.save(str(tmp_path / "tone.wav"), torch.linspace(-0.5, 0.5, 160)[None], 16000)

    def put(*parts: str):
        path = tmp_path.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "tone.wav", path)
        return path

    return put


def test_yes_and_no(wav, tmp_path) -> None:
    wav("waves_yesno", "1_0_1.wav")
    wav("waves_yesno", "0_0_1.wav")
    data = D.YESNO(tmp_path)
    samples, rate, said = data[0]
    assert (tuple(samples.shape), rate, said, len(data)) == ((1, 160), 16000, [0, 0, 1], 2)


def test_one_reader(wav, tmp_path) -> None:
    wav("LJSpeech-1.1", "wavs", "LJ001.wav")
    (tmp_path / "LJSpeech-1.1" / "metadata.csv").write_text('LJ001|In 1813 "x"|In eighteen\n')
    samples, rate, *texts = D.LJSPEECH(tmp_path)[0]
    assert (tuple(samples.shape), rate, texts) == ((1, 160), 16000, ['In 1813 "x"', "In eighteen"])


def test_books(tmp_path) -> None:
    folder = tmp_path / "LibriSpeech" / "dev-clean" / "84" / "121"
    folder.mkdir(parents=True)
    for number in (1, 0):
        (folder / f"84-121-000{number}.flac").write_bytes(b"")
    (folder / "84-121.trans.txt").write_text("84-121-0000 GO ON\n84-121-0002 NO\n")
    data = D.LIBRISPEECH(tmp_path, "dev-clean")
    path = "dev-clean/84/121/84-121-0000.flac"
    assert data.get_metadata(0) == (path, 16000, "GO ON", 84, 121, 0)
    with pytest.raises(FileNotFoundError, match="Translation not found for 84-121-0001"):
        data.get_metadata(1)
    with pytest.raises(ValueError, match="Invalid url 'dev'"):
        D.LIBRISPEECH(tmp_path, "dev")


def test_tables(wav, tmp_path) -> None:
    (tmp_path / "train.tsv").write_text("client_id\tpath\tage\nq\ta.wav\t3\n")
    shutil.move(wav("clips", "a.wav"), tmp_path / "clips" / "a.wav.mp3")
    samples, rate, row = D.COMMONVOICE(tmp_path)[0]
    assert row == {"client_id": "q", "path": "a.wav", "age": "3"}
    assert (tuple(samples.shape), rate) == ((1, 160), 16000)


def test_music_by_genre(wav, tmp_path) -> None:
    for genre, number in (("rock", 1), ("blues", 7), ("blues", 3)):
        wav("genres", genre, f"{genre}.{number:05}.wav")
    wav("genres", "rock", "notes.wav")
    data = D.GTZAN(tmp_path)
    assert [(rate, genre) for _, rate, genre in (data[k] for k in range(len(data)))] == [
        (16000, "blues"), (16000, "blues"), (16000, "rock"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="`subset` is provided"):
        D.GTZAN(tmp_path, subset="dev")
    with pytest.raises(NotImplementedError, match="subset='testing'"):
        D.GTZAN(tmp_path, subset="testing")


def test_books_in_words(wav, tmp_path) -> None:
    stem = wav("LibriTTS", "dev-clean", "84", "121", "84_121_000008_000002.wav").with_suffix("")
    stem.with_suffix(".original.txt").write_text("Mr. 3\n")
    stem.with_suffix(".normalized.txt").write_text("Mister three")
    samples, *rest = D.LIBRITTS(tmp_path, "dev-clean")[0]
    assert samples.shape == (1, 160)
    assert rest == [16000, "Mr. 3", "Mister three", 84, 121, "84_121_000008_000002"]


def test_one_voice(wav, tmp_path) -> None:
    wav("ARCTIC", "cmu_us_slt_arctic", "wav", "arctic_a0002.wav")
    table = tmp_path / "ARCTIC" / "cmu_us_slt_arctic" / "etc" / "txt.done.data"
    table.parent.mkdir()
    table.write_text('( arctic_a0002 "Not at this, (he) said." )\n\n')
    samples, *rest = D.CMUARCTIC(tmp_path, "slt")[0]
    assert samples.shape == (1, 160) and rest == [16000, "Not at this, (he) said.", "a0002"]
    with pytest.raises(ValueError, match="Invalid url 'xyz'"):
        D.CMUARCTIC(tmp_path, "xyz")
    with pytest.raises(NotImplementedError, match="unpack it yourself"):
        D.CMUARCTIC(tmp_path, "aew", download=True)


NAMES = ["CMUARCTIC", "GTZAN", "LIBRISPEECH", "LIBRITTS", "LJSPEECH", "YESNO"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there(name: str, tmp_path) -> None:
    with pytest.raises(RuntimeError, match="Dataset not found"):
        getattr(D, name)(tmp_path)


def test_what_is_left_out_says_so() -> None:
    for module, name in ((D, "MUSDB_HQ"), (audio.functional, "vad"), (audio.transforms, "Vad"),
                         (audio, "pipelines")):  # fmt: skip
        with pytest.raises(NotImplementedError, match=f"{name} is left out"):
            getattr(module, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        audio.functional.nothing  # noqa: B018
