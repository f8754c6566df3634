"""Transforms against torchvision: the same seed, the same images, in a process of its own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import transforms as T

Image = pytest.importorskip("PIL.Image")

PEER = Path(os.environ.get("PEER", Path(__file__).parents[3] / "peer" / "bin" / "python"))
pytestmark = pytest.mark.skipif(not PEER.exists(), reason="torchvision is not here")

IMAGES = 12
# Each is evaluated here with our T, there with torchvision's.
PIPELINES = (
    "T.Compose([T.ToTensor(), T.Normalize((0.5, 0.5, 0.5), (0.5, 0.4, 0.3))])",
    "T.Compose([T.RandomCrop(32, padding=4, pad_if_needed=True), T.RandomHorizontalFlip(),"
    " T.RandomVerticalFlip(0.3), T.ToTensor()])",
    "T.Compose([T.ToTensor(), T.RandomCrop((20, 24), padding=(1, 2), padding_mode='reflect'),"
    " T.RandomHorizontalFlip()])",
    "T.Compose([T.RandomResizedCrop(24), T.ToTensor()])",
    "T.Compose([T.ToTensor(), T.RandomResizedCrop(24)])",
    "T.Compose([T.Resize(40), T.CenterCrop(36), T.ToTensor()])",
    "T.Compose([T.ToTensor(), T.Resize((20, 41)), T.CenterCrop((50, 20))])",
    "T.Compose([T.ToTensor(), T.Resize((20, 41), antialias=False)])",
    "T.Compose([T.ToTensor(), T.Resize((50, 21), interpolation=T.InterpolationMode.BICUBIC)])",
    "T.Compose([T.ToTensor(), T.Resize((50, 21), interpolation=T.InterpolationMode.NEAREST)])",
    "T.Compose([T.PILToTensor(), T.Pad((1, 2, 3, 4), fill=7), T.Pad(2, padding_mode='edge')])",
    "T.Compose([T.Pad((1, 2, 3, 4), fill=(1, 2, 3)), T.Grayscale(3), T.PILToTensor()])",
    "T.Compose([T.ColorJitter(0.4, 0.3, 0.5, 0.2), T.ToTensor()])",
    "T.Compose([T.ToTensor(), T.ColorJitter(0.4, 0.3, 0.5)])",
    "T.Compose([T.ToTensor(), T.RandomErasing(0.8, value='random')])",
    "T.Compose([T.RandomGrayscale(0.5), T.RandomRotation(20), T.ToTensor(), T.ToPILImage(),"
    " T.ToTensor()])",
    "T.Compose([T.ToTensor(), T.RandomAffine(30, (0.1, 0.2), (0.7, 1.4), (1, 9, -4, 4), fill=9)])",
    "T.Compose([T.RandomPerspective(0.6, p=0.9), T.RandomAffine(9), T.PILToTensor()])",
    "T.Compose([T.ToTensor(), T.RandomRotation(40, T.InterpolationMode.NEAREST)])",
    "T.Compose([T.ToTensor(), T.ColorJitter(hue=0.4), T.GaussianBlur(3)])",
    "T.Compose([T.AutoAugment(), T.RandomPosterize(5), T.RandomSolarize(100), T.PILToTensor()])",
    "T.Compose([T.RandAugment(), T.TrivialAugmentWide(), T.RandomEqualize(), T.PILToTensor()])",
    "T.Compose([T.PILToTensor(), T.RandAugment(3), T.RandomAutocontrast(), T.RandomInvert()])",
)

PROGRAM = """
import sys
import numpy as np
import tvstub, torch
import torchvision.transforms as T
from PIL import Image
pixels = np.load(sys.argv[1])
result = {}
for place, text in enumerate(sys.argv[3:]):
    pipeline = eval(text)
    result[f"form {place}"] = np.array(repr(pipeline))
    for k, each in enumerate(pixels):
        torch.manual_seed(k)
        result[f"{place} {k}"] = pipeline(Image.fromarray(each)).numpy()
np.savez(sys.argv[2], **result)
"""


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (IMAGES, 32, 28, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def theirs(pixels: np.ndarray, tmp_path_factory):
    folder = tmp_path_factory.mktemp("peer")
    np.save(folder / "in.npy", pixels)
    command = [str(PEER), "-c", PROGRAM, str(folder / "in.npy"), str(folder / "out.npz")]
    subprocess.run([*command, *PIPELINES], check=True, capture_output=True)
    return np.load(folder / "out.npz")


@pytest.mark.parametrize("place", range(len(PIPELINES)))
def test_pipeline(place: int, pixels: np.ndarray, theirs) -> None:
    pipeline = eval(PIPELINES[place], {"T": T})
    assert repr(pipeline) == str(theirs[f"form {place}"])
    for k, each in enumerate(pixels):
        torch.manual_seed(k)
        ours = pipeline(Image.fromarray(each)).numpy()
        expected = theirs[f"{place} {k}"]
        assert ours.dtype == expected.dtype
        np.testing.assert_allclose(ours, expected, rtol=0, atol=3e-6)
