"""Arguments of another kind than a parameter says are TypeErrors, as PyTorch's parser has them."""

import numpy as np
import pytest

import rushlight as torch

x = torch.arange(6.0).reshape(2, 3)
square = torch.eye(3)

REFUSED = [
    # Constants of ops of the table.
    lambda: x.var(0, 1),
    lambda: x.std(0, 0),
    lambda: torch.std_mean(x, 0, 1),
    lambda: x.cumsum("a"),
    lambda: x.cumsum(True),
    lambda: x.cumsum(1.0),
    lambda: x.sum("a"),
    lambda: x.sum(0.5),
    lambda: x.unsqueeze(0.5),
    # Functions made by hand.
    lambda: torch.linalg.pinv(square, hermitian=1),
    lambda: torch.linalg.matrix_power("a", 1),
    lambda: torch.fft.fft(3),
    lambda: torch.histogram(x, 3, density=1),
    lambda: torch.bincount(torch.tensor([1]), weights=0),
    lambda: torch.poisson(x, generator="a"),
    lambda: torch.abs_(0),
    # A tensor is looked at before it is a number; arrays and numpy.bool are none.
    lambda: x.cumsum(torch.tensor(1.0)),
    lambda: x.sum(0, keepdim=np.bool_(True)),
    lambda: torch.add(x, x, alpha=torch.tensor([1])),
    # Sizes given one by one.
    lambda: x.permute(1.0, 0),
    lambda: x.expand((2.0,)),
    lambda: x.reshape(True, 6),
    lambda: x.movedim(0, (1,)),
    # Two tensors have no axis.
    lambda: torch.max(x, x, 1),
    lambda: x.min(None),
    # What new tensors are told.
    lambda: torch.zeros(2, layout=1),
    lambda: torch.eye(2, requires_grad=1),
    lambda: torch.randn_like(x, pin_memory="a"),
    lambda: torch.nn.functional.dropout(x, 0.5, 1),
    lambda: torch.nn.functional.relu_(0),
    lambda: x.random_(generator=1),
    lambda: torch.isin(x, [1]),
    lambda: torch.quantile(x, [0.5]),
    lambda: torch.result_type(x, [1]),
    lambda: torch.hsplit(x, True),
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_refused(call):
    with pytest.raises(TypeError):
        call()


def test_a_refused_kind_is_not_taken_for_an_equal_number_met_before():
    assert x.cumsum(1).shape == (2, 3)
    for other in (True, 1.0):
        with pytest.raises(TypeError, match=r"argument 'dim' \(position 2\) must be int"):
            x.cumsum(other)


@pytest.mark.parametrize("other", [True, 1.0, torch.tensor(1.0)])
def test_a_view_asked_for_axis_1_before_is_not_made_for_true_or_a_float(other):
    assert x.transpose(0, 1).shape == (3, 2)
    assert x.unsqueeze(1).squeeze(1).shape == (2, 3)
    for call in (lambda: x.transpose(0, other), lambda: x.unsqueeze(other)):
        with pytest.raises(TypeError, match="must be int"):
            call()


def test_what_is_taken_as_pytorch_takes_it():
    one = torch.tensor([1])
    assert x.narrow(0, 0, one).shape == (1, 3)
    assert x.sum(one).shape == (2,)
    assert x.repeat(2, True).shape == (4, 3)
    assert [each.shape[1] for each in x.hsplit(1, 2)] == [1, 1, 1]
    assert len(x.hsplit(np.int64(3))) == 3
    assert torch.linspace(0, 1, 2, pin_memory=False).tolist() == [0, 1]
    assert torch.special.airy_ai(x=x).equal(torch.special.airy_ai(x))
    assert torch.special.hermite_polynomial_h(x=x, n=2).shape == (2, 3)


def test_a_layout_or_memory_that_no_tensor_has_here_is_not_ignored():
    with pytest.raises(NotImplementedError, match="sparse_coo"):
        torch.zeros(2, 2, layout=torch.sparse_coo)
    with pytest.raises(RuntimeError, match="accelerator"):
        torch.zeros(2, pin_memory=True)


def test_what_counts_as_a_whole_number():
    expected = x.cumsum(1).tolist()
    for one in (np.int64(1), torch.tensor(1)):
        assert x.cumsum(one).tolist() == expected
    assert x.sum([0]).tolist() == x.sum(0).tolist() == [3.0, 5.0, 7.0]


def test_the_message_names_function_argument_and_kinds():
    with pytest.raises(
        TypeError, match=r"linalg_pinv\(\): argument 'hermitian' .* must be bool, not int"
    ):
        torch.linalg.pinv(square, hermitian=1)


def test_true_is_unbiased_over_everything():
    assert x.var(True).item() == x.var().item()
    assert x.var(False).item() == x.var(correction=0).item()


def test_one_number_through_a_byte_mask_is_refused():
    """PyTorch 2.13 fills only through bool masks; several elements it still takes, and warns."""
    mask = torch.tensor([1, 0, 1], dtype=torch.uint8)
    v = torch.zeros(3)
    with pytest.raises(RuntimeError, match="masked_fill_ only supports boolean masks"):
        v[mask] = 5.0
    with pytest.warns(UserWarning, match=r"indexing with dtype torch.uint8"):
        v[mask] = torch.tensor([1.0, 2.0])
    assert v.tolist() == [1.0, 0.0, 2.0]


def test_a_keyword_behind_starred_arguments_is_no_place():
    assert [each.tolist() for each in torch.atleast_1d(torch.tensor(1), torch.tensor(2))] == [
        [1],
        [2],
    ]


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.equal(x, 3), lambda: torch.numel(3), lambda: torch.is_complex(2),
        lambda: x.view_as(3), lambda: x.expand_as(0.5), lambda: torch.bernoulli(1.0),
        lambda: torch.multinomial(x, 1, generator=3), lambda: torch.hstack(x),
        lambda: torch.vstack("mean"), lambda: x.copy_((1,)),
    ],
)  # fmt: skip
def test_refused_by_functions_that_no_op_asks_for(call):
    with pytest.raises(TypeError, match="must be"):
        call()


def test_small_forms():
    assert torch.combinations(torch.ones(3), 0).shape == (0,)
    with pytest.raises(RuntimeError, match="Expect a 1D vector"):
        torch.combinations(x)
    assert torch.histogram(x)[0].shape == (100,)
    assert (x.dense_dim(), x.sparse_dim()) == (2, 0)
