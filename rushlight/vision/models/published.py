"""The enums of published weights, from the table beside this file (``weights.json``).

The table holds facts about the files: address, size, accuracy, what images they were trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rushlight.vision.models._api import Weights, WeightsEnum
from rushlight.vision.models._meta import CATEGORIES
from rushlight.vision.transforms import _presets
from rushlight.vision.transforms.operations import InterpolationMode

_TABLE: Mapping[str, Any] = json.loads((Path(__file__).parent / "weights.json").read_text())


def _transforms(preset: str, arguments: Mapping[str, Any]) -> Any:
    given = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in arguments.items()
    }
    if "interpolation" in given:
        given["interpolation"] = InterpolationMode(given["interpolation"])
    return partial(getattr(_presets, preset), **given)


def _meta(row: Mapping[str, Any]) -> dict[str, Any]:
    known = dict(row)
    if "min_size" in known:
        known["min_size"] = tuple(known["min_size"])
    if known.get("categories") is not None:
        known["categories"] = CATEGORIES[known["categories"]]
    return known


def published(name: str, module: str) -> Any:
    """The enum ``name`` (``ResNet18_Weights``) as a class of ``module``; DEFAULT is the best.

    >>> published("ResNet18_Weights", __name__).DEFAULT
    ResNet18_Weights.IMAGENET1K_V1
    """
    rows = dict(_TABLE[name])
    default = rows.pop("DEFAULT")
    members = {
        key: Weights(row["url"], _transforms(row["preset"], row["transforms"]), _meta(row["meta"]))
        for key, row in rows.items()
    }
    return WeightsEnum(name, [*members.items(), ("DEFAULT", members[default])], module=module)
