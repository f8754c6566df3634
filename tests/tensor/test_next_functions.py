"""``next_functions`` shows PyTorch's graph: its order of arguments, and its nodes between ours."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.nn import functional as F

CHAINS = {
    "1 - x": "Rsub1(x)",
    "x / 2": "Div0(x, -)",
    "x[0, 1]": "Select0(Select0(x))",
    "x[:, 0]": "Select0(x)",
    "x[...]": "Alias0(x)",
    "x[t]": "Index0(x)",
    "x[x > 0]": "Index0(x)",
    "x.gather(0, t[None])": "Gather0(x)",
    "x.index_add(0, t, w)": "IndexAdd0(x, w)",
    "x.masked_fill(x > 0, 1.0)": "MaskedFill0(x)",
    "torch.where(x > 0, 1.0, x)": "Where0(-, x)",
    "torch.where(x > 0, x, 1.0)": "Where0(x, -)",
    "x.max()": "Max1(x)",
    "x.max(0)[0]": "Max0(x)",
    "x.diag()": "Diagonal0_copy(x)",
    "F.linear(x, w, v)": "Addmm0(v, x, T0(w))",
    "F.linear(x, w)": "Mm0(x, T0(w))",
    "F.linear(x[None].detach(), w, v)": "View0(Addmm0(v, -, T0(w)))",
    "x[None] @ w": "UnsafeView0(Mm0(View0(Unsqueeze0(x)), w))",
    "F.cross_entropy(x, t)": "NllLoss0(LogSoftmax0(x))",
    "F.l1_loss(x, w)": "Mean0(Abs0(Sub0(x, w)))",
    "F.layer_norm(x, (3,), v)": "NativeLayerNorm0(x, v, -)",
    "F.conv2d(x[None, None], w[None, None])": (
        "Convolution0(Unsqueeze0(Unsqueeze0(x)), Unsqueeze0(Unsqueeze0(w)), -)"
    ),
    "F.embedding(t, w)": "Embedding0(w)",
    "F.interpolate(x[None], scale_factor=2)": "UpsampleNearest1D0(Unsqueeze0(x))",
    "x.unbind()[1]": "Unbind0(x)",
    "x.chunk(3)[1]": "Split0(x)",
    "[row for row in x][1]": "Unbind0(x)",
    "x.clone().copy_(w)": "Copys(Clone0(x), w)",
}  # fmt: skip


def _text(function: Any, names: dict[int, str]) -> str:
    if function is None:
        return "-"
    if hasattr(function, "variable"):
        return names[id(function.variable)]
    inner = ", ".join(_text(each, names) for each, _ in function.next_functions)
    return f"{function.name().replace('Backward', '')}({inner})"


@pytest.mark.parametrize("text", CHAINS)
def test_chains(text: str) -> None:
    x, w = (torch.ones(3, 3, requires_grad=True) for _ in range(2))
    v, t = torch.ones(3, requires_grad=True), torch.tensor([0, 1, 2])
    made = eval(text, {"x": x, "w": w, "v": v, "t": t, "F": F, "torch": torch})
    assert _text(made.grad_fn, {id(x): "x", id(w): "w", id(v): "v"}) == CHAINS[text]


def test_a_leaf_has_one_node_and_so_has_what_is_between() -> None:
    x, w = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    leaf = (x * 2).grad_fn.next_functions[0][0]
    assert (x + 1).grad_fn.next_functions[0][0] is leaf
    product = F.linear(x, w).grad_fn
    turned = product.next_functions[1][0]
    assert turned is product.next_functions[1][0]
    assert type(turned).__name__ == "TBackward0"
    assert turned.next_functions[0][0].variable is w
    with pytest.raises(NotImplementedError, match="hooks of TBackward0"):
        turned.register_hook(print)


def test_parts_of_one_call_have_its_name_and_their_number() -> None:
    x = torch.ones(3, requires_grad=True)
    parts = x.split([1, 2])
    assert [(part.grad_fn.name(), part.output_nr) for part in parts] == [
        ("SplitWithSizesBackward0", 0), ("SplitWithSizesBackward0", 1),
    ]  # fmt: skip
    assert repr(x.unbind()[2]) == "tensor(1., grad_fn=<UnbindBackward0>)"
    assert parts[1][0].grad_fn.name() == "SelectBackward0"
    sum(part.sum() for part in parts).backward()
    assert x.grad.tolist() == [1, 1, 1]


def test_what_requires_grad_is_set_to() -> None:
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        torch.ones(2).requires_grad = 1
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require"):
        torch.ones(2).long().requires_grad_()
