"""Draws and log-densities of every distribution: what PyTorch 2.13 gives for the same seed."""

from __future__ import annotations

import pytest

import rushlight as torch

D = torch.distributions

# The expression, two draws after manual_seed(5), and their log_prob.
ROWS = [
    (
        "D.Normal(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0]))",
        [0.01322, -2.20764, -0.0581, 0.33505],
        [-1.03742, -1.79439, -1.07467, -1.83488],
    ),
    (
        "D.Uniform(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0]))",
        [0.91513, -0.62167, 0.95373, 1.45978],
        [0.69315, -1.09861, 0.69315, -1.09861],
    ),
    (
        "D.Bernoulli(torch.tensor([0.3, 0.8]))",
        [0.0, 1.0, 0.0, 0.0],
        [-0.35667, -0.22314, -0.35667, -1.60944],
    ),
    (
        "D.Geometric(torch.tensor([0.3, 0.8]))",
        [0.0, 1.0, 0.0, 0.0],
        [-1.20397, -1.83258, -1.20397, -0.22314],
    ),
    (
        "D.Binomial(9, torch.tensor([0.3, 0.8]))",
        [3.0, 7.0, 4.0, 7.0],
        [-1.32115, -1.19736, -1.76298, -1.19736],
    ),
    (
        "D.NegativeBinomial(4, torch.tensor([0.3, 0.8]))",
        [2.0, 9.0, 0.0, 27.0],
        [-1.53206, -3.05242, -1.4267, -4.15369],
    ),
    (
        "D.ContinuousBernoulli(torch.tensor([0.3, 0.8]))",
        [0.7592, 0.23146, 0.8627, 0.89534],
        [-0.24936, -0.4511, -0.33705, 0.46923],
    ),
    (
        "D.Categorical(torch.tensor([[0.2, 0.3, 0.5]]))",
        [2, 1],
        [-0.69315, -1.20397],
    ),
    (
        "D.OneHotCategorical(torch.tensor([0.2, 0.3, 0.5]))",
        [0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
        [-0.69315, -1.20397],
    ),
    (
        "D.Multinomial(5, torch.tensor([0.2, 0.3, 0.5]))",
        [0.0, 2.0, 3.0, 0.0, 3.0, 2.0],
        [-2.1848, -2.69563],
    ),
    (
        "D.Poisson(torch.tensor([3.0, 20.0]))",
        [3.0, 17.0, 5.0, 24.0],
        [-1.49592, -2.57763, -2.29443, -2.88715],
    ),
    (
        "D.Exponential(torch.tensor([0.5, 2.0]))",
        [2.05453, 0.15039, 0.89516, 0.18927],
        [-1.72041, 0.39237, -1.14073, 0.31462],
    ),
    (
        "D.Laplace(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0]))",
        [1.58029, -3.75489, 2.18707, 1.04249],
        [-1.77344, -2.76374, -2.38022, -2.40754],
    ),
    (
        "D.Cauchy(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0]))",
        [0.97832, -2.88099, 0.03261, -2.31256],
        [-1.35076, -2.47156, -1.34231, -2.19604],
    ),
    (
        "D.Gamma(torch.tensor([0.5, 3.0]), torch.tensor([1.0, 2.0]))",
        [0.14163, 2.26258, 0.0047, 0.8026],
        [0.26327, -1.50585, 2.10251, -0.65871],
    ),
    (
        "D.Chi2(torch.tensor([0.5, 3.0]))",
        [0.02832, 5.02566, 0.00012, 1.04327],
        [1.1976, -2.62449, 5.31036, -1.41939],
    ),
    (
        "D.Dirichlet(torch.tensor([0.5, 3.0, 1.0]))",
        [0.02285, 0.72999, 0.24716, 0.00254, 0.56772, 0.42974],
        [2.44823, 3.04373],
    ),
    (
        "D.Beta(torch.tensor([0.5, 3.0]), torch.tensor([1.0, 2.0]))",
        [0.07397, 0.86665, 0.12355, 0.61012],
        [0.60893, 0.18391, 0.3524, 0.55479],
    ),
    (
        "D.StudentT(torch.tensor([3.0, 8.0]), 0.5, 2.0)",
        [-0.71307, -0.3148, -0.4691, 2.30003],
        [-1.92538, -1.73566, -1.84474, -2.07727],
    ),
    (
        "D.FisherSnedecor(torch.tensor([3.0, 8.0]), torch.tensor([6.0, 9.0]))",
        [0.37327, 1.14244, 0.63424, 3.35166],
        [-0.42112, -0.72524, -0.62552, -3.27829],
    ),
    (
        "D.LogNormal(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 0.5]))",
        [1.01331, 0.27201, 0.94356, 0.51364],
        [-1.05064, 0.89382, -1.01658, 0.21765],
    ),
    (
        "D.HalfNormal(torch.tensor([0.5, 2.0]))",
        [0.24339, 1.20764, 0.27905, 1.33505],
        [0.34888, -1.10124, 0.31162, -1.14173],
    ),
    (
        "D.HalfCauchy(torch.tensor([0.5, 2.0]))",
        [0.23916, 1.88099, 0.2337, 1.31256],
        [0.03553, -1.77841, 0.04398, -1.5029],
    ),
    (
        "D.Gumbel(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0]))",
        [2.18187, -2.45567, 2.83206, 2.23353],
        [-1.86789, -2.03591, -2.42916, -2.50845],
    ),
    (
        "D.Pareto(torch.tensor([0.5, 2.0]), torch.tensor([3.0, 4.0]))",
        [0.70418, 2.15619, 0.58045, 2.19851],
        [0.42207, 0.31717, 1.19498, 0.21998],
    ),
    (
        "D.Weibull(torch.tensor([0.5, 2.0]), torch.tensor([3.0, 4.0]))",
        [0.5045, 1.48112, 0.38247, 1.56875],
        [0.78243, -0.50867, 0.80825, -0.41398],
    ),
    (
        "D.Kumaraswamy(torch.tensor([0.5, 2.0]), torch.tensor([3.0, 4.0]))",
        [0.00362, 0.63567, 0.00101, 0.22005],
        [3.09277, 0.07342, 3.78755, 0.41665],
    ),
    (
        "D.InverseGamma(torch.tensor([3.5, 4.0]), torch.tensor([1.0, 2.0]))",
        [0.4207, 0.76112, 0.35358, 0.22761],
        [0.31832, -0.28205, 0.64921, -0.40545],
    ),
    (
        "D.LogisticNormal(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 2.0]))",
        [0.33628, 0.06575, 0.59797, 0.32055, 0.39611, 0.28334],
        [1.49409, 0.41533],
    ),
    (
        "D.RelaxedBernoulli(torch.tensor(0.7), torch.tensor([0.3, 0.8]))",
        [0.74218, 0.31324, 0.88607, 0.98442],
        [-0.66249, -1.02552, -0.54088, 1.90773],
    ),
    (
        "D.RelaxedOneHotCategorical(torch.tensor(0.7), torch.tensor([0.2, 0.3, 0.5]))",
        [0.09588, 0.00547, 0.89865, 0.13702, 0.84609, 0.01689],
        [1.78517, 0.21372],
    ),
    (
        "D.VonMises(torch.tensor([0.5, -1.0]), torch.tensor([1.0, 5.0]))",
        [1.8136, -1.19249, -0.0998, -1.23996],
        [-1.81942, -0.2349, -1.24834, -0.28583],
    ),
    (
        "D.GeneralizedPareto(0.5, torch.tensor([1.0, 2.0]), torch.tensor([0.3, -0.2]))",
        [2.84129, 0.766, 3.97426, 3.40276],
        [-2.30547, -0.80099, -3.09428, -2.06466],
    ),
    (
        "D.MultivariateNormal(torch.tensor([0.5, -1.0]), torch.tensor([[2.0, 0.5], [0.5, 1.0]]))",
        [-0.18841, -1.73693, -0.28927, -0.57291],
        [-2.41846, -2.49621],
    ),
    (
        "D.LowRankMultivariateNormal(torch.tensor([0.5, -1.0]), "
        "torch.tensor([[1.0], [0.5]]), torch.tensor([1.0, 2.0]))",
        [-0.54488, -0.29937, -0.30124, 1.4456],
        [-3.05196, -4.36909],
    ),
    (
        "D.MixtureSameFamily(D.Categorical(torch.tensor([0.3, 0.7])), "
        "D.Normal(torch.tensor([0.5, -1.0]), 0.5))",
        [-0.66624, 0.40129],
        [-0.7706, -1.40345],
    ),
    (
        "D.LKJCholesky(3, 1.5)",
        [
            1.0,
            0.0,
            0.0,
            0.07362,
            0.99729,
            0.0,
            0.10752,
            -0.47915,
            0.87112,
            1.0,
            0.0,
            0.0,
            -0.40575,
            0.91398,
            0.0,
            0.79688,
            -0.31391,
            0.51617,
        ],
        [-1.17035, -1.86814],
    ),
    (
        "D.Wishart(torch.tensor(5.0), torch.tensor([[2.0, 0.5], [0.5, 1.0]]))",
        [5.77985, 1.57335, 1.57335, 5.2003, 13.35501, -0.72704, -0.72704, 4.45474],
        [-6.57813, -8.2139],
    ),
    (
        "D.Independent(D.Normal(torch.tensor([0.5, -1.0]), 1.0), 1)",
        [0.01322, -1.60382, -0.0581, -0.33248],
        [-2.13865, -2.21641],
    ),
]


@pytest.mark.parametrize(("made", "draws", "logs"), ROWS)
def test_draws_and_densities(made: str, draws: list[float], logs: list[float]) -> None:
    distribution = eval(made, {"D": D, "torch": torch})  # texts of this file
    torch.manual_seed(5)
    sample = distribution.sample((2,))
    assert sample.reshape(-1).tolist() == pytest.approx(draws, rel=2e-4, abs=2e-5)
    assert distribution.log_prob(sample).reshape(-1).tolist() == pytest.approx(
        logs, rel=1e-3, abs=1e-4
    )


@pytest.mark.parametrize("made", [row[0] for row in ROWS])
def test_expand_draws_the_larger_batch(made: str) -> None:
    distribution = eval(made, {"D": D, "torch": torch})
    shape = (4, *distribution.batch_shape)
    wide = distribution.expand(shape)
    sample = wide.sample()
    assert tuple(sample.shape) == (*shape, *distribution.event_shape)
    assert tuple(wide.log_prob(sample).shape) == shape
