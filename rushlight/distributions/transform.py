"""Transform: an invertible map with the logarithm of its Jacobian's determinant.

``domain`` and ``codomain`` are constraints; ``bijective`` says whether every value has one source,
``sign`` whether a scalar map rises or falls. ``cache_size=1`` keeps the last pair, so that the
inverse of what was just computed is what it was computed from.
"""

from __future__ import annotations

import weakref
from typing import Any, ClassVar


class Transform:
    """The base of transforms: a subclass has ``_call``, ``_inverse``, ``log_abs_det_jacobian``."""

    bijective: Any = False
    domain: Any
    codomain: Any
    # Scalar attributes that two equal transforms share.
    _settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._inv: Any = None
        self._cached_x_y: tuple[Any, Any] = (None, None)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state["_inv"] = None  # a weak reference cannot be pickled
        return state

    @property
    def event_dim(self) -> int:
        """How many axes one value has, where it is the same on both sides."""
        if self.domain.event_dim != self.codomain.event_dim:
            raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")
        return int(self.domain.event_dim)

    @property
    def inv(self) -> Any:
        """The map back."""
        kept = None if self._inv is None else self._inv()
        if kept is None:
            kept = _InverseTransform(self)
            self._inv = weakref.ref(kept)
        return kept

    @property
    def sign(self) -> Any:
        """1 where the map rises, -1 where it falls."""
        raise NotImplementedError(f"{type(self).__name__} does not implement sign")

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same map with another size of cache."""
        if self._cache_size == cache_size:
            return self
        settings = [getattr(self, name) for name in self._settings]
        return type(self)(*settings, cache_size=cache_size)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self) or not self._settings or not self._comparable:
            return self is other or (type(self) is type(other) and self._alike)
        pairs = [(getattr(self, name), getattr(other, name)) for name in self._settings]
        return all(_same(a, b) for a, b in pairs)

    # Whether settings are compared at all, and whether all of a class without any are equal.
    _comparable: ClassVar[bool] = True
    _alike: ClassVar[bool] = False

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return id(self)

    def __call__(self, x: Any) -> Any:
        if self._cache_size == 0:
            return self._call(x)
        x_old, y_old = self._cached_x_y
        if x is x_old:
            return y_old
        y = self._call(x)
        self._cached_x_y = x, y
        return y

    def _inv_call(self, y: Any) -> Any:
        if self._cache_size == 0:
            return self._inverse(y)
        x_old, y_old = self._cached_x_y
        if y is y_old:
            return x_old
        x = self._inverse(y)
        self._cached_x_y = x, y
        return x

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not implement _call")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not implement _inverse")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |det dy/dx|, per event."""
        raise NotImplementedError(f"{type(self).__name__} does not implement log_abs_det_jacobian")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the values from that of the sources."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of the sources from that of the values."""
        return shape

    def __repr__(self) -> str:
        return type(self).__name__ + "()"


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, (int, float, tuple, str, bool)) and isinstance(b, type(a)):
        return a == b
    found = a == b
    return bool(found.all()) if hasattr(found, "all") else bool(found)


class _InverseTransform(Transform):
    """A transform run backwards."""

    def __init__(self, transform: Transform) -> None:
        super().__init__(cache_size=transform._cache_size)
        self._inv: Any = transform

    @property
    def domain(self) -> Any:  # type: ignore[override]
        """Where the other ends."""
        return self._inv.codomain

    @property
    def codomain(self) -> Any:  # type: ignore[override]
        """Where the other begins."""
        return self._inv.domain

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """As the other."""
        return bool(self._inv.bijective)

    @property
    def sign(self) -> Any:
        return self._inv.sign

    @property
    def inv(self) -> Any:
        return self._inv

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._inv.with_cache(cache_size).inv

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _InverseTransform) and self._inv == other._inv

    __hash__ = Transform.__hash__

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()

    def __call__(self, x: Any) -> Any:
        return self._inv._inv_call(x)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inv.forward_shape(shape)

    def __repr__(self) -> str:
        return f"_InverseTransform({self._inv!r})"
