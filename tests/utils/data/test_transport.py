"""What workers send keeps its class and what was hung on it."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.utils.data.transport import Slots, pack, unpack
from rushlight.vision import tv_tensors


class Tagged(torch.Tensor):
    """A sub-class as users write them."""


def sent(thing: Any) -> Any:
    slots = Slots.create(1)
    try:
        number, found = unpack(pack(7, thing, slots, 0), slots)
    finally:
        slots.close()
    assert number == 7
    return found


def test_sub_classes_of_tensor() -> None:
    large = torch.arange(1000.0)  # beside the message; the others are in it
    picture = tv_tensors.Image(large.reshape(10, 10, 10))
    boxes = tv_tensors.BoundingBoxes(torch.ones(1, 4), format="XYXY", canvas_size=(4, 5))
    tagged = torch.ones(2).as_subclass(Tagged)
    tagged.tag = 3
    got = sent([picture, boxes, tagged, nn.Parameter(large), nn.Parameter(large[:2], False)])
    assert [type(each) for each in got[:3]] == [tv_tensors.Image, tv_tensors.BoundingBoxes, Tagged]
    assert got[0].sum().item() == large.sum().item() and got[0].shape == (10, 10, 10)
    assert got[1].format is tv_tensors.BoundingBoxFormat.XYXY and got[1].canvas_size == (4, 5)
    assert got[2].tag == 3
    assert [type(each) for each in got[3:]] == [nn.Parameter, nn.Parameter]
    assert [each.requires_grad for each in got[3:]] == [True, False]
    assert all(each.is_leaf for each in got)


def test_sparse_tensors() -> None:
    got = sent(torch.eye(3).to_sparse())
    assert got.is_sparse and got.to_dense().tolist() == torch.eye(3).tolist()
