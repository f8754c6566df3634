"""Distribution: what every distribution is built on.

A distribution has a batch of independent parameters (``batch_shape``), and draws of one set of
parameters have a shape of their own (``event_shape``).
"""

from __future__ import annotations

from typing import Any, Self

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.distributions import constraints
from rushlight.distributions.arguments import lazy_property
from rushlight.distributions.inside import inside
from rushlight.tensor import Size, Tensor


class Distribution:
    """The base of distributions; what one does not implement raises NotImplementedError."""

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__
    # Attributes that ``expand`` leaves alone: they do not begin with the batch's axes.
    _kept: frozenset[str] = frozenset()

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check parameters and values where they are not told."""
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Any = (),
        event_shape: Any = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        try:
            wanted = self.arg_constraints
        except NotImplementedError:
            wanted = {}
            warn(
                f"{self.__class__} does not define `arg_constraints`. Please set `arg_constraints "
                "= {}` or initialize the distribution with `validate_args=False` to turn off "
                "validation."
            )
        for name, constraint in wanted.items():
            if constraints.is_dependent(constraint):
                continue
            if name not in self.__dict__ and isinstance(
                getattr(type(self), name, None), lazy_property
            ):
                continue  # computed from a parameter that is checked itself
            value = getattr(self, name)
            if not inside(constraint, value):
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not implement {what}")

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw."""
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """By the parameter's name, the values it may have."""
        raise self._missing("arg_constraints")

    @property
    def support(self) -> Any:
        """The constraint that every draw satisfies."""
        raise self._missing("support")

    @property
    def mean(self) -> Any:
        """The mean of the draws."""
        raise self._missing("mean")

    @property
    def mode(self) -> Any:
        """A value of the highest density."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance of the draws."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Any:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draws, without gradient: ``sample_shape + batch_shape + event_shape``."""
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draws with gradients to the parameters."""
        raise self._missing("rsample")

    def sample_n(self, n: int) -> Any:
        """Old name for ``sample((n,))``."""
        warn("sample_n will be deprecated. Use .sample((n,)) instead", FutureWarning)
        return self.sample((n,))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the chance, at ``value``."""
        raise self._missing("log_prob")

    def cdf(self, value: Any) -> Any:
        """The chance of a draw up to ``value``."""
        raise self._missing("cdf")

    def icdf(self, value: Any) -> Any:
        """Where ``cdf`` is ``value``."""
        raise self._missing("icdf")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Every possible draw along a new first axis."""
        raise self._missing("enumerate_support")

    def entropy(self) -> Any:
        """The entropy, in nats."""
        raise self._missing("entropy")

    def perplexity(self) -> Any:
        """e to the entropy."""
        return torch.exp(self.entropy())

    def expand(self, batch_shape: Any, _instance: Any = None) -> Self:
        """The distribution with its parameters broadcast to a larger batch.

        >>> import rushlight as torch
        >>> torch.distributions.Normal(0.0, 1.0).expand((2, 3)).batch_shape
        torch.Size([2, 3])
        """
        own = type(self)
        grown = self._get_checked_instance(own, _instance)
        shape, before = Size(batch_shape), len(self._batch_shape)
        for name, value in self.__dict__.items():
            if name in self._kept:
                grown.__dict__[name] = value
            elif isinstance(value, Tensor):
                grown.__dict__[name] = value.expand(tuple(shape) + tuple(value.shape)[before:])
            elif isinstance(value, Distribution):
                grown.__dict__[name] = value.expand(
                    tuple(shape) + tuple(value.batch_shape)[before:]
                )
            else:
                grown.__dict__[name] = value
        grown._batch_shape = shape
        return grown

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        return type(self).__new__(type(self)) if _instance is None else _instance

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """The shape of draws: ``sample_shape + batch_shape + event_shape``."""
        if not isinstance(sample_shape, tuple):
            sample_shape = tuple(sample_shape)
        return Size(sample_shape + tuple(self._batch_shape) + tuple(self._event_shape))

    def _validate_sample(self, value: Any, who: str = "log_prob") -> None:
        """ValueError unless ``value`` can be a draw: its shape and where it lies."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        shape: Any = tuple(value.shape)
        own = tuple(self._event_shape)
        start = len(shape) - len(own)
        if shape[max(start, 0) :] != own or start < 0:
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{value.shape} vs {self._event_shape}."
            )
        whole = tuple(self._batch_shape) + own
        for a, b in zip(reversed(shape), reversed(whole), strict=False):
            if 1 not in (a, b) and a != b:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{value.shape} vs {Size(whole)}."
                )
        try:
            support = self.support
        except NotImplementedError:
            warn(
                f"{self.__class__} does not define `support` to enable sample validation. Please "
                "initialize the distribution with `validate_args=False` to turn off validation."
            )
            return
        if support is None:
            raise ValueError("support must be not None")
        if not inside(support, value):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {shape}) to be within "
                f"the support ({support!r}) of the distribution {self!r}, but found invalid "
                f"values:\n{value}"
            )

    def __repr__(self) -> str:
        kept = [name for name in self.arg_constraints if name in self.__dict__]
        parts = []
        for name in kept:
            value = self.__dict__[name]
            parts.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return f"{type(self).__name__}({', '.join(parts)})"
