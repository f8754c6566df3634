"""torchvision.datasets.video_utils: runs of pictures out of films."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.utils.data.dataloader import DataLoader
from rushlight.vision.io.video import checked_format, frame_count, frames_at, sound_between


class _Counted:
    """(places of the pictures, pictures a second) of each film."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> tuple[list[int], float | None]:
        count, rate = frame_count(self.paths[place])
        return list(range(count)), rate


def unfold(tensor: Tensor, size: int, step: int, dilation: int = 1) -> Tensor:
    """(L,) -> (runs, size): every run of ``size``, ``step`` apart, its items ``dilation`` apart.

    >>> import rushlight as torch
    >>> unfold(torch.arange(6), 2, 3).tolist()
    [[0, 1], [3, 4]]
    """
    if tensor.dim() != 1:
        raise ValueError(f"tensor should have 1 dimension instead of {tensor.dim()}")
    span = dilation * (size - 1) + 1
    runs = max(0, (len(tensor) - span) // step + 1)
    starts = np.arange(runs)[:, None] * step
    return tensor[wrap(starts + np.arange(size) * dilation)]


class VideoClips:
    """All runs of ``clip_length_in_frames`` pictures, ``frames_between_clips`` apart, of films.

    With ``frame_rate`` the films are first brought to it, pictures left out or repeated.
    ``metadata`` may be kept and given as ``_precomputed_metadata``: counting takes its time.
    The sizes and numbers of samples are for other readers and change nothing.
    """

    def __init__(
        self,
        video_paths: list[str],
        clip_length_in_frames: int = 16,
        frames_between_clips: int = 1,
        frame_rate: float | None = None,
        _precomputed_metadata: dict[str, Any] | None = None,
        num_workers: int = 0,
        _video_width: int = 0,
        _video_height: int = 0,
        _video_min_dimension: int = 0,
        _video_max_dimension: int = 0,
        _audio_samples: int = 0,
        _audio_channels: int = 0,
        output_format: str = "THWC",
    ) -> None:
        self.video_paths = video_paths
        self.num_workers = num_workers
        self.output_format = checked_format(output_format)
        if _precomputed_metadata is None:
            self._count()
        else:
            self.video_paths = _precomputed_metadata["video_paths"]
            self.video_pts: list[Tensor] = _precomputed_metadata["video_pts"]
            self.video_fps: list[float | None] = _precomputed_metadata["video_fps"]
        self.compute_clips(clip_length_in_frames, frames_between_clips, frame_rate)

    def _count(self) -> None:
        films: Any = _Counted(self.video_paths)
        batches = DataLoader(films, batch_size=16, num_workers=self.num_workers, collate_fn=list)
        found = [each for batch in batches for each in batch]
        self.video_pts = [wrap(np.array(places, np.int64)) for places, _ in found]
        self.video_fps = [rate for _, rate in found]

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known about the films, for ``_precomputed_metadata``."""
        return {
            "video_paths": self.video_paths,
            "video_pts": self.video_pts,
            "video_fps": self.video_fps,
        }

    def subset(self, indices: Sequence[int]) -> VideoClips:
        """The clips of some of the films."""
        known = {name: [every[i] for i in indices] for name, every in self.metadata.items()}
        return type(self)(
            known["video_paths"], self.num_frames, self.step, self.frame_rate,
            _precomputed_metadata=known, num_workers=self.num_workers,
            output_format=self.output_format,
        )  # fmt: skip

    @staticmethod
    def compute_clips_for_video(
        video_pts: Tensor, num_frames: int, step: int, fps: float | None,
        frame_rate: float | None = None,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """(the pictures of each clip, their places in the film), both (clips, num_frames)."""
        rate = fps or 1
        wanted = frame_rate or rate
        every = rate / wanted
        count = int(len(video_pts) * wanted / rate)
        # As torchvision rounds: in float32.
        chosen: Array = np.floor(np.arange(count, dtype=np.float32) * np.float32(every))
        places = wrap(chosen.astype(np.int64))
        clips = unfold(video_pts[places], num_frames, step)
        if not clips.numel():
            warn(
                "There aren't enough frames in the current video to get a clip for the given clip "
                "length and frames between clips. The video (and potentially others) will be "
                "skipped."
            )
        return clips, unfold(places, num_frames, step)

    def compute_clips(self, num_frames: int, step: int, frame_rate: float | None = None) -> None:
        """Cut the films anew."""
        self.num_frames, self.step, self.frame_rate = num_frames, step, frame_rate
        cut = [
            self.compute_clips_for_video(places, num_frames, step, fps, frame_rate)
            for places, fps in zip(self.video_pts, self.video_fps, strict=True)
        ]
        self.clips = [clips for clips, _ in cut]
        self.resampling_idxs = [places for _, places in cut]
        self.cumulative_sizes = list(accumulate(len(clips) for clips in self.clips))

    def __len__(self) -> int:
        return self.num_clips()

    def num_videos(self) -> int:
        """How many films there are."""
        return len(self.video_paths)

    def num_clips(self) -> int:
        """How many clips there are in all films."""
        return self.cumulative_sizes[-1] if self.cumulative_sizes else 0

    def get_clip_location(self, idx: int) -> tuple[int, int]:
        """(which film, which of its clips)."""
        film = bisect.bisect_right(self.cumulative_sizes, idx)
        return film, idx - (self.cumulative_sizes[film - 1] if film else 0)

    def get_clip(self, idx: int) -> tuple[Tensor, Tensor, dict[str, Any], int]:
        """(pictures, sound (K, L) of the same time, {"video_fps"}, which film)."""
        if idx >= self.num_clips():
            raise IndexError(f"Index {idx} out of range ({self.num_clips()} number of clips)")
        film, clip = self.get_clip_location(idx)
        path = self.video_paths[film]
        places: Array = self.clips[film][clip].numpy()
        first, last = int(places[0]), int(places[-1])
        pictures = frames_at(path, first, places - first, self.output_format)
        rate = self.video_fps[film] or 1
        sound = sound_between(path, first / rate, (last + 1) / rate)
        return pictures, sound, {"video_fps": self.frame_rate or rate}, film
