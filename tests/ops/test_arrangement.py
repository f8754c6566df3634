"""The order of elements in memory, beside what PyTorch 2.13 gave for the same strides."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.ops.arrangement import (
    order_of,
    packed,
    suggests_channels_last,
    visiting_order,
)
from rushlight.ops.layout import Layout

F = torch.nn.functional
NHWC = (0, 2, 3, 1)


def laid(shape: tuple[int, ...], order: tuple[int, ...]) -> Any:
    """A tensor whose axes lie in ``order``, outermost first."""
    count = 1
    for size in shape:
        count *= size
    whole = torch.arange(count).float().reshape([shape[axis] for axis in order]) / count
    return whole.permute([order.index(axis) for axis in range(len(shape))])


def test_visiting_order_breaks_ties_as_a_loop_over_operands_does() -> None:
    first, second = Layout((3, 4), (1, 3), 0), Layout((3, 4), (4, 1), 0)
    assert visiting_order((first, second), (3, 4)) == (1, 0)
    assert visiting_order((second, first), (3, 4)) == (0, 1)
    row = Layout((1, 4), (4, 1), 0)  # broadcast: says nothing of the other axis
    assert visiting_order((row, first), (3, 4)) == (1, 0)
    assert packed((3, 4), (1, 0)) == (1, 3) and order_of((1, 3)) == (1, 0)


@pytest.mark.parametrize(
    ("shape", "strides", "expected"),
    [
        ((2, 3, 4, 5), (60, 1, 15, 3), True),
        ((2, 3, 4, 5), (60, 20, 5, 1), False),
        ((2, 1, 4, 4), (16, 1, 4, 1), True),
        ((2, 1, 4, 4), (16, 16, 4, 1), False),
        ((1, 3, 1, 1), (3, 1, 1, 1), False),
        ((1, 3, 1, 1), (3, 1, 3, 3), True),
        ((2, 3, 4, 5), (120, 1, 24, 4), True),
        ((3, 4), (4, 1), False),
    ],
)
def test_suggested_formats(
    shape: tuple[int, ...], strides: tuple[int, ...], expected: bool
) -> None:
    assert suggests_channels_last(Layout(shape, strides, 0)) is expected


@pytest.mark.parametrize(
    ("call", "strides"),
    [
        (lambda x: x + 1, (144, 1, 24, 4)),
        (lambda x: x.exp(), (144, 1, 24, 4)),
        (lambda x: x > 0.5, (144, 1, 24, 4)),
        (lambda x: x + torch.ones(2, 4, 6, 6), (144, 1, 24, 4)),
        (lambda x: torch.ones(2, 4, 6, 6) + x, (144, 36, 6, 1)),
        (lambda x: torch.ones(4, 1, 1) + x, (144, 1, 24, 4)),
        (lambda x: torch.where(x > 0.5, x, 0.0), (144, 1, 24, 4)),
        (lambda x: x.double(), (144, 1, 24, 4)),
        (lambda x: x.masked_fill(x > 0.5, 0.0), (144, 36, 6, 1)),
        (lambda x: F.logsigmoid(x), (144, 36, 6, 1)),
        (lambda x: F.dropout(x, 0.5), (144, 1, 24, 4)),
        (lambda x: F.softmax(x, 1), (144, 36, 6, 1)),
        (lambda x: x.sum(1, keepdim=True), (36, 36, 6, 1)),
        (lambda x: x.cumsum(1), (144, 36, 6, 1)),
        (lambda x: F.glu(x, 1), (72, 1, 12, 2)),
        (lambda x: x.diff(dim=1), (108, 1, 18, 3)),
        (lambda x: F.max_pool2d(x, 2), (36, 1, 12, 4)),
        (lambda x: F.max_pool2d(x, 2, return_indices=True)[1], (36, 1, 12, 4)),
        (lambda x: F.adaptive_avg_pool2d(x, 1), (4, 1, 4, 4)),
        (lambda x: F.interpolate(x, scale_factor=2.0), (576, 1, 48, 4)),
        (lambda x: F.pad(x, (1, 1, 1, 1)), (256, 1, 32, 4)),
        (lambda x: F.pad(x, (1, 1, 1, 1), mode="circular"), (256, 64, 8, 1)),
        (lambda x: F.pixel_shuffle(x, 2), (144, 1, 12, 1)),
        (lambda x: torch.nn.BatchNorm2d(4)(x), (144, 1, 24, 4)),
        (lambda x: torch.nn.BatchNorm2d(4).eval()(x), (144, 1, 24, 4)),
        (lambda x: torch.nn.GroupNorm(2, 4)(x), (144, 1, 24, 4)),
        (lambda x: torch.nn.Conv2d(4, 8, 3)(x), (128, 1, 32, 8)),
        (lambda x: torch.nn.ConvTranspose2d(4, 8, 2, stride=2)(x), (1152, 1, 96, 8)),
        (lambda x: torch.cat([x, x], 1), (288, 1, 48, 8)),
        (lambda x: torch.cat([x, torch.ones(2, 3, 6, 6)], 1), (252, 36, 6, 1)),
        (lambda x: torch.stack([x, x], 1), (288, 4, 1, 48, 8)),
        (lambda x: x[[0, 1]], (144, 1, 24, 4)),
        (lambda x: x[:, [0, 1]], (72, 36, 6, 1)),
        (lambda x: x.flip(1), (144, 1, 24, 4)),
        (lambda x: x.rot90(1, (2, 3)), (144, 1, 4, 24)),
        (lambda x: x @ torch.ones(6, 3), (72, 18, 3, 1)),
        (lambda x: torch.zeros_like(x), (144, 1, 24, 4)),
        (lambda x: torch.rand_like(x), (144, 1, 24, 4)),
        (lambda x: torch.empty_like(x, memory_format=torch.contiguous_format), (144, 36, 6, 1)),
    ],
)
def test_results_of_channels_last(call: Any, strides: tuple[int, ...]) -> None:
    x = laid((2, 4, 6, 6), NHWC)
    made = call(x)
    if made.shape[1] != 1:
        assert made.stride() == strides
    else:
        shown = [s for s, n in zip(made.stride(), made.shape, strict=True) if n != 1]
        assert shown == [s for s, n in zip(strides, made.shape, strict=True) if n != 1]


def test_a_number_makes_a_loop_of_its_own() -> None:
    x = torch.rand(1, 5).t()
    assert x.exp().stride() == (1, 1) and (x + 1).stride() == (1, 5)


def test_contiguous_arguments_cost_nothing() -> None:
    x = torch.rand(3, 4)
    made: Any = x + x.t().contiguous().t()
    assert made._storage is None


def test_views_of_results() -> None:
    x = laid((3, 4), (1, 0)) + 1
    with pytest.raises(RuntimeError, match="view size is not compatible"):
        x.view(-1)
    assert x.t().view(-1).shape == (12,)
    x[0] = 7.0
    x[:, 1].mul_(2.0)
    assert x[0].tolist() == [7.0, 14.0, 7.0, 7.0] and x.stride() == (1, 3)


def test_steps_in_place_stay_where_they_are() -> None:
    x = laid((3, 4), (1, 0)) * 1.0
    expected = laid((3, 4), (1, 0)).contiguous()
    array = x.numpy()
    for _ in range(3):
        x.add_(1.0).mul_(0.5)
        x += torch.ones(4)
        expected = (expected + 1.0) * 0.5 + torch.ones(4)
    assert x.stride() == (1, 3) and torch.equal(x, expected)
    assert array.tolist() == x.tolist()
    array[1, 2] = 9.0
    assert x[1, 2].item() == 9.0


def test_windows_of_one_tensor_keep_their_own_order() -> None:
    data = laid((40, 3, 4, 4), NHWC)
    plain = data.contiguous()
    for start in range(0, 40, 8):  # the same place in the trace, met with either order
        assert (data[start : start + 8] + 1).stride() == (48, 1, 12, 3)
        assert (plain[start : start + 8] + 1).stride() == (48, 16, 4, 1)


def test_gradients_lie_as_their_leaves() -> None:
    weight = laid((3, 4), (1, 0)).clone().requires_grad_()
    gaps = torch.rand(3, 8)[:, ::2].requires_grad_()
    for _ in range(2):
        (weight * gaps).sum().backward()
    assert weight.grad.stride() == (1, 3) and gaps.grad.stride() == (4, 1)
    assert torch.equal(weight.grad, 2 * gaps.detach())
    weight.grad = None
    ((weight * gaps).sum() + weight.sum()).backward(create_graph=True)
    assert weight.grad.stride() == (1, 3)


def test_gradients_through_writes_to_views_of_a_result() -> None:
    weight = torch.rand(3, 5, requires_grad=True)
    made = weight.t() * 2
    made[0] = 5.0
    made[:, 1].mul_(3.0)
    made.sum().backward()
    assert made.stride() == (1, 5)
    expected = torch.full((3, 5), 2.0)
    expected[1] = 6.0
    expected[:, 0] = 0.0
    assert torch.equal(weight.grad, expected)


def test_a_saved_result_that_was_overwritten_is_refused() -> None:
    weight = torch.rand(3, 5, requires_grad=True)
    made = (weight.t() * 1).relu_()
    made += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        made.sum().backward()


def test_out_takes_the_strides_of_the_result_when_it_grows() -> None:
    x = laid((3, 4), (1, 0))
    grown = torch.add(x, 1, out=torch.empty(0))
    assert grown.stride() == (1, 3) and torch.equal(grown, x + 1)
    kept = torch.empty(3, 4)
    assert torch.add(x, 1, out=kept).stride() == (4, 1) and torch.equal(kept, x + 1)


def test_a_channels_last_module_stays_so_through_training() -> None:
    torch.manual_seed(0)
    layers = [
        torch.nn.Conv2d(3, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.ReLU(inplace=True),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 2),
    ]  # fmt: skip
    plain = torch.nn.Sequential(*layers)
    state = {name: each.clone() for name, each in plain.state_dict().items()}
    x, y = torch.rand(4, 3, 6, 6), torch.tensor([0, 1, 0, 1])

    def train(model: Any) -> list[float]:
        losses = []
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        for _ in range(3):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    expected = train(plain)
    plain.load_state_dict(state)
    model = plain.to(memory_format=torch.channels_last)
    weight: Any = model[0].weight
    assert weight.stride() == (27, 1, 9, 3) and model[0](x).stride() == (128, 1, 32, 8)
    assert train(model) == pytest.approx(expected, rel=1e-5)
    assert weight.stride() == weight.grad.stride() == (27, 1, 9, 3) and weight.is_leaf


def test_argsort_lies_as_its_argument() -> None:
    assert laid((4, 6), (1, 0)).argsort(0).stride() == (1, 4)


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (lambda x: F.avg_pool1d(x, 2), True),
        (lambda x: F.adaptive_avg_pool1d(x, 2), True),
        (lambda x: F.adaptive_max_pool1d(x, 2), True),
        (lambda x: F.max_pool1d(x, 2, return_indices=True)[1], True),
        (lambda x: F.conv1d(x.contiguous(), torch.ones(4, 3, 6).transpose(1, 2)), True),
        (lambda x: F.pad(x, (-1, 0)), True),
        (lambda x: F.max_pool1d(x, 2), False),
        (lambda x: F.conv1d(x, torch.ones(4, 6, 3)), False),
        (lambda x: F.conv_transpose1d(x, torch.ones(6, 4, 3)), False),
        (lambda x: F.batch_norm(x, torch.zeros(6), torch.ones(6)), False),
        (lambda x: F.group_norm(x, 2), False),
        (lambda x: F.rms_norm(x, (7,)), False),
        (lambda x: F.pad(x, (1, 1)), False),
        (lambda x: F.pad(x, (1, 1), mode="reflect"), False),
        (lambda x: F.interpolate(x, size=9), False),
        (lambda x: x.roll(1, 2), False),
        (lambda x: F.avg_pool2d(x, 2), False),
        (lambda x: F.adaptive_avg_pool2d(x, 2), False),
    ],
)
def test_of_three_axes_most_make_a_row_major_copy(call: Any, rows: bool) -> None:
    """A (4, 6, 7) seen through (4, 7, 6), as between attention and a convolution."""
    made = call(laid((4, 6, 7), (0, 2, 1)))
    c, length = made.shape[1:]
    assert made.stride() == ((c * length, 1, c) if rows else (c * length, length, 1))


def test_dropout_draws_as_its_argument_lies() -> None:
    """A feed-forward of convolutions over (N, L, C).transpose(1, 2); the mask is PyTorch 2.13's."""
    x = laid((1, 3, 4), (0, 2, 1)) + 1
    torch.manual_seed(0)
    seen = F.dropout(F.conv1d(x, torch.eye(3).unsqueeze(-1)), 0.5)
    torch.manual_seed(0)
    assert (seen != 0).tolist() == (F.dropout(torch.ones(1, 3, 4), 0.5) != 0).tolist()


@pytest.mark.parametrize(
    ("equation", "strides"),
    [
        ("bhid,bhjd->bhij", (192, 64, 8, 1)),
        ("bhid,ijd->bhij", (24, 8, 48, 1)),  # axes of both operands outside
        ("ijd,bhjd->ihb", (6, 2, 1)),
        ("bih,hjd->bdji", (768, 8, 1, 96)),
        ("ij,jd->di", (8, 1)),  # the second operand's axes first
        ("bi,ij->ji", (1, 8)),  # b is summed by itself, no matrices are multiplied
        ("id,i->di", (1, 12)),
        ("ijd->dij", (1, 96, 12)),
        ("ijd->dj", (8, 1)),
    ],
)
def test_einsum_lies_as_the_product_does(equation: str, strides: tuple[int, ...]) -> None:
    sizes, given = {"b": 2, "h": 3, "i": 8, "j": 8, "d": 12}, equation.split("->")[0]
    terms = [torch.ones([sizes[each] for each in term]) for term in given.split(",")]
    assert torch.einsum(equation, *terms).stride() == strides


def test_attention_lies_as_its_queries_do() -> None:
    heads = laid((2, 3, 5, 8), (0, 2, 1, 3))
    attend = F.scaled_dot_product_attention
    out = attend(heads, heads, heads)
    assert out.stride() == (120, 8, 24, 1)
    assert out.transpose(1, 2).view(2, 5, 24).shape == (2, 5, 24)  # as programs have it
    assert attend(heads, heads, heads, torch.zeros(5, 5)).stride() == (120, 8, 24, 1)
    learned = torch.zeros(5, 5, requires_grad=True)
    assert attend(heads, heads, heads, learned).is_contiguous()
    assert attend(heads, heads, heads, dropout_p=0.5).is_contiguous()
    assert attend(heads, heads, heads[..., :4]).is_contiguous()
    assert attend(heads, heads[:1], heads[:1]).is_contiguous()
