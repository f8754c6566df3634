"""Distributions of what transforms make of draws."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.arguments import sum_rightmost
from rushlight.distributions.distribution import Distribution
from rushlight.distributions.independent import Independent
from rushlight.distributions.joined_transforms import ComposeTransform
from rushlight.distributions.transform import Transform


class TransformedDistribution(Distribution):
    """Draws of ``base_distribution`` after one or more transforms.

    log p(y) = log p(x) - log |dy/dx|, where the transforms can be inverted.
    """

    arg_constraints: dict[str, Any] = {}  # noqa: RUF012
    _kept = frozenset({"transforms"})

    def __init__(
        self, base_distribution: Distribution, transforms: Any, validate_args: bool | None = None
    ) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(self.transforms, list):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        if not all(isinstance(each, Transform) for each in self.transforms):
            raise ValueError("transforms must be a Transform or a list of Transforms")
        whole = ComposeTransform(self.transforms)
        base_shape = tuple(base_distribution.batch_shape) + tuple(base_distribution.event_shape)
        if len(base_shape) < whole.domain.event_dim:
            raise ValueError(
                f"base_distribution needs to have shape with size at least "
                f"{whole.domain.event_dim}, but got {base_shape}."
            )
        shape = tuple(whole.forward_shape(base_shape))
        needed = tuple(whole.inverse_shape(shape))
        if needed != base_shape:
            cut = len(needed) - len(base_distribution.event_shape)
            base_distribution = base_distribution.expand(needed[:cut])
        apart = whole.domain.event_dim - len(base_distribution.event_shape)
        if apart > 0:
            base_distribution = Independent(base_distribution, apart)
        self.base_dist = base_distribution
        dims = whole.codomain.event_dim + max(
            len(self.base_dist.event_shape) - whole.domain.event_dim, 0
        )
        cut = len(shape) - dims
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        grown = self._get_checked_instance(type(self), _instance)
        shape = tuple(batch_shape) + tuple(self._event_shape)
        for each in reversed(self.transforms):
            shape = tuple(each.inverse_shape(shape))
        base = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])
        grown.__dict__.update(self.__dict__)
        grown.base_dist = base
        grown._batch_shape = torch.Size(batch_shape)
        return grown

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        found = self.transforms[-1].codomain
        more = len(self._event_shape) - found.event_dim
        return constraints.independent(found, more) if more > 0 else found

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """As the base."""
        return self.base_dist.has_rsample

    def sample(self, sample_shape: Any = ()) -> Any:
        with torch.no_grad():
            x = self.base_dist.sample(sample_shape)
            for each in self.transforms:
                x = each(x)
            return x

    def rsample(self, sample_shape: Any = ()) -> Any:
        x = self.base_dist.rsample(sample_shape)
        for each in self.transforms:
            x = each(x)
        return x

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        dims = len(self._event_shape)
        total: Any = 0.0
        y = value
        for each in reversed(self.transforms):
            x = each.inv(y)
            dims += each.domain.event_dim - each.codomain.event_dim
            logs = each.log_abs_det_jacobian(x, y)
            total = total - sum_rightmost(logs, dims - each.domain.event_dim)
            y = x
        return total + sum_rightmost(
            self.base_dist.log_prob(y), dims - len(self.base_dist.event_shape)
        )

    def _sign(self) -> Any:
        sign: Any = 1
        for each in self.transforms:
            sign = sign * each.sign
        return sign

    def cdf(self, value: Any) -> Any:
        for each in self.transforms[::-1]:
            value = each.inv(value)
        if self._validate_args:
            self.base_dist._validate_sample(value)
        return _counted(self._sign(), self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        value = self.base_dist.icdf(_counted(self._sign(), value))
        for each in self.transforms:
            value = each(value)
        return value


def _counted(sign: Any, chance: Any) -> Any:
    """The chance, counted from the other end where the map falls."""
    if isinstance(sign, int) and sign == 1:
        return chance
    return sign * (chance - 0.5) + 0.5
