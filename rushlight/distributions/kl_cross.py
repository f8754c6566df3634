"""KL divergences between families: less the entropy of p, less the mean of log q under p.

The mean of log q needs a few moments of p; each rule says which.
"""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions.bernoulli import Bernoulli
from rushlight.distributions.beta import Beta
from rushlight.distributions.binomial import Binomial
from rushlight.distributions.continuous_bernoulli import ContinuousBernoulli
from rushlight.distributions.exponential import Exponential
from rushlight.distributions.gamma import Gamma
from rushlight.distributions.gumbel import Gumbel
from rushlight.distributions.kl import register_kl
from rushlight.distributions.laplace import Laplace
from rushlight.distributions.normal import Normal
from rushlight.distributions.pareto import Pareto
from rushlight.distributions.poisson import Poisson
from rushlight.distributions.uniform import Uniform

_EULER = 0.57721566490153286060


def _infinite(p: Any, q: Any) -> Any:
    """p has draws where q has none."""
    found = p.mean if isinstance(p, (Bernoulli, Poisson)) else p.entropy()
    return torch.full_like(found, math.inf)


for _p, _qs in {
    Beta: (Pareto,),
    ContinuousBernoulli: (Pareto,),
    Exponential: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gamma: (Beta, ContinuousBernoulli, Pareto, Uniform),
    Gumbel: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Laplace: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Normal: (Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform),
    Pareto: (Beta, ContinuousBernoulli, Uniform),
    Poisson: (Bernoulli, Binomial),
}.items():
    for _q in _qs:
        register_kl(_p, _q)(_infinite)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


# q normal: mean and variance of p.


@register_kl(Beta, Normal)
@register_kl(ContinuousBernoulli, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Uniform, Normal)
def _to_normal(p: Any, q: Any) -> Any:
    square = q.scale.pow(2)
    apart = (p.variance + (p.mean - q.loc).pow(2)) / (2 * square)
    return -p.entropy() + 0.5 * (2 * math.pi * square).log() + apart


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Any:
    return torch.where(p.alpha <= 2, math.inf, _to_normal(p, q))


# q exponential: mean of p.


@register_kl(Beta, Exponential)
@register_kl(ContinuousBernoulli, Exponential)
@register_kl(Gamma, Exponential)
def _to_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Any:
    return torch.where(p.alpha <= 1, math.inf, _to_exponential(p, q))


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Any:
    return torch.where(p.low < 0, math.inf, _to_exponential(p, q))


# q gamma: means of p and of its logarithm.


def _to_gamma(p: Any, q: Any, mean_log: Any) -> Any:
    normaliser = q.concentration.lgamma() - q.concentration * q.rate.log()
    return -p.entropy() + normaliser - (q.concentration - 1) * mean_log + q.rate * p.mean


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Any:
    total = p.concentration1 + p.concentration0
    return _to_gamma(p, q, p.concentration1.digamma() - total.digamma())


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    return _to_gamma(p, q, -_EULER - p.rate.log())


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Any:
    found = _to_gamma(p, q, p.scale.log() + p.alpha.reciprocal())
    return torch.where(p.alpha <= 1, math.inf, found)


def _x_log_x(x: Any) -> Any:
    return torch.xlogy(x, x)


def _uniform_mean_log(p: Any) -> Any:
    return (_x_log_x(p.high) - _x_log_x(p.low)) / (p.high - p.low) - 1


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Any:
    return torch.where(p.low < 0, math.inf, _to_gamma(p, q, _uniform_mean_log(p)))


# q Gumbel: the mean of p and of exp(-x / scale).


def _to_gumbel(p: Any, q: Any, mean_exp: Any) -> Any:
    at = q.loc / q.scale
    return -p.entropy() + q.scale.log() + p.mean / q.scale - at + at.exp() * mean_exp


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Any:
    scaled = p.rate * q.scale
    return _to_gumbel(p, q, scaled / (scaled + 1))


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Any:
    return _to_gumbel(p, q, (1 + (p.rate * q.scale).reciprocal()).pow(-p.concentration))


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Any:
    return _to_gumbel(p, q, torch.exp(-p.loc / q.scale + 0.5 * (p.scale / q.scale).pow(2)))


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Any:
    ends = torch.exp(-p.low / q.scale) - torch.exp(-p.high / q.scale)
    return _to_gumbel(p, q, q.scale * ends / (p.high - p.low))


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    apart = p.loc - q.loc
    ratio = apart / p.scale
    # the mean of |x - q.loc|
    mean = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * ratio.pow(2))
    mean = mean + apart * torch.erf(math.sqrt(0.5) * ratio)
    return -p.entropy() + (2 * q.scale).log() + mean / q.scale


# p on a bounded interval.


@register_kl(Beta, ContinuousBernoulli)
def _to_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._log_constant()


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Any:
    outside = (p.high > 1) | (p.low < 0)
    return torch.where(outside, math.inf, _to_continuous_bernoulli(p, q))


@register_kl(Beta, Uniform)
@register_kl(ContinuousBernoulli, Uniform)
def _unit_uniform(p: Any, q: Any) -> Any:
    found = -p.entropy() + (q.high - q.low).log()
    return torch.where((q.low > 0) | (q.high < 1), math.inf, found)


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Any:
    from_low, to_high = _x_log_x(1 - p.low), _x_log_x(1 - p.high)
    mean_log_rest = (from_low - to_high) / (p.high - p.low) - 1
    a, b = q.concentration1, q.concentration0
    found = (
        -p.entropy()
        + a.lgamma() + b.lgamma() - (a + b).lgamma()
        - (a - 1) * _uniform_mean_log(p)
        - (b - 1) * mean_log_rest
    )  # fmt: skip
    return torch.where((p.high > 1) | (p.low < 0), math.inf, found)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Any:
    logs = q.alpha.log() + q.alpha * q.scale.log() - (q.alpha + 1) * _uniform_mean_log(p)
    return torch.where(p.low < q.scale, math.inf, -p.entropy() - logs)
