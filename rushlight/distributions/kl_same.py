"""KL divergences within one family."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions.arguments import sum_rightmost
from rushlight.distributions.bernoulli import Bernoulli
from rushlight.distributions.beta import Beta
from rushlight.distributions.binomial import Binomial
from rushlight.distributions.categorical import Categorical
from rushlight.distributions.cauchy import Cauchy
from rushlight.distributions.continuous_bernoulli import ContinuousBernoulli
from rushlight.distributions.dirichlet import Dirichlet
from rushlight.distributions.exp_family import ExponentialFamily
from rushlight.distributions.exponential import Exponential
from rushlight.distributions.factor import log_diagonal, mahalanobis
from rushlight.distributions.gamma import Gamma
from rushlight.distributions.geometric import Geometric
from rushlight.distributions.gumbel import Gumbel
from rushlight.distributions.half_normal import HalfNormal
from rushlight.distributions.independent import Independent
from rushlight.distributions.kl import kl_divergence, register_kl
from rushlight.distributions.laplace import Laplace
from rushlight.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    lowrank_logdet,
    lowrank_mahalanobis,
)
from rushlight.distributions.multivariate_normal import MultivariateNormal
from rushlight.distributions.normal import Normal
from rushlight.distributions.one_hot_categorical import OneHotCategorical
from rushlight.distributions.pareto import Pareto
from rushlight.distributions.poisson import Poisson
from rushlight.distributions.transformed_distribution import TransformedDistribution
from rushlight.distributions.uniform import Uniform
from rushlight.distributions.wishart import Wishart
from rushlight.nn.functional import softplus

_EULER = 0.57721566490153286060


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    yes = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    yes = torch.where(q.probs == 0, math.inf, yes).masked_fill(p.probs == 0, 0)
    no = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    no = torch.where(q.probs == 1, math.inf, no).masked_fill(p.probs == 1, 0)
    return yes + no


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    sum_p = p.concentration1 + p.concentration0
    sum_q = q.concentration1 + q.concentration0
    rest = q.concentration1.lgamma() + q.concentration0.lgamma() + sum_p.lgamma()
    rest = rest - p.concentration1.lgamma() - p.concentration0.lgamma() - sum_q.lgamma()
    return (
        rest
        + (p.concentration1 - q.concentration1) * p.concentration1.digamma()
        + (p.concentration0 - q.concentration0) * p.concentration0.digamma()
        + (sum_q - sum_p) * sum_p.digamma()
    )


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    found = p.total_count * (
        p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    )
    found, more = torch.broadcast_tensors(found, p.total_count > q.total_count)
    return found.masked_fill(more, math.inf)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    terms = torch.where(q.probs == 0, math.inf, terms)
    return torch.where(p.probs == 0, 0.0, terms).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    # Chyzak and Nielsen 2019
    both = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return both.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Any:
    own = p.mean * p.logits + p._log_constant() + torch.log1p(-p.probs)
    return own - q._log_constant() - torch.log1p(-q.probs) - p.mean * q.logits


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    sum_p, sum_q = p.concentration.sum(-1), q.concentration.sum(-1)
    apart = p.concentration - q.concentration
    change = p.concentration.digamma() - sum_p.digamma().unsqueeze(-1)
    logs = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    return sum_p.lgamma() - sum_q.lgamma() - logs + (apart * change).sum(-1)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(ExponentialFamily, ExponentialFamily)
def _family(p: Any, q: Any) -> Any:
    """The Bregman divergence of the log-normaliser (Nielsen and Nock 2010)."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    p_params = [each.detach().requires_grad_() for each in p._natural_params]
    own = p._log_normalizer(*p_params)
    slopes = torch.autograd.grad(own.sum(), p_params, create_graph=True)
    total = q._log_normalizer(*q._natural_params) - own
    for mine, other, slope in zip(p_params, q._natural_params, slopes, strict=True):
        total = total - sum_rightmost((other - mine) * slope, len(q.event_shape))
    return total


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    return (
        q.concentration * (p.rate / q.rate).log()
        + torch.lgamma(q.concentration)
        - torch.lgamma(p.concentration)
        + (p.concentration - q.concentration) * torch.digamma(p.concentration)
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    p_at, q_at = p.loc / q.scale, q.loc / q.scale
    tail = torch.exp(q_at + torch.lgamma(1 + ratio) - p_at)
    return p_at - q_at - ratio.log() + ratio * _EULER + tail - (1 + _EULER)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, apart = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + apart / q.scale + ratio * torch.exp(-apart / p.scale) - 1


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    apart = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + apart - 1 - ratio.log())


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate(p: Any, q: Any) -> Any:
    size = p.event_shape[0]
    if q.event_shape != p.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            "computed"
        )
    p_factor, q_factor = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    spread = (torch.linalg.inv(q_factor).tril() @ p_factor).pow(2).sum((-2, -1))
    distance = mahalanobis(q_factor, q.loc - p.loc)
    return log_diagonal(q_factor) - log_diagonal(p_factor) + 0.5 * (spread + distance - size)


def _half_logdet(d: Any) -> Any:
    if isinstance(d, LowRankMultivariateNormal):
        w, diagonal = d._unbroadcasted_cov_factor, d._unbroadcasted_cov_diag
        return 0.5 * lowrank_logdet(w, diagonal, d._capacitance_tril)
    return log_diagonal(d._unbroadcasted_scale_tril)


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _lowrank(p: Any, q: Any) -> Any:
    size = p.event_shape[0]
    if q.event_shape != p.event_shape:
        raise ValueError(
            "KL-divergence between two (Low Rank) Multivariate Normals with different event shapes "
            "cannot be computed"
        )
    if isinstance(q, LowRankMultivariateNormal):
        w, diagonal = q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag
        distance = lowrank_mahalanobis(w, diagonal, q._capacitance_tril, q.loc - p.loc)
    else:
        distance = mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    spread = (q.precision_matrix * p.covariance_matrix).sum((-2, -1))
    return _half_logdet(q) - _half_logdet(p) + 0.5 * (spread + distance - size)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    found = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return torch.where(p.support.lower_bound < q.support.lower_bound, math.inf, found)


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("KL of distributions with different transforms")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    found = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), math.inf, found)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL of Independents with different reinterpreted_batch_ndims")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Wishart, Wishart)
def _wishart(p: Any, q: Any) -> Any:
    # The expectation of log p - log q; E log|X| is a sum of digammas, E X is df * covariance.
    size = p._event_shape[-1]
    mine, theirs = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    whitened = torch.linalg.solve_triangular(theirs, mine, upper=False)
    spread = whitened.square().sum((-2, -1))
    steps = torch.arange(size, dtype=p.df.dtype) / 2
    digammas = torch.digamma(p.df.unsqueeze(-1) / 2 - steps).sum(-1)
    return (
        q.df * (log_diagonal(theirs) - log_diagonal(mine))
        + p.df * (spread - size) / 2
        + torch.mvlgamma(q.df / 2, size)
        - torch.mvlgamma(p.df / 2, size)
        + (p.df - q.df) / 2 * digammas
    )
