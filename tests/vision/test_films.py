"""Clips out of films, data sets of films, and PyAV, where it is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import datasets, io
from rushlight.vision.datasets import samplers
from rushlight.vision.datasets.video_utils import VideoClips, unfold

HAS_AV = importlib.util.find_spec("av") is not None


def _known(*lengths: int, rate: float = 25.0) -> dict[str, object]:
    return {
        "video_paths": [f"{place}.avi" for place in range(len(lengths))],
        "video_pts": [torch.arange(length) for length in lengths],
        "video_fps": [rate] * len(lengths),
    }


def _clips(known: dict[str, object], *how: object) -> VideoClips:
    return VideoClips(known["video_paths"], *how, _precomputed_metadata=known)


def test_clips_of_films() -> None:
    clips = _clips(_known(9, 4), 4, 2)
    assert [each.tolist() for each in clips.clips] == [
        [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]], [[0, 1, 2, 3]],
    ]  # fmt: skip
    assert len(clips) == 4 and clips.num_videos() == 2
    assert [clips.get_clip_location(place) for place in (0, 2, 3)] == [(0, 0), (0, 2), (1, 0)]
    slower = _clips(_known(9), 3, 1, 10)  # every 2.5th picture
    assert slower.clips[0].tolist() == [[0, 2, 5]]
    assert _clips(_known(3), 4, 1, 50).clips[0].tolist() == [
        [0, 0, 1, 1],
        [0, 1, 1, 2],
        [1, 1, 2, 2],
    ]
    with pytest.raises(IndexError, match=r"Index 9 out of range \(4 number of clips\)"):
        clips.get_clip(9)
    with pytest.raises(ValueError, match="either 'THWC' or 'TCHW', got CTHW"):
        VideoClips([], output_format="CTHW")
    with pytest.warns(UserWarning, match="aren't enough frames in the current video"):
        assert len(_clips(_known(3), 4, 1)) == 0
    assert unfold(torch.arange(7), 2, 3, dilation=2).tolist() == [[0, 2], [3, 5]]


def test_samplers_of_clips() -> None:
    clips = _clips(_known(8, 3, 6), 2, 1)  # 7, 2 and 5 clips
    torch.manual_seed(0)
    random = samplers.RandomClipSampler(clips, 3)
    drawn = list(random)
    assert len(random) == len(drawn) == 8
    films = [(0, 7), (7, 9), (9, 14)]
    assert [sum(a <= place < b for place in drawn) for a, b in films] == [3, 2, 3]
    even = samplers.UniformClipSampler(clips, 3)
    assert list(even) == [0, 3, 6, 7, 7, 8, 9, 11, 13] and len(even) == 9
    with pytest.raises(TypeError, match="instance of VideoClips"):
        samplers.RandomClipSampler([1, 2], 3)


@pytest.mark.parametrize("name", ["UCF101", "HMDB51"])
def test_folds(name: str, tmp_path: Path) -> None:
    for film in ("a/x.avi", "a/y.avi", "b/z.avi"):
        file = tmp_path / "films" / film
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"")
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "trainlist02.txt").write_text("a/x.avi 1\nb/z.avi 2\n")
    (lists / "testlist02.txt").write_text("a/y.avi\n")
    (lists / "a_test_split2.txt").write_text("x.avi 1 \ny.avi 2 \n")
    (lists / "b_test_split2.txt").write_text("z.avi 1 \nw.avi 0 \n")
    kind = getattr(datasets, name)
    known = _known(6, 7, 4)
    made = [
        kind(tmp_path / "films", str(lists), 4, fold=2, train=train, _precomputed_metadata=known)
        for train in (True, False)
    ]
    assert [(len(each), each.indices) for each in made] == [(4, [0, 2]), (4, [1])]
    assert made[0].classes == ["a", "b"] and made[0].metadata["video_fps"] == [25.0] * 3
    with pytest.raises(ValueError, match="fold should be between 1 and 3, got 4"):
        kind(tmp_path / "films", str(lists), 4, fold=4)


def test_kinetics_by_parts(tmp_path: Path) -> None:
    (tmp_path / "val" / "juggling").mkdir(parents=True)
    (tmp_path / "val" / "juggling" / "one.mp4").write_bytes(b"")
    data = datasets.Kinetics(tmp_path, 5, split="val", _precomputed_metadata=_known(12))
    assert len(data) == 8 and data.classes == ["juggling"]
    with pytest.raises(ValueError, match="Unknown value 'dev' for argument split"):
        datasets.Kinetics(tmp_path, 5, split="dev")


@pytest.mark.skipif(HAS_AV, reason="PyAV is here")
def test_without_pyav_it_says_so() -> None:
    with pytest.raises(ImportError, match=r"pip install 'rushlight\[video\]'"):
        io.read_video("film.mp4")


@pytest.mark.skipif(not HAS_AV, reason="PyAV is not here")
def test_a_film_there_and_back(tmp_path: Path) -> None:
    film = torch.zeros(12, 32, 48, 3, dtype=torch.uint8)
    film += torch.arange(12, dtype=torch.uint8)[:, None, None, None] * 20
    path = tmp_path / "a" / "film.avi"
    path.parent.mkdir()
    sound = torch.sin(torch.arange(9600.0) / 20)[None] * 0.5
    io.write_video(
        path, film, fps=10, video_codec="mpeg4", audio_array=sound, audio_fps=8000,
        audio_codec="pcm_s16le",
    )  # fmt: skip
    pictures, heard, facts = io.read_video(path)
    assert pictures.shape == film.shape and facts == {"video_fps": 10.0, "audio_fps": 8000}
    np.testing.assert_allclose(pictures[:, 5, 5, 0], film[:, 5, 5, 0], atol=8)
    np.testing.assert_allclose(heard, sound, atol=1e-3)
    part, _, _ = io.read_video(path, 0.5, 0.8, "sec", output_format="TCHW")
    assert part.shape == (4, 3, 32, 48) and abs(int(part[0, 0, 5, 5]) - 100) < 8
    times, rate = io.read_video_timestamps(path, "sec")
    assert rate == 10.0 and times[3] * 10 == 3 and len(times) == 12
    clips = VideoClips([str(path)], 3, 2)
    pictures, heard, facts, place = clips.get_clip(2)
    np.testing.assert_allclose(pictures[:, 5, 5, 0], [80, 100, 120], atol=8)
    assert heard.shape == (1, 2400) and facts == {"video_fps": 10.0} and place == 0
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(RuntimeError, match="is not a film that can be read"):
        io.read_video(path)
    with pytest.raises(RuntimeError, match="File not found"):
        io.read_video(tmp_path / "none.avi")
