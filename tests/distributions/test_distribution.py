"""What all distributions share: checks, gradients of draws, divergences, transforms."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.inside import inside
from rushlight.runtime.implicit_gradient import gamma_gradient

D = torch.distributions


def test_parameters_are_checked() -> None:
    with pytest.raises(ValueError, match=r"Expected parameter scale \(Tensor of shape \(\)\) of"):
        D.Normal(0.0, -1.0)
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1.0
    with pytest.raises(ValueError, match="but not both"):
        D.Bernoulli(0.5, 0.5)
    with pytest.raises(ValueError, match="Exactly one of"):
        D.MultivariateNormal(torch.zeros(2))


def test_values_are_checked() -> None:
    with pytest.raises(ValueError, match="must be a Tensor"):
        D.Normal(0.0, 1.0).log_prob(1.0)
    with pytest.raises(ValueError, match="not broadcastable"):
        D.Normal(torch.zeros(3), 1.0).log_prob(torch.zeros(2))
    with pytest.raises(ValueError, match=r"within the support \(Boolean\(\)\)"):
        D.Bernoulli(0.5).log_prob(torch.tensor(2.0))


def test_missing_methods_say_so() -> None:
    with pytest.raises(NotImplementedError, match="Poisson does not implement cdf"):
        D.Poisson(1.0).cdf(torch.tensor(1.0))


def test_gradient_of_gamma_draws_is_the_implicit_one() -> None:
    a, x, step = 1.7, 1.3, 1e-5

    def chance(shape: float) -> float:
        cells = 200_000
        width = x ** (1 / 3) / cells  # t = s^3 takes the root out of the integrand
        total = 0.0
        for k in range(cells):
            s = (k + 0.5) * width
            total += s ** (3 * shape - 1) * math.exp(-(s**3)) * 3
        return total * width / math.gamma(shape)

    density = x ** (a - 1) * math.exp(-x) / math.gamma(a)
    slope = -(chance(a + step) - chance(a - step)) / (2 * step) / density
    assert gamma_gradient(np.array([a]), np.array([x]))[0] == pytest.approx(slope, rel=1e-5)


def test_gradient_of_dirichlet_draws() -> None:
    concentration = torch.tensor([[0.5, 1.0, 2.0], [5.0, 6.0, 7.0]], requires_grad=True)
    torch.manual_seed(3)
    sample = D.Dirichlet(concentration).rsample()
    (sample * torch.tensor([0.0, 1.0, 2.0])).sum().backward()
    # PyTorch 2.13, whose own formula is an approximation to three digits
    wanted = [-0.4537, -0.03801, 0.18319, -0.06114, -0.00573, 0.04966]
    assert concentration.grad.reshape(-1).tolist() == pytest.approx(wanted, rel=2e-3)


def test_kl_divergence_by_class() -> None:
    p, q = D.Normal(torch.tensor([0.0, 1.0]), 1.0), D.Normal(0.5, 2.0)
    wanted = [math.log(2.0) + (1 + 0.25) / 8 - 0.5] * 2
    assert D.kl_divergence(p, q).tolist() == pytest.approx(wanted)
    assert D.kl_divergence(D.Gumbel(0.0, 1.0), D.Uniform(0.0, 1.0)).item() == math.inf
    with pytest.raises(NotImplementedError, match="Normal and q type Categorical"):
        D.kl_divergence(p, D.Categorical(torch.ones(3)))


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ("Beta(2.0, 3.0)", "Uniform(-0.5, 1.5)"),
        ("Beta(2.0, 3.0)", "Normal(0.3, 0.8)"),
        ("Gamma(2.0, 3.0)", "Exponential(1.5)"),
        ("Gamma(2.0, 3.0)", "Gumbel(0.5, 1.5)"),
        ("Exponential(2.0)", "Gamma(2.0, 1.5)"),
        ("Normal(0.3, 1.2)", "Laplace(0.0, 1.0)"),
        ("Uniform(0.2, 0.7)", "Beta(2.0, 3.0)"),
        ("Uniform(1.2, 1.7)", "Pareto(1.0, 3.0)"),
        ("Laplace(0.1, 0.6)", "Laplace(0.3, 1.0)"),
        ("Gumbel(0.1, 0.6)", "Gumbel(0.3, 1.0)"),
        ("Kumaraswamy(2.0, 3.0)", "Kumaraswamy(2.0, 3.0)"),
    ],
)
def test_kl_is_the_mean_of_the_log_ratio(p: str, q: str) -> None:
    first, second = eval(f"D.{p}", {"D": D}), eval(f"D.{q}", {"D": D})
    torch.manual_seed(0)
    draws = first.sample((20_000,))
    ratio = first.log_prob(draws) - second.log_prob(draws)
    error = 4 * ratio.std().item() / 20_000**0.5 + 1e-5
    assert D.kl_divergence(first, second).item() == pytest.approx(ratio.mean().item(), abs=error)


@pytest.mark.parametrize(
    "made",
    [
        "ExpTransform()", "SigmoidTransform()", "TanhTransform()", "SoftplusTransform()",
        "AffineTransform(1.0, -2.0)", "StickBreakingTransform()", "CorrCholeskyTransform()",
        "ComposeTransform([D.AffineTransform(0.0, 0.5), D.StickBreakingTransform()])",
        "IndependentTransform(D.ExpTransform(), 1)",
    ],
)  # fmt: skip
def test_a_transform_and_its_inverse_and_jacobian(made: str) -> None:
    transform = eval(f"D.{made}", {"D": D})
    torch.manual_seed(1)
    x = torch.randn(3, dtype=torch.float64) * 0.5
    y = transform(x)
    assert transform.inv(y).tolist() == pytest.approx(x.tolist(), abs=1e-6)
    assert bool(transform.codomain.check(y).all())
    if transform.codomain.event_dim < 2:
        x.requires_grad_()
        rows = [torch.autograd.grad(each, x, retain_graph=True)[0] for each in transform(x)[:3]]
        wanted = torch.linalg.slogdet(torch.stack(rows))[1].item()
        found = transform.log_abs_det_jacobian(x, y).sum().item()
        assert found == pytest.approx(wanted, abs=1e-6)


def test_transform_to_reaches_each_constraint() -> None:
    x = torch.randn(2, 3, 3)
    for constraint in (
        D.constraints.positive, D.constraints.unit_interval, D.constraints.simplex,
        D.constraints.lower_cholesky, D.constraints.positive_definite,
        D.constraints.interval(-2.0, 3.0), D.constraints.less_than(1.0),
    ):  # fmt: skip
        assert bool(constraint.check(D.transform_to(constraint)(x)).all()), constraint
    with pytest.raises(NotImplementedError, match="_Boolean"):
        D.biject_to(D.constraints.boolean)


def test_wisharts_diverge():
    p = torch.distributions.Wishart(torch.tensor(3.0), torch.tensor([[2.0, 0.3], [0.3, 1.0]]))
    q = torch.distributions.Wishart(torch.tensor(2.5), torch.tensor([[1.0, 0.1], [0.1, 3.0]]))
    assert abs(torch.distributions.kl_divergence(p, q).item() - 1.1324) < 1e-4
    assert abs(torch.distributions.kl_divergence(p, p).item()) < 1e-6


@pytest.mark.parametrize("count", [3, 5000])  # numbers of NumPy, and those of a plan
def test_few_and_many_values_are_checked_alike(count: int) -> None:
    fine = torch.linspace(0.1, 0.9, count)
    for constraint, wrong in (
        (constraints.unit_interval, 1.5),
        (constraints.positive, 0.0),
        (constraints.real_vector, math.nan),
        (constraints.nonnegative_integer, 0.5),
        (constraints.integer_interval(0, 7), math.inf),
        (constraints.less_than(torch.full((count,), 2.0)), 2.0),
        (constraints.simplex, -0.1),
    ):
        good = fine
        if constraint is constraints.simplex:
            good = fine / fine.sum()
        elif constraint.is_discrete:
            good = (fine * 7).round()
        bad = good.clone()
        bad[-1] = wrong
        assert inside(constraint, good)
        assert not inside(constraint, bad)


def test_values_that_a_gradient_goes_through_are_checked() -> None:
    scale = torch.tensor([1.0, -1.0], requires_grad=True)
    with pytest.raises(ValueError, match="scale"):
        D.Normal(torch.zeros(2), scale * 2)
