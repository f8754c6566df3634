"""affine_grid's places, to the bit: the identity map samples at the border of two elements."""

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
