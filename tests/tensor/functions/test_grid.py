"""affine_grid's places, to the bit: the identity map samples at the border of two elements."""

import numpy as np

import rushlight as torch
import rushlight.nn.functional as F


def test_places_of_the_identity_are_pytorchs() -> None:
    theta = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    places = F.affine_grid(theta, (1, 1, 2, 28), align_corners=False)
    found = [value.hex() for value in places[0, 0, [1, 5, 9, 20], 0].tolist()]
    assert found == [  # PyTorch 2.13's
        "-0x1.c924920000000p-1", "-0x1.36db6e0000000p-1",
        "-0x1.4924900000000p-2", "0x1.db6db60000000p-2",
    ]  # fmt: skip


def test_a_map_near_the_identity_is_pytorchs_bit_for_bit() -> None:
    """Each product is rounded before it is added."""
    theta = torch.tensor([[[1.0, 1e-3, 2e-4], [-3e-3, 1.0, 5e-4]]])
    grid = F.affine_grid(theta, [1, 1, 28, 28], align_corners=False)
    places, x = grid.numpy(), F.affine_grid(torch.eye(2, 3)[None], [1, 1, 28, 28], False).numpy()
    for axis, row in enumerate(theta[0].numpy()):
        wanted = x[..., 0] * row[0] + x[..., 1] * row[1] + row[2]
        assert (places[..., axis] == wanted).all()


def test_corners_are_added_as_pytorch_adds_them() -> None:
    """The first product is rounded, the others are fused to the sum."""
    image = torch.tensor([[[[0.1, 0.7], [0.3, -0.9]]]])
    values = image.numpy()[0, 0].ravel().astype(np.float64)
    for place in np.linspace(-0.5, 0.5, 41, dtype=np.float32):
        grid = torch.tensor([[[[float(place), float(-place)]]]])
        found = F.grid_sample(image, grid, align_corners=True)
        w, n = (np.float32((np.float32(each) + 1) / 2) for each in (place, -place))
        e, s = np.float32(1) - w, np.float32(1) - n
        weights = [e * s, w * s, e * n, w * n]
        total = np.float32(values[0] * weights[0])
        for value, weight in zip(values[1:], weights[1:], strict=True):
            total = np.float32(np.float64(weight) * value + total)
        assert found.item() == total
