"""Sound files: written and read back, damaged ones, and the spoken words of SPEECHCOMMANDS."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import urllib.error
import wave
from pathlib import Path

import pytest

import rushlight as torch
from rushlight import audio
from rushlight.audio.datasets import SPEECHCOMMANDS, speech_commands
from rushlight.utils.data import DataLoader

KINDS = [("PCM_U", 8), ("PCM_S", 16), ("PCM_S", 24), ("PCM_S", 32), ("PCM_F", 32), ("PCM_F", 64)]


def wav_bytes(samples: torch.Tensor, **options) -> io.BytesIO:
    buffer = io.BytesIO()
    audio.save(buffer, samples, 8000, format="wav", **options)
    buffer.seek(0)
    return buffer


@pytest.mark.parametrize(("encoding", "bits"), KINDS)
def test_there_and_back(encoding: str, bits: int) -> None:
    samples = torch.rand(2, 333) * 2 - 1
    buffer = wav_bytes(samples, encoding=encoding, bits_per_sample=bits)
    found = audio.info(buffer)
    assert found == audio.AudioMetaData(8000, 333, 2, bits, encoding)
    again, rate = audio.load(buffer)
    assert rate == 8000 and again.dtype == torch.float32 and again.shape == (2, 333)
    step = 0.0 if encoding == "PCM_F" else 2.0 ** (1 - bits)
    assert float((again - samples).abs().max()) <= step
    part, _ = audio.load(buffer, frame_offset=300, num_frames=100, channels_first=False)
    assert torch.equal(part, again.T[300:])


def test_samples_as_stored() -> None:
    for dtype in (torch.uint8, torch.int16, torch.int32, torch.float32, torch.float64):
        samples = (torch.arange(20).reshape(1, 20) * 5).to(dtype)
        again, _ = audio.load(wav_bytes(samples), normalize=False)
        assert again.dtype == dtype and torch.equal(again, samples)
    with pytest.raises(ValueError, match="Unsupported dtype for wav"):
        wav_bytes(samples.to(torch.int64))


def test_loud_samples_are_clipped_and_full_scale_is_exact() -> None:
    loud = torch.tensor([[-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]])
    stored, _ = audio.load(wav_bytes(loud, encoding="PCM_S", bits_per_sample=16), normalize=False)
    assert stored.tolist() == [[-32768, -32768, -16384, 0, 16384, 32767, 32767]]


def test_pythons_own_reader_agrees(tmp_path: Path) -> None:
    samples = (torch.arange(30).reshape(2, 15) * 1000 - 15000).to(torch.int16)
    audio.save(tmp_path / "a.wav", samples, 44100)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 44100, 15)
        assert file.readframes(15) == samples.T.contiguous().numpy().tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


def test_a_killed_recorder_and_chunks_in_between() -> None:
    whole = wav_bytes(torch.ones(1, 8, dtype=torch.int16)).getvalue()
    extra = whole[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + whole[12:]
    assert audio.load(io.BytesIO(extra), normalize=False)[0].tolist() == [[1] * 8]
    endless = whole.replace(b"data" + struct.pack("<I", 16), b"data\xff\xff\xff\xff")
    assert audio.load(io.BytesIO(endless))[0].shape == (1, 8)
    assert audio.load(io.BytesIO(whole[:-5]))[0].shape == (1, 5)


def test_damaged_files_and_wrong_requests(tmp_path: Path) -> None:
    whole = wav_bytes(torch.ones(1, 8)).getvalue()
    for damaged in (whole[:20], whole[:36], whole.replace(struct.pack("<HH", 3, 1), b"\3\0\0\0")):
        with pytest.raises(RuntimeError, match="damaged"):
            audio.load(io.BytesIO(damaged))
    with pytest.raises(RuntimeError, match="Invalid frame_offset"):
        audio.load(io.BytesIO(whole), frame_offset=-1)
    with pytest.raises(ValueError, match="Expected 2D Tensor, got 1D"):
        wav_bytes(torch.ones(8))
    with pytest.raises(ValueError, match="8-bit signed"):
        wav_bytes(torch.ones(1, 8), encoding="PCM_S", bits_per_sample=8)
    if not audio.list_audio_backends():
        with pytest.raises(ImportError, match="soundfile"):
            audio.load(io.BytesIO(b"fLaC" + bytes(100)))
        with pytest.raises(ImportError, match="soundfile"):
            audio.save(tmp_path / "a.flac", torch.ones(1, 8), 8000)
        assert list(tmp_path.iterdir()) == []


NAMES = ["yes/aa_nohash_0.wav", "yes/bb_nohash_1.wav", "no/aa_nohash_0.wav", "no/cc_nohash_0.wav"]


def recordings() -> dict[str, bytes]:
    files = {
        name: wav_bytes(torch.full((1, 160), 0.01 * place)).getvalue().replace(
            struct.pack("<II", 8000, 32000), struct.pack("<II", 16000, 64000)
        )
        for place, name in enumerate(NAMES)
    }  # fmt: skip
    files["_background_noise_/hum.wav"] = files[NAMES[0]]
    files["validation_list.txt"] = b"no/aa_nohash_0.wav\n"
    files["testing_list.txt"] = b"yes/bb_nohash_1.wav\n"
    return files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, data in recordings().items():
        path = tmp_path / "SpeechCommands" / "speech_commands_v0.02" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def test_spoken_words_by_subset(root: Path) -> None:
    assert len(SPEECHCOMMANDS(root)) == 4
    first = {name: SPEECHCOMMANDS(root, subset=name).get_metadata(0)[2:] for name in (
        "validation", "testing", "training")}  # fmt: skip
    assert first == {
        "validation": ("no", "aa", 0), "testing": ("yes", "bb", 1), "training": ("no", "cc", 0)
    }  # fmt: skip
    train = SPEECHCOMMANDS(str(root), subset="training")
    assert len(train) == 2
    samples, rate, word, speaker, number = train[1]
    assert (rate, word, speaker, number) == (16000, "yes", "aa", 0)
    assert samples.shape == (1, 160) and samples.dtype == torch.float32
    path, *rest = train.get_metadata(1)
    assert path == "speech_commands_v0.02/yes/aa_nohash_0.wav" and rest == [16000, "yes", "aa", 0]
    batch = next(iter(DataLoader(train, batch_size=2)))
    assert batch[0].shape == (2, 1, 160) and list(batch[2]) == ["no", "yes"]


def test_spoken_words_that_are_not_there(tmp_path: Path, monkeypatch) -> None:
    with pytest.raises(RuntimeError, match=r"doesn't exist\. Please check the ``root`` path"):
        SPEECHCOMMANDS(tmp_path)
    with pytest.raises(ValueError, match="When `subset` is not None"):
        SPEECHCOMMANDS(tmp_path, subset="train")

    def refused(request, **options):
        raise urllib.error.URLError(f"no network in tests: {request.full_url}")

    monkeypatch.setattr("urllib.request.urlopen", refused)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in recordings().items():
            entry = tarfile.TarInfo(f"./{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    (tmp_path / "speech_commands_v0.02.tar.gz").write_bytes(packed.getvalue())
    with pytest.raises(RuntimeError, match="sha256 af14739e"):
        SPEECHCOMMANDS(tmp_path, download=True)
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    monkeypatch.setitem(speech_commands.SHA256, "speech_commands_v0.02", digest)
    assert len(SPEECHCOMMANDS(tmp_path, download=True, subset="training")) == 2
