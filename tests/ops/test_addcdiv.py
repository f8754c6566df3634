"""addcdiv's slopes where the numerator is narrower than the rest: PyTorch 2.13's numbers."""

from __future__ import annotations

import rushlight as torch


def test_the_numerator_is_rounded_in_its_own_dtype() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    top = torch.tensor([4.3125, -0.8671875], dtype=torch.bfloat16, requires_grad=True)
    bottom = torch.tensor([1.5, 0.75], requires_grad=True)
    made = torch.addcdiv(x, top, bottom, value=3.14)
    slopes = torch.autograd.grad(made, (x, top, bottom), torch.tensor([1.0, 2.0]))
    assert slopes[0].tolist() == [1, 2]
    assert slopes[1].tolist() == [2.09375, 8.375]
    torch.testing.assert_close(
        slopes[2], torch.tensor([-6.027777671813965, 9.666666984558105]), rtol=1e-6, atol=0
    )
