"""torch.library: operators of the user's own."""

import pytest

import rushlight as torch
from rushlight import library


def test_custom_op_with_gradient_and_vmap() -> None:
    @library.custom_op("tests::cube", mutates_args=())
    def cube(x: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
        return torch.from_numpy(x.numpy() ** 3) * scale

    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"backward through tests\.cube\.default"):
        cube(x).sum().backward()

    def keep(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])
        ctx.scale = inputs[1]

    def backward(ctx, g):
        (saved,) = ctx.saved_tensors
        return 3 * saved**2 * g * ctx.scale, None

    cube.register_autograd(backward, setup_context=keep)
    cube(x, scale=2.0).sum().backward()
    assert x.grad.tolist() == [6.0, 24.0]
    assert torch.ops.tests.cube(x.detach()).tolist() == [1.0, 8.0]
    assert torch.ops.tests.cube.default(x.detach(), 2.0).tolist() == [2.0, 16.0]

    @cube.register_vmap
    def _(info, in_dims, x, scale):
        return cube(x, scale), in_dims[0]

    assert torch.vmap(cube)(torch.ones(2, 2)).tolist() == [[1.0, 1.0]] * 2
    with pytest.raises(TypeError, match="missing value for argument 'x'"):
        cube()


def test_custom_ops_that_write() -> None:
    @library.custom_op("tests::bump", mutates_args={"x"})
    def bump(x: torch.Tensor, by: int) -> None:
        x.add_(by)

    x = torch.zeros(2)
    assert bump(x, 3) is None and x.tolist() == [3.0, 3.0]

    @library.custom_op("tests::same", mutates_args=())
    def same(x: torch.Tensor) -> torch.Tensor:
        return x

    with pytest.raises(RuntimeError, match="must not also be an input"):
        same(x)
    with pytest.raises(ValueError, match="must have a type annotation"):
        library.custom_op("tests::bare", lambda x: x, mutates_args=())


class Tripled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        with torch._C._AutoDispatchBelowAutograd():
            return torch.ops.tests_autograd.tripled(x)

    @staticmethod
    def backward(ctx, g):
        return 30 * g


def test_what_is_registered_for_autograd_is_called_first() -> None:
    mine = library.Library("tests_autograd", "DEF")
    mine.define("tripled(Tensor x) -> Tensor")
    mine.impl("tripled", lambda x: x * 3, "CPU")
    mine.impl("tripled", Tripled.apply, "AutogradCPU")
    x = torch.ones(1, requires_grad=True)
    made = torch.ops.tests_autograd.tripled(x)
    made.backward()
    assert made.item() == 3.0 and x.grad.item() == 30.0
    mine.define("squared(Tensor x) -> Tensor")
    mine.impl("squared", lambda x: x * x, "CompositeImplicitAutograd")
    torch.ops.tests_autograd.squared(x).backward()
    assert x.grad.item() == 32.0


def test_define_and_implement() -> None:
    mine = library.Library("tests_more", "DEF")
    mine.define("scaled(Tensor x, float k=2.0) -> Tensor")

    @library.impl(mine, "scaled", "CPU")
    def _(x, k):
        return x * k

    assert torch.ops.tests_more.scaled(torch.ones(1)).tolist() == [2.0]
    library.define("tests_more::plus", "(Tensor x) -> Tensor")
    with pytest.raises(NotImplementedError, match="no implementation"):
        torch.ops.tests_more.plus(torch.ones(1))
    library.impl("tests_more::plus", "cpu")(lambda x: x + 1)
    library.register_autograd("tests_more::plus", lambda ctx, g: g * 5)
    x = torch.ones(1, requires_grad=True)
    made = torch.ops.tests_more.plus(x)
    assert made.grad_fn.name() == "GeneratedBackwardFor_tests_more_plus_defaultBackward"
    made.sum().backward()
    assert x.grad.item() == 5.0
    with pytest.raises(AttributeError):
        _ = torch.ops.tests_more.nothing
