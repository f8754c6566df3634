"""What a user does wrong: PyTorch's class, and a message that says what is wrong.

Each row is checked under PyTorch too, where it is installed (class and message).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight
from rushlight import engine
from tests.oracle.peer import Peer

Row = tuple[str, type[Exception], str]

ROWS: list[Row] = [
    # Gradients
    ("x = torch.ones(2, requires_grad=True); x.add_(1)", RuntimeError, "leaf Variable"),
    ("x = torch.ones(2, requires_grad=True); x[0] = 1", RuntimeError, "view of a leaf Variable"),
    ("x = torch.ones(4).view(2, 2).requires_grad_(); x[0] = 1", RuntimeError, "view of a leaf Var"),
    ("x = torch.ones(2)[:1].requires_grad_(); x.view(1, 1).add_(1)", RuntimeError, "view of a"),
    ("x = torch.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()",
     RuntimeError, "backward through the graph a second time"),
    ("x = torch.ones(2, requires_grad=True); (x * 2).backward()", RuntimeError,
     "grad can be implicitly created only for scalar outputs"),
    ("torch.ones(2).sum().backward()", RuntimeError, "does not require grad"),
    ("x = torch.ones(2, requires_grad=True); y = x * 1; z = (y * y).sum(); y.add_(1); z.backward()",
     RuntimeError, "has been modified by an inplace operation"),
    ("x = torch.ones(2, requires_grad=True); y = x.exp(); y.mul_(2); y.sum().backward()",
     RuntimeError, "is at version 1; expected version 0"),
    ("x = torch.ones(2, requires_grad=True); x.numpy()", RuntimeError, "Can't call numpy"),
    ("torch.ones(2, dtype=torch.int64, requires_grad=True)", RuntimeError, "floating point"),
    ("x = torch.ones(2, requires_grad=True); (x * 1).requires_grad = False", RuntimeError, "leaf"),
    ("x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True); "
     "torch.autograd.grad(x.sum(), [y])", RuntimeError, "not have been used in the graph"),
    ("x = torch.ones(2); x.grad = torch.ones(3)", RuntimeError, "size"),
    # Shapes
    ("torch.ones(2, 3) + torch.ones(2, 4)", RuntimeError, "must match"),
    ("torch.ones(2, 3) @ torch.ones(2, 3)", RuntimeError, "cannot be multiplied"),
    ("torch.ones(2, 3).view(4, 2)", RuntimeError, "is invalid for input of size 6"),
    ("torch.ones(2, 3).t().view(6)", RuntimeError, "view size is not compatible"),
    ("torch.ones(2, 3).reshape(-1, 4)", RuntimeError, "is invalid for input of size 6"),
    ("torch.ones(2, 3).expand(4, 3)", RuntimeError, "must match the existing size"),
    ("torch.cat([torch.ones(2, 3), torch.ones(2, 4)])", RuntimeError, "Sizes of tensors"),
    ("torch.stack([torch.ones(2), torch.ones(3)])", RuntimeError, "equal size"),
    ("torch.ones(2, 3).sum(2)", IndexError, "Dimension out of range"),
    ("torch.ones(2).add_(torch.ones(2, 2))", RuntimeError, "doesn't match the broadcast shape"),
    ("torch.ones(2, 3).copy_(torch.ones(4))", RuntimeError, "must match the"),
    ("torch.ones(1, 2).expand(3, 2).add_(1)", RuntimeError, "more than one element"),
    ("torch.ones(2, 3).transpose(0, 2)", IndexError, "Dimension out of range"),
    ("torch.ones(2, 3).permute(0, 0)", RuntimeError, "duplicate dims"),
    ("torch.ones(4).as_strided((3,), (2,))", RuntimeError, "out of bounds for storage"),
    ("torch.nn.Linear(3, 2)(torch.ones(2, 4))", RuntimeError, "cannot be multiplied"),
    ("F.mse_loss(torch.ones(2), torch.ones(2), reduction='no')", ValueError, "not a valid value"),
    # Kinds
    ("torch.ones(2, dtype=torch.int64).add_(0.5)", RuntimeError, "can't be cast"),
    ("torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.float64)", RuntimeError, "same dtype"),
    ("torch.ones(2, 2) @ torch.ones(2, 2).double()", RuntimeError, "but got: float != double"),
    ("torch.nn.Conv1d(1, 1, 1)(torch.ones(1, 1, 2).double())",
     RuntimeError, "Input type (double) and bias type (float) should be the same"),
    ("torch.nn.Conv1d(1, 1, 1, bias=False)(torch.ones(1, 1, 2).double())",
     RuntimeError, "expected scalar type Double but found Float"),
    ("torch.allclose(torch.ones(2), torch.ones(2).double())",
     RuntimeError, "Float did not match Double"),
    ("torch.bincount(torch.ones(2))", NotImplementedError, "bincount_cpu"),
    ("torch.ones(2)['a']", TypeError, "invalid data type 'str'"),
    ("F.pad(torch.ones(1, 2), (1, 1), mode='reflect', value=1.0)", RuntimeError, "take in value"),
    ("F.bilinear(torch.ones(2, 2), torch.ones(3, 3), torch.ones(4, 2, 3))",
     RuntimeError, "dim 0: got 2 and 3"),
    ("F.cross_entropy(torch.ones(2, 3, 4, 4), torch.ones(2, 1, 4, 4).long())",
     RuntimeError, "only batches of spatial targets supported (3D tensors)"),
    ("F.batch_norm(torch.ones(2, 3), None, None)", RuntimeError, "running_mean must be defined"),
    ("F.scaled_dot_product_attention(*[torch.ones(2, 3)] * 3, dropout_p=2.0)",
     RuntimeError, "has to be between 0 and 1"),
    ("torch.nn.utils.clip_grad_norm_([torch.ones(2, requires_grad=True)], 'a')",
     ValueError, "could not convert"),
    ("torch.ones(2) & 1.5", (RuntimeError, NotImplementedError), ""),  # type: ignore[list-item]
    ("-torch.ones(2, dtype=torch.bool)", RuntimeError, "bool tensor is not supported"),
    ("torch.ones(2, dtype=torch.int64).mean()", RuntimeError, "could not infer output dtype"),
    ("torch.ones(2).item()", RuntimeError, "2 elements cannot be converted to Scalar"),
    ("bool(torch.ones(2))", RuntimeError, "more than one value is ambiguous"),
    ("torch.tensor([1, 2])[0.5]", IndexError, ""),
    ("torch.add(torch.ones(2), 'a')", TypeError, ""),
    ("torch.tensor('a')", (TypeError, ValueError), ""),  # type: ignore[list-item]
    ("torch.uint8_tensor", AttributeError, ""),
    ("len(torch.tensor(1))", TypeError, "0-d tensor"),
    ("list(torch.tensor(1))", TypeError, "0-d tensor"),
    ("torch.zeros(2, dtype=torch.uint8).fill_(300)", RuntimeError, "without overflow"),
    ("+torch.ones(2, dtype=torch.bool)", RuntimeError, "not supported"),
    # Indices
    ("torch.ones(3)[3]", IndexError, "out of bounds for dimension 0 with size 3"),
    ("torch.ones(3, 2)[0, -3]", IndexError, "out of bounds for dimension 1 with size 2"),
    ("torch.ones(3)[0, 0]", IndexError, "too many indices"),
    ("torch.tensor(1.)[0]", IndexError, "0-dim tensor"),
    ("torch.ones(3)[torch.tensor([True, False])]", IndexError, "mask"),
    ("torch.ones(3)[torch.tensor([0.5])]", IndexError, "must be long"),
    ("torch.ones(3)[::-1]", ValueError, "step must be greater than zero"),
    ("torch.ones(3)[torch.tensor([5])].tolist()", IndexError, ""),
    ("torch.ones(3).index_select(0, torch.tensor([5])).tolist()", (IndexError, RuntimeError), ""),  # type: ignore[list-item]
    ("torch.ones(3)[[1]] = torch.ones(2)", (RuntimeError, SyntaxError), ""),  # type: ignore[list-item]
    ("torch.ones(3)[[0]].sum(); F.embedding(torch.tensor([7]), torch.ones(3, 2)).tolist()",
     IndexError, "index out of range in self"),
    ("torch.ones(3).gather(0, torch.tensor([5])).tolist()", RuntimeError, "index"),
    ("F.cross_entropy(torch.ones(2, 10), torch.tensor([1, 10])).item()", IndexError,
     "Target 10 is out of bounds."),
    ("F.nll_loss(torch.ones(2, 10), torch.tensor([1, -1])).item()", IndexError,
     "Target -1 is out of bounds."),
    *((f"torch.ones(3, 4){call}.sum().item()", kind, told) for call, kind, told in (
        ("[torch.tensor([7])]", IndexError, "index 7 is out of bounds for dimension 0 with size 3"),
        ("[:, torch.tensor([-5])]", IndexError, "index -5 is out of bounds for dimension 0"),
        ("[torch.tensor([1]), torch.tensor([4])]", IndexError,
         "index 4 is out of bounds for dimension 1 with size 4"),
        (".gather(1, torch.tensor([[4]]))", RuntimeError,
         "index 4 is out of bounds for dimension 1 with size 4"),
        (".gather(1, torch.tensor([[-1]]))", RuntimeError,
         "index -1 is out of bounds for dimension 1 with size 4"),
        (".scatter(0, torch.tensor([[-1]]), 1.)", RuntimeError,
         "index -1 is out of bounds for dimension 0 with size 3"),
        (".scatter_add(0, torch.tensor([[3]]), torch.ones(1, 1))", RuntimeError,
         "index 3 is out of bounds for dimension 0 with size 3"),
        (".index_select(0, torch.tensor([-1]))", IndexError, "index out of range in self"),
        (".index_select(1, torch.tensor([9]))", RuntimeError,
         "INDICES element is out of DATA bounds, id=9 axis_dim=4"),
        (".index_add(0, torch.tensor([-1]), torch.ones(1, 4))", RuntimeError,
         "index -1 is out of bounds for dimension 0 with size 3"),
        (".index_copy(0, torch.tensor([5]), torch.ones(1, 4))", IndexError,
         "index_copy_(): index 5 is out of bounds for dimension 0 with size 3"),
        (".index_fill(0, torch.tensor([5]), 1.)", IndexError,
         "index 5 is out of bounds for dimension 0 with size 3"),
        (".take(torch.tensor([12]))", IndexError,
         "out of range: tried to access index 12 on a tensor of 12 elements."),
        (".put(torch.tensor([-13]), torch.ones(1))", IndexError,
         "tried to access index -13 on a tensor of 12 elements."),
        (".take_along_dim(torch.tensor([12]))", RuntimeError,
         "index 12 is out of bounds for dimension 0 with size 12"),
    )),
    ("y = torch.ones(3); y[torch.tensor([1, 3])] = 2.; y.tolist()", IndexError,
     "index 3 is out of bounds for dimension 0 with size 3"),
    ("F.embedding(torch.tensor([-1]), torch.ones(3, 2)).tolist()", IndexError,
     "index out of range in self"),
    *((f"F.{loss}(torch.ones(1, 3), torch.tensor([1], dtype=torch.{dtype})).item()", RuntimeError,
       told) for loss, dtype, told in (
        ("cross_entropy", "int32", "Int"), ("nll_loss", "int32", "Int"),
        ("multi_margin_loss", "int32", "expected scalar type Long but found Int"))),
    ("F.nll_loss(torch.ones(1, 3, 1), torch.ones(1, 1, dtype=torch.uint8))", RuntimeError,
     "expected scalar type Long but found Byte"),
    # Numbers out of range
    *((f"F.binary_cross_entropy(torch.tensor([{p}]), torch.tensor([{t}])).item()", RuntimeError,
       f"all elements of {who} should be between 0 and 1") for p, t, who in (
        ("1.5", "1.", "input"), ("-.1", "1.", "input"), ("float('nan')", "1.", "input"),
        (".5", "2.", "target"), (".5", "float('nan')", "target"))),
    ("torch.bernoulli(torch.tensor([2.]))", RuntimeError, "Expected p_in >= 0 && p_in <= 1"),
    ("torch.bernoulli(torch.tensor([1]))", NotImplementedError, "not implemented for 'Long'"),
    ("torch.bernoulli(torch.ones(2), 1.5)", RuntimeError, "p to be in [0, 1], but got p=1.5"),
    ("torch.ones(2).bernoulli_(torch.tensor([.5, 2.]))", RuntimeError, "Expected p_in >= 0"),
    ("torch.normal(torch.ones(1), -torch.ones(1))", RuntimeError, "all elements of std >= 0.0"),
    ("torch.multinomial(torch.tensor([1, 1]), 1)", RuntimeError, "dtypes for input, got: Long"),
    ("torch.multinomial(torch.tensor([1., -1.]), 1)", RuntimeError, "`inf`, `nan` or element < 0"),
    ("torch.ones(2).uniform_(1, 0)", RuntimeError, "found from=1 > to=0"),
    ("torch.ones(2).uniform_(0, float('inf'))", RuntimeError, "to is out of bounds for float"),
    ("torch.ones(2).exponential_(-1)", RuntimeError, "lambda > 0.0, but found lambda=-1"),
    ("torch.ones(2, dtype=torch.int64).exponential_()", RuntimeError, "you specified Long"),
    ("torch.ones(2).geometric_(1)", RuntimeError, "p to be in (0, 1), but got p=1"),
    ("torch.ones(2).log_normal_(0, -1)", RuntimeError, "std > 0.0, but found std=-1"),
    ("torch.ones(2).cauchy_(0, -1)", RuntimeError, "sigma > 0.0, but found sigma=-1"),
    ("torch.ones(2).random_(5, 5)", RuntimeError, "from=5 >= to=5"),
    ("torch.ones(2, dtype=torch.uint8).random_(0, 300)", RuntimeError,
     "to - 1 is out of bounds for unsigned char"),
    ("torch.randint(0, 300, (2,), dtype=torch.uint8)", RuntimeError, "out of bounds for unsigned"),
    # Arguments of another kind
    *((call, TypeError, told) for call, told in (
        ('torch.nn.Linear("a", 2)', ""), ("torch.nn.Linear(2.5, 2)", ""),
        ('torch.nn.Embedding("a", 3)', ""), ('torch.nn.LayerNorm("a")', ""),
        ("torch.zeros(2.5)", "zeros(): argument 'size' (position 1) must be tuple of ints"),
        ("torch.zeros('a')", "must be tuple of ints, not str"), ("torch.ones()", "missing 1"),
        ("torch.randn(2.5)", "randn(): argument 'size' (position 1) must be tuple of ints"),
        ("torch.full(2, 1)", "must be tuple of ints, not int"),
        ("torch.full((2,), None)", "must be Number, not NoneType"),
        ("torch.tensor([1.], requires_grad=True).backward('a')", "Tensors or None, but got str"),
        ("torch.tensor([[1, 'a']])", "new(): invalid data type 'str'"),
        ("torch.tensor(b'a')", "new(): invalid data type 'bytes'"),
        ("torch.tensor([1, [2]])", "'list' object cannot be interpreted as an integer"),
        ("torch.tensor([1], dtype='int')", "'dtype' must be torch.dtype, not str"),
        ("torch.tensor(np.array(['a']))", "can't convert np.ndarray of type numpy.str_"),
        ("torch.linspace(0, 1, 2.5)", "linspace()"), ("1 @ torch.ones(2)", "unsupported operand"),
        ("torch.where('a')", "where(): argument 'condition' (position 1) must be Tensor"),
        ("torch.ones(2).requires_grad_('a')", "must be bool, not str"),
        ("~torch.ones(2)", "only implemented on integer and Boolean-type tensors"),
        ("torch.ones(2).data = 'a'", "Variable data has to be a tensor, but got str"),
        ("x = torch.ones(2); del x[0]", "Tensor does not support deleting items"),
        ("torch.set_default_dtype('a')", "only floating-point types are supported"),
        ("torch.promote_types(1, 2)", "'type1' (position 1) must be torch.dtype, not int"),
        ("F.dropout('a')", "'input' (position 1) must be Tensor, not str"),
        ("F.layer_norm(torch.ones(2, 2), 3)", "must be tuple of ints, not int"),
        ("torch.ones(2).view(torch.float64, 3)", "got (torch.dtype, int)"),
        ("torch.ones(2).view('a')", "got (str)"),
    )),
    ("torch.autograd.backward('a')", AssertionError, "Expected output to be a torch.Tensor"),
    ("torch.tensor([2**70])", ValueError, "Overflow when unpacking long long"),
    ("torch.tensor(2**63)", ValueError, "Overflow when unpacking long long"),
    ("torch.tensor([300], dtype=torch.uint8)", RuntimeError, "type uint8 without overflow"),
    ("torch.tensor([float('nan')], dtype=torch.int64)", RuntimeError, "int64 without overflow"),
    # The bytes of a tensor as another dtype
    *((f"torch.ones(2, 3){x}.view(torch.{dtype})", RuntimeError, told) for x, dtype, told in (
        ("", "float64", "self.size(-1) must be divisible by 2 to view Float as Double"),
        (".t()", "uint8", "self.stride(-1) must be 1 to view Float as Byte"),
        ("[0, 0]", "int64", "self.dim() cannot be 0 to view Float as Long"),
        (".view(6)[1:5]", "int64", "self.storage_offset() must be divisible by 2"),
    )),
    # Saved tensors that were overwritten
    *((f"x = torch.ones(2, requires_grad=True); {line}", RuntimeError, told) for line, told in (
        ("y = x.exp(); y.add_(1); y.sum().backward()",
         "[torch.FloatTensor [2]], which is output 0 of Exp, is at version 1; expected version 0"),
        ("w = torch.ones(2); y = x * w; w.zero_(); y.sum().backward()",
         "[torch.FloatTensor [2]] is at version 1; expected version 0 instead. Hint: enable"),
    )),
    # Kinds of numbers that an operation does not take
    *((f"torch.ones(2) - {y}", RuntimeError, "with a bool tensor is not supported")
      for y in ("True", "torch.tensor([True, False])")),
    ("True - torch.ones(2)", RuntimeError, "with a bool tensor is not supported"),
    ("1.5 - torch.tensor([True])", RuntimeError, "with a bool tensor is not supported"),
    ("True - torch.tensor([True])", RuntimeError, "with two bool tensors is not supported"),
    ("torch.tensor([1]).add(1, alpha=.5)", RuntimeError, "must not be a floating point number"),
    ("torch.tensor([1.]).sub(1, alpha=True)", RuntimeError, "Boolean alpha only supported"),
    ("torch.tensor([True]) ** torch.tensor([True])", NotImplementedError, "'Bool'"),
    *((f"F.{name}(torch.ones(2, 2, dtype=torch.int64))", NotImplementedError, "for 'Long'")
      for name in ("softplus", "gelu", "silu", "elu", "leaky_relu", "glu", "logsigmoid",
                   "hardshrink", "mish", "hardswish")),
    ("torch.softmax(torch.ones(2, 2, dtype=torch.int64), 0)", NotImplementedError,
     "\"softmax_kernel_impl\" not implemented for 'Long'"),
    ("torch.log_softmax(torch.tensor(1), 0)", NotImplementedError, "lastdim_kernel_impl"),
    *((f"F.{name}(torch.ones(2, dtype=torch.bool))", RuntimeError, "not supported for")
      for name in ("relu", "relu6", "hardtanh")),
    *((f"F.{name}_loss(torch.ones(2).int(), torch.ones(2).int())", NotImplementedError, "'Int'")
      for name in ("mse", "huber", "smooth_l1")),
    ("F.binary_cross_entropy(torch.ones(1), torch.tensor([1]))", RuntimeError,
     "Found dtype Long but expected Float"),
    # Arguments of another kind, and sizes that do not fit
    *((text, TypeError, told) for text, told in (
        ("torch.zeros_like([1, 2])", "argument 'input' (position 1) must be Tensor, not list"),
        ("torch.rand_like(np.ones(2))", "(position 1) must be Tensor, not numpy.ndarray"),
        ("torch.full_like(None, 1)", "argument 'input' (position 1) must be Tensor, not NoneType"),
        ("torch.mean(np.ones(3))", "must be Tensor, not numpy.ndarray"),
        ("torch.add(torch.ones(2), 1, out=np.zeros(2))",
         "add(): argument 'out' must be Tensor, not numpy.ndarray"),
        ("torch.zeros([2, 'a'])", "failed to unpack the object at pos 2 with error"),
        ("torch.arange('a')", "arange(): argument 'end'"),
        ("torch.ones(2).fill_('a')", "invalid combination of arguments - got (str)"),
        ("torch.tensor(1j, dtype=torch.float32)", "must be real number, not complex"),
    )),
    *((text, RuntimeError, told) for text, told in (
        ("torch.ones(2).fill_(3j)", "value cannot be converted to type float without overflow"),
        ("torch.ones(3).as_strided((-2,), (5,))", "Storage size calculation overflowed"),
        ("torch.ones(3).as_strided((2,), (5,), 1)", "requiring a storage size of 28"),
        ("torch.ones(2, 3) @ torch.ones(4)", "size mismatch, got input (2), mat (2x3), vec (4)"),
        ("torch.outer(torch.ones(2), torch.ones(2, 2))", "Expected 1-D argument vec2, but got 2-D"),
        ("torch.tensordot(torch.ones(2, 3), torch.ones(2, 3), 1)", "first has size 3 in dim -1"),
        ("torch.einsum('ii->i', torch.ones(2, 3))", "the sizes don't match, 3 != 2"),
        ("torch.where(torch.ones(2), 1, 2)", "but got a tensor with dtype Float"),
        ("torch.ones(2).masked_fill(torch.ones(2), 0)", "but got mask with dtype float"),
        ("torch.ones(1, requires_grad=True).set_(torch.ones(3))", "a leaf Variable that requires"),
    )),
    *((text, NotImplementedError, told) for text, told in (
        ("torch.ones(2) & 1", "\"bitwise_and_cpu\" not implemented for 'Float'"),
        ("torch.ones(2) << 1", "\"lshift_cpu\" not implemented for 'Float'"),
        ("torch.gcd(torch.ones(2), torch.ones(2))", "\"gcd_cpu\" not implemented for 'Float'"),
        ("torch.rand(2, dtype=torch.int8)", "\"check_uniform_bounds\" not implemented for 'Char'"),
    )),
    ("torch.func.grad(lambda x: x.sum())(3)", ValueError, "must be Tensor, got <class 'int'>"),
]  # fmt: skip


def run(text: str, torch: Any) -> Exception | None:
    try:
        exec(text, {"torch": torch, "F": torch.nn.functional, "np": np})
    except Exception as error:
        return error
    return None


@pytest.mark.parametrize(("text", "kind", "told"), ROWS, ids=[row[0] for row in ROWS])
def test_ours(text: str, kind: Any, told: str) -> None:
    engine.clear()
    error = run(text, rushlight)
    assert isinstance(error, kind), repr(error)
    assert told in str(error)


@pytest.mark.parity
def test_theirs() -> None:
    """The rows above are what PyTorch does."""
    peer = Peer.start()
    if peer is None:
        pytest.skip("PyTorch is not installed")
    wrong = []
    for text, kind, told in ROWS:
        log = peer.run([text])
        names = [each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,))]
        if log.steps[0] not in names or told not in log.messages[0]:
            wrong.append(f"{text}: {log.steps[0]} {log.messages[0][:150]}")
    peer.stop()
    assert not wrong, "\n".join(wrong)


def here(add: Callable[[], Any]) -> str:
    with pytest.raises(IndexError) as caught:
        add().tolist()
    return str(caught.value)


def test_run_time_errors_name_the_op_and_the_line() -> None:
    engine.clear()
    x = rushlight.ones(3)
    message = here(lambda: x[rushlight.tensor([7])] + 1)
    assert "index" in message
    assert "test_errors.py:" in message


def test_label_out_of_range_names_the_line() -> None:
    engine.clear()
    with pytest.raises(IndexError, match="out of bounds") as caught:
        rushlight.nn.functional.cross_entropy(
            rushlight.ones(2, 10), rushlight.tensor([1, 10])
        ).item()
    assert "test_errors.py:" in str(caught.value)
