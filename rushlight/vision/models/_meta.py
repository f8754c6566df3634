"""Names of classes, in the order of the scores: ImageNet's 1000, COCO's 91, Pascal VOC's 21,
Kinetics's 400.

"person": what detectors of keypoints tell apart.
"""

from __future__ import annotations

import json
from pathlib import Path

CATEGORIES: dict[str, list[str]] = json.loads(
    (Path(__file__).parent / "categories.json").read_text()
)
_IMAGENET_CATEGORIES = CATEGORIES["imagenet"]
_COCO_CATEGORIES = CATEGORIES["coco"]
_VOC_CATEGORIES = CATEGORIES["voc"]
_COCO_PERSON_CATEGORIES = CATEGORIES["person"]
_KINETICS400_CATEGORIES = CATEGORIES["kinetics400"]
