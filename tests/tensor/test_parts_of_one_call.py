"""Views that one call makes several of: not written to where gradient flows, as in PyTorch."""

import pytest

import rushlight as torch

CUTS = [
    lambda x: x.unbind(0),
    lambda x: x.chunk(2),
    lambda x: x.split(1),
    lambda x: torch.split(x, [1, 1]),
    lambda x: x.split_with_sizes([1, 1]),
    list,
]


def plain():
    return torch.arange(6.0).reshape(2, 3)


def flowing():
    return (torch.arange(6.0, requires_grad=True) * 1).reshape(2, 3)


@pytest.mark.parametrize("cut", CUTS)
def test_a_part_is_not_written_to_where_gradient_flows(cut):
    for write in (
        lambda part: part.mul_(2),
        lambda part: part.view(-1).mul_(2),
        lambda part: part.__setitem__(0, 2.0),
    ):
        with pytest.raises(RuntimeError, match="returns multiple views"):
            write(cut(flowing())[0])
    with pytest.raises(RuntimeError, match="returns multiple views"):
        cut(plain())[0].mul_(torch.ones(1, requires_grad=True))


@pytest.mark.parametrize("cut", CUTS)
def test_a_part_is_written_to_where_none_flows(cut):
    x = plain()
    cut(x)[0].mul_(2)
    assert x[0].tolist() == [0.0, 2.0, 4.0]
    x = flowing()
    with torch.no_grad():
        cut(x)[1].zero_()
    assert x[1].tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "cut", [lambda x: x.tensor_split(2), lambda x: x.hsplit(3), lambda x: x.unsafe_chunk(2),
            lambda x: x.unsafe_split(1), lambda x: x.unsafe_split_with_sizes([1, 1])],
)  # fmt: skip
def test_what_makes_views_one_by_one_lets_them_be_written_to(cut):
    x = flowing()
    cut(x)[0].mul_(2)
    assert x[0, 0].item() == 0.0
    x.sum().backward()
