"""``F.<name>_``: the keywords of the plain forms."""

from __future__ import annotations

import rushlight as torch
import rushlight.nn.functional as F


def test_forms_in_place_take_keywords() -> None:
    x = torch.tensor([-1.0, 0.5, 3.0])
    assert F.hardtanh_(x.clone(), min_val=-0.5, max_val=2.0).tolist() == [-0.5, 0.5, 2]
    assert F.leaky_relu_(x.clone(), negative_slope=0.5).tolist() == [-0.5, 0.5, 3]
    assert F.threshold_(x.clone(), threshold=0.0, value=1.0).tolist() == [1, 0.5, 3]
    for form in (F.elu_, F.celu_):
        made = x.clone()
        assert form(made, alpha=0.5) is made
        torch.testing.assert_close(made, form(x.clone(), 0.5))
