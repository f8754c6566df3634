"""Every vision model beside torchvision's: keys, shapes, first values, scores of an image."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import models
from tests.oracle.pipe import PEER

SHOW = Path(__file__).with_name("vision_models.py")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PEER.exists(), reason="torchvision is not here"),
]
LARGEST = 150e6  # parameters: larger ones are built of the same blocks


def _parameters(name: str) -> int:
    return models.get_model_weights(name).DEFAULT.meta["num_params"]


# Detectors take lists of images: tests/vision/models/test_detection.py.
CLASSIFIERS = sorted({*models.list_models()} - {*models.list_models(module=models.detection)})
NAMES = [name for name in CLASSIFIERS if _parameters(name) < LARGEST]


@pytest.mark.parametrize("name", NAMES)
def test_as_torchvision(name: str, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("vision_models", SHOW)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    file = tmp_path / "seen.npz"
    subprocess.run([PEER, SHOW, file, name], check=True, capture_output=True)
    ours = module.observe(torch, models, [name])
    with np.load(file) as theirs:
        assert set(theirs) == set(ours)
        assert ours[f"{name} state"].tolist() == theirs[f"{name} state"].tolist()
        np.testing.assert_array_equal(ours[f"{name} next draw"], theirs[f"{name} next draw"])
        expected = theirs[f"{name} scores"]
        largest = max(1.0, float(np.abs(expected).max()))
        np.testing.assert_allclose(ours[f"{name} scores"], expected, rtol=0, atol=1e-4 * largest)


FACTS = """
import json, sys, tvstub
from torchvision import models

def facts(w):
    classes = len(w.meta.get("categories") or [])
    return [w.url, w.meta.get("num_params"), classes, str(w.transforms())]

print(json.dumps({
    name: {key: facts(w) for key, w in models.get_model_weights(name).__members__.items()}
    for name in sys.argv[1:]
}))
"""


def test_every_published_file() -> None:
    """Addresses and what is known about each file, name for name."""
    names = models.list_models()
    printed = subprocess.run([PEER, "-c", FACTS, *names], check=True, capture_output=True).stdout
    theirs = json.loads(printed)
    for name in names:
        ours = {
            key: [w.url, w.meta.get("num_params"), len(w.meta.get("categories") or []),
                  str(w.transforms())]
            for key, w in models.get_model_weights(name).__members__.items()
        }  # fmt: skip
        assert ours == theirs[name]
