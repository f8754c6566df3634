"""vmap is the function sample by sample: values, gradients, levels, errors."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.func import functional_call, grad, stack_module_state, vmap

F = torch.nn.functional


def one_by_one(function, *batches):
    outs = [function(*row) for row in zip(*batches, strict=True)]
    return torch.stack(outs)


def inplace(x):
    y = x.clone()
    y[0] = 5
    y += 1
    return y.mul_(2)


FUNCTIONS = {
    "chain": lambda x: torch.tanh(x * 2).sum(0),
    "softmax": lambda x: F.softmax(x, -1),
    "layer_norm": lambda x: F.layer_norm(x, x.shape),
    "sort": lambda x: x.sort(dim=0)[0],
    "topk": lambda x: x.topk(2, dim=-1)[0],
    "cumsum": lambda x: x.cumsum(1),
    "argmax": lambda x: x.argmax(1),
    "flip": lambda x: x.flip(0).t().reshape(-1),
    "strided": lambda x: x.clone().as_strided((2, 2), (1, 2), 1),
    "pad": lambda x: F.pad(x, (1, 2), value=3.0),
    "cat": lambda x: torch.cat([x, x[:1], torch.ones(1, 3)]),
    "einsum": lambda x: torch.einsum("ij,kj->ik", x, x),
    "inplace": inplace,
    "where": lambda x: torch.where(x > 0, x, -1.0),
    "pick": lambda x: x[:, [0, 2]],
    "det": lambda x: torch.linalg.det(x[:3, :3] + 3 * torch.eye(3)),
    "constant": lambda x: torch.ones(2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_function_on_each_sample(name):
    torch.manual_seed(0)
    batch = torch.randn(5, 4, 3)
    function = FUNCTIONS[name]
    torch.testing.assert_close(vmap(function)(batch), one_by_one(function, batch))


@pytest.mark.parametrize("shared", [False, True])
def test_indices_may_differ_from_sample_to_sample(shared):
    x = torch.arange(24.0).reshape(3, 4, 2)
    places = torch.tensor([[0, -1, 2], [3, 3, 1], [2, 0, 0]])
    if shared:
        made = vmap(lambda i: x[0][i])(places)
        torch.testing.assert_close(made, x[0][places])
    else:
        made = vmap(lambda a, i: a[i])(x, places)
        torch.testing.assert_close(
            made, torch.stack([a[i] for a, i in zip(x, places, strict=True)])
        )


def test_an_index_beyond_its_sample_is_an_error():
    with pytest.raises(IndexError):
        vmap(lambda a, i: a[i])(torch.zeros(3, 4), torch.tensor([[0], [4], [1]])).sum().item()


def test_convolutions_with_weights_of_their_own():
    torch.manual_seed(0)
    x, w = torch.randn(3, 2, 4, 6, 6), torch.randn(3, 4, 2, 3, 3, requires_grad=True)

    def function(a, b):
        return F.max_pool2d(F.conv2d(a, b, groups=2, padding=1), 2)

    ours, plain = vmap(function)(x, w), one_by_one(function, x, w)
    torch.testing.assert_close(ours, plain)
    (a,) = torch.autograd.grad(ours.pow(2).sum(), w)
    (b,) = torch.autograd.grad(plain.pow(2).sum(), w)
    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_gradients_of_each_sample():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(48, 2)
    )
    params = {name: each.detach() for name, each in model.named_parameters()}
    x, y = torch.randn(4, 1, 6, 6), torch.tensor([0, 1, 1, 0])

    def loss(params, a, b):
        return F.cross_entropy(functional_call(model, params, (a[None],)), b[None])

    found = vmap(grad(loss), in_dims=(None, 0, 0))(params, x, y)
    for k in range(4):
        model.zero_grad()
        F.cross_entropy(model(x[k : k + 1]), y[k : k + 1]).backward()
        for name, each in model.named_parameters():
            torch.testing.assert_close(found[name][k], each.grad, rtol=1e-4, atol=1e-6)
    assert not found["0.weight"].requires_grad


def test_gradients_through_it_stop_where_the_function_stops_them():
    x = torch.randn(4, 3, requires_grad=True)

    def function(a):
        with torch.no_grad():
            b = a * 2
        return (a * b * a.detach()).sum()

    (found,) = torch.autograd.grad(vmap(function)(x).sum(), x, create_graph=True)
    torch.testing.assert_close(found, 2 * x.detach() ** 2)


def test_second_gradients_and_what_is_shared():
    torch.manual_seed(0)
    x = torch.randn(4, 3, requires_grad=True, dtype=torch.float64)
    w = torch.randn(3, requires_grad=True, dtype=torch.float64)
    assert torch.autograd.gradcheck(vmap(lambda a: (a * w).sin()), (x,))
    out = vmap(lambda a: (a * w).sin().sum())(x)
    a, b = torch.autograd.grad(out.sum(), (x, w), create_graph=True)
    torch.testing.assert_close(a, w * (x * w).cos())
    torch.testing.assert_close(b, (x * (x * w).cos()).sum(0))
    (c,) = torch.autograd.grad(b.sum(), x)
    torch.testing.assert_close(c, (x * w).cos() - x * w * (x * w).sin())


def test_users_functions_keep_their_backward():
    class Thrice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return 3 * g

    x = torch.ones(4, 2, requires_grad=True)
    vmap(Thrice.apply)(x).sum().backward()
    assert x.grad.tolist() == [[3.0, 3.0]] * 4


def test_levels_and_dims():
    x, y = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    torch.testing.assert_close(vmap(vmap(torch.dot))(x, y), (x * y).sum(-1))
    outer = vmap(lambda a: vmap(lambda b: a[:, None] * b, in_dims=1, out_dims=-1)(y[0]))(x[0])
    assert outer.shape == (3, 4, 3, 4)
    torch.testing.assert_close(outer, torch.einsum("nd,bi->ndbi", x[0], y[0]))
    a, b = vmap(lambda v: {"s": v.sum(), "v": (v,)}, out_dims={"s": 0, "v": (1,)})(y[0]).values()
    assert a.shape == (3,)
    assert b[0].shape == (4, 3)
    mixed = vmap(lambda v, d: v * d["k"], in_dims=(None, {"k": 0}))(y[0, 0], {"k": y[0]})
    torch.testing.assert_close(mixed, y[0, 0] * y[0])


def test_in_pieces():
    x = torch.randn(7, 3)
    for size in (1, 3, 7, 9):
        torch.testing.assert_close(vmap(torch.sum, chunk_size=size)(x), x.sum(1))


def test_an_ensemble():
    models = [torch.nn.Linear(3, 2) for _ in range(3)]
    params, buffers = stack_module_state(models)
    x = torch.randn(5, 3)
    out = vmap(lambda p, b: functional_call(models[0], (p, b), (x,)))(params, buffers)
    torch.testing.assert_close(out, torch.stack([model(x) for model in models]))
    out.sum().backward()
    assert params["bias"].grad.tolist() == [[5.0, 5.0]] * 3


def test_random_numbers():
    x = torch.zeros(4, 3)
    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(lambda a: a + torch.rand(3))(x)
    with pytest.raises(RuntimeError, match="randomness error mode"):
        vmap(lambda a: F.dropout(a + 1))(x)
    torch.manual_seed(3)
    same = vmap(lambda a: a + torch.rand(3), randomness="same")(x)
    torch.manual_seed(3)
    torch.testing.assert_close(same, torch.rand(3).expand(4, 3))
    torch.manual_seed(3)
    different = vmap(lambda a: torch.randn_like(a), randomness="different")(x)
    torch.manual_seed(3)
    torch.testing.assert_close(different, torch.randn(4, 3))
    torch.manual_seed(3)
    dropped = vmap(lambda a: F.dropout(a + 1), randomness="different")(x)
    torch.manual_seed(3)
    torch.testing.assert_close(dropped, F.dropout(x + 1))


def test_what_is_the_same_for_all_has_a_value():
    shared = torch.arange(3)
    made = vmap(lambda a: a * (shared + 1).sum().item())(torch.ones(2))
    assert made.tolist() == [6.0, 6.0]


def test_numbers_of_one_sample_are_refused_and_nothing_breaks():
    x = torch.randn(4)
    kept = []
    for wrong in (lambda a: a.item(), lambda a: a if a > 0 else -a, lambda a: a.numpy()):
        with pytest.raises(RuntimeError, match="vmap"):
            vmap(wrong)(x * 2)
    vmap(lambda a: kept.append(a) or a)(x)
    with pytest.raises(RuntimeError, match="vmap"):
        kept[0].sum().item()
    assert torch.equal(x + 1 - 1 - x, torch.zeros(4)) or x.shape == (4,)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: vmap(lambda: 1)(), ValueError, "no inputs"),
        (lambda x: vmap(torch.add)(x, x[:2]), ValueError, "same size"),
        (lambda x: vmap(torch.add, in_dims=(0, 5))(x, x), ValueError, "in_dim=5"),
        (lambda x: vmap(torch.add)(x, 3), ValueError, "non-Tensor"),
        (lambda x: vmap(lambda a: 3)(x), ValueError, "only return Tensors"),
        (lambda x: vmap(torch.sum, in_dims=(0, 0))(x), ValueError, "not compatible"),
        (lambda x: vmap(torch.sum, randomness="none")(x), RuntimeError, "randomness"),
        (lambda x: vmap(torch.sum, chunk_size=0)(x), ValueError, "chunk_size"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.ones(3, 2))


def test_many_gradients_at_once():
    x = torch.randn(3, requires_grad=True)
    out = x.sin()
    seeds = torch.eye(3)
    (rows,) = torch.autograd.grad(out, x, seeds, is_grads_batched=True)
    torch.testing.assert_close(rows, torch.diag(x.detach().cos()))


def test_writes_to_what_all_samples_share():
    shared, count = torch.tensor([0.0, 0.0, 0.0]), torch.tensor([0.0, 0.0])

    def wrong(a):
        shared.add_(a)
        return a

    with pytest.raises(RuntimeError, match="in-place"):
        vmap(wrong)(torch.ones(4, 3))
    assert shared.tolist() == [0.0, 0.0, 0.0]

    def right(a):
        count.add_(1)
        count[0] = 5
        return a * count[1]

    assert vmap(right)(torch.ones(4)).tolist() == [1.0] * 4
    assert count.tolist() == [5.0, 1.0]


def test_numbers_of_a_sample_as_indices():
    x = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, -1.0]])
    assert torch.vmap(lambda a: a[a.argmin()])(x).tolist() == [1.0, -1.0]
    hot = torch.vmap(lambda a: torch.nn.functional.one_hot(a.argmax(), 3))(x)
    assert hot.tolist() == [[1, 0, 0], [0, 1, 0]]

    def marked(a):
        a = a.clone()
        a[a.argmax()] = 9.0
        return a

    assert torch.vmap(marked)(x).tolist() == [[9.0, 1.0, 2.0], [0.0, 9.0, -1.0]]


def test_draws_that_need_the_numbers_of_each_sample():
    rates = torch.tensor([[1.0, 4.0], [0.5, 9.0]])
    weights = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0]])
    for draw, given in (
        (torch.poisson, rates),
        (lambda w: torch.multinomial(w, 2, replacement=True), weights),
        (lambda a: a.clone().uniform_(1, 2), rates),
        (lambda a: a.clone().exponential_(), rates),
    ):
        torch.manual_seed(3)
        mapped = torch.vmap(draw, randomness="different")(given)
        torch.manual_seed(3)
        assert torch.equal(mapped, draw(given))
        with pytest.raises(RuntimeError, match="randomness error mode"):
            torch.vmap(draw)(given)
    both = torch.vmap(lambda w: torch.multinomial(w, 1), randomness="different")(weights)
    assert both.tolist() == [[1], [2]]


def test_what_is_the_same_for_every_sample_may_leave_as_it_is():
    a, b = torch.arange(6.0).reshape(2, 3), torch.tensor([1.0, 2.0], requires_grad=True)
    rows, same = torch.vmap(lambda p, q: (p, q * 2), (0, None), (0, None))(a, b)
    assert rows.shape == (2, 3)
    assert same.tolist() == [2, 4]
    same.sum().backward()
    assert b.grad.tolist() == [2, 2]
    assert torch.vmap(lambda p: (p, 3), out_dims=(0, None))(a)[1] == 3
    assert torch.vmap(lambda p: torch.ones(2), out_dims=None, chunk_size=1)(a).tolist() == [1, 1]
    with pytest.raises(ValueError, match="can not return a BatchedTensor when out_dim is None"):
        torch.vmap(lambda p: p.sum(), out_dims=None)(a)
