"""Images whose channels do not lie together, copied for convolutions that want them to.

    conv(permute(x), w)  ->  conv(cast(permute(x)), w), cast to what it is

Vectors of a convolution go along channels. From planes it gathers them pixel by pixel, and what
packs nothing (each channel alone, one tap) or transforms its input (Winograd) is not taken at all:
3 x 3 over 64 channels at 56 x 56 takes 8.9 ms from planes and 4.9 from channels, 1 x 1 over 256
channels 13 and 3.5. A cast is a kernel that transposes in squares, and takes up what is computed
before it: 0.2 ms here. Of few channels (three colours) planes are read as they are, which packing
finds side by side, but for patches that do not overlap, where little else is to be done.

Bins of an adaptive pool that are not of one size are slices, each pooled by itself. The image is
copied once for them, not each slice: the largest of 6 x 6 bins of 32 x 32 with its gradient takes
1.3 ms instead of 3.5.
"""

from __future__ import annotations

from rushlight.base.dtype import float32, float64
from rushlight.compiler.views import window
from rushlight.ir.graph import Node, rebuilt, toposort

# Channels of an image from which on they fill a vector.
MANY = 16
_POOLS = frozenset(("pool", "pool_input_grad"))
# Which sources of a convolution are images.
_IMAGES = {"conv": (0,), "conv_input_grad": (0,), "conv_weight_grad": (0, 1)}


def channels(sinks: list[Node]) -> list[Node]:
    """The graph with such copies."""
    order = toposort(sinks)
    bins = _binned(order)
    if not bins and not any(_takes_images(node) for node in order):
        return sinks
    new: dict[Node, Node] = {}
    copies: dict[Node, Node] = {}
    for node in order:
        src = [new[source] for source in node.src]
        for place in _IMAGES[node.op] if _takes_images(node) else ():
            if _wants_channels(node, src[place]):
                src[place] = _copied(src[place], copies)
        if node in bins:
            src = [_of_copy(each, copies) if _is_part(each) else each for each in src]
        new[node] = rebuilt(node, src)
    return [new[sink] for sink in sinks]


def _copied(image: Node, copies: dict[Node, Node]) -> Node:
    if window(image)[2][-1] == 1:
        return image
    if image not in copies:
        copies[image] = Node("cast", (image,), image.shape, image.dtype)
    return copies[image]


def _is_part(node: Node) -> bool:
    return node.op == "slice" and node.dtype in (float32, float64)


def _of_copy(part: Node, copies: dict[Node, Node]) -> Node:
    """The same slice of the copy of an image."""
    image = _copied(part.src[0], copies)
    return Node("slice", (image,), part.shape, part.dtype, part.attrs)


def _binned(order: list[Node]) -> set[Node]:
    """Pools, and gradients of them, that read several slices of one image in planes: the uneven
    bins of an adaptive one, each of which would be copied by itself."""
    read: dict[Node, set[Node]] = {}
    for node in order:
        for part in node.src if node.op in _POOLS else ():
            image = part.src[0] if part.op == "slice" else part
            if image.op == "permute" and part.shape[-1] == image.shape[-1] >= MANY:
                read.setdefault(image, set()).add(node)
    return {node for nodes in read.values() if len(nodes) > 1 for node in nodes}


def _takes_images(node: Node) -> bool:
    return node.op in _IMAGES and node.dtype in (float32, float64)


def _wants_channels(node: Node, image: Node) -> bool:
    """Whether a copy is worth its time: many channels, one filter each, or patches side by side."""
    channels: int = image.shape[-1]
    weight = node if node.op == "conv_weight_grad" else node.src[1]
    groups: int = node.attrs["groups"]
    if channels >= MANY or (groups > 1 and weight.shape[:2] == (groups, 1)):
        return True
    taps = weight.shape[2:]
    return channels > 1 and max(taps) > 1 and tuple(node.attrs["stride"]) == tuple(taps)
