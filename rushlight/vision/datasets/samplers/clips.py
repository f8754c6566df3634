"""Which clips of films an epoch takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rushlight.tensor import cat, linspace, randperm
from rushlight.utils.data.sampler import Sampler
from rushlight.vision.datasets.video_utils import VideoClips


class _ClipSampler(Sampler[int]):
    def __init__(self, video_clips: VideoClips, wanted: int) -> None:
        if not isinstance(video_clips, VideoClips):
            raise TypeError(
                f"Expected video_clips to be an instance of VideoClips, got {type(video_clips)}"
            )
        self.video_clips = video_clips
        self._wanted = wanted

    def _films(self) -> Iterator[tuple[int, int]]:
        """(its first clip, how many it has) of each film."""
        start = 0
        for clips in self.video_clips.clips:
            yield start, len(clips)
            start += len(clips)


class UniformClipSampler(_ClipSampler):
    """``num_clips_per_video`` clips of each film at even steps, again where it has fewer."""

    def __init__(self, video_clips: VideoClips, num_clips_per_video: int) -> None:
        super().__init__(video_clips, num_clips_per_video)
        self.num_clips_per_video = num_clips_per_video

    def __iter__(self) -> Iterator[int]:
        for start, count in self._films():
            if count:
                even: Any = linspace(start, start + count - 1, steps=self._wanted)
                yield from even.floor().long().tolist()

    def __len__(self) -> int:
        return sum(self._wanted for _, count in self._films() if count)


class RandomClipSampler(_ClipSampler):
    """At most ``max_clips_per_video`` clips of each film, all in random order."""

    def __init__(self, video_clips: VideoClips, max_clips_per_video: int) -> None:
        super().__init__(video_clips, max_clips_per_video)
        self.max_clips_per_video = max_clips_per_video

    def __iter__(self) -> Iterator[int]:
        drawn: Any = cat([randperm(n)[: self._wanted] + start for start, n in self._films()])
        yield from drawn[randperm(len(drawn))].tolist()

    def __len__(self) -> int:
        return sum(min(count, self._wanted) for _, count in self._films())
