"""kl_divergence: how far one distribution is from another, E_p[log p - log q].

``register_kl(P, Q)`` adds a pair; the closest registered pair of base classes answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base.warn import warn
from rushlight.distributions.distribution import Distribution

Rule = Callable[[Any, Any], Any]
_RULES: dict[tuple[type, type], Rule] = {}
_FOUND: dict[tuple[type, type], Rule] = {}


def register_kl(type_p: Any, type_q: Any) -> Callable[[Rule], Rule]:
    """A decorator: the function answers for these two classes and classes made from them."""
    if not isinstance(type_p, type) and issubclass(type_p, Distribution):
        raise TypeError(f"Expected type_p to be a Distribution subclass but got {type_p}")
    if not isinstance(type_q, type) and issubclass(type_q, Distribution):
        raise TypeError(f"Expected type_q to be a Distribution subclass but got {type_q}")

    def keep(rule: Rule) -> Rule:
        _RULES[type_p, type_q] = rule
        _FOUND.clear()
        return rule

    return keep


def _distance(kind: type, base: type) -> int:
    return kind.__mro__.index(base)


def _find(type_p: type, type_q: type) -> Rule | None:
    pairs = [(p, q) for p, q in _RULES if issubclass(type_p, p) and issubclass(type_q, q)]
    if not pairs:
        return None
    left = min(pairs, key=lambda each: (_distance(type_p, each[0]), _distance(type_q, each[1])))
    right = min(pairs, key=lambda each: (_distance(type_q, each[1]), _distance(type_p, each[0])))
    if _RULES[left] is not _RULES[right]:
        warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please "
            f"register_kl({left[0].__name__}, {right[1].__name__})",
            RuntimeWarning,
        )
    return _RULES[left]


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """E_p[log p - log q], in nats, per element of the batch.

    Raises NotImplementedError where no rule is known for the two classes.

    >>> from rushlight.distributions import Normal
    >>> kl_divergence(Normal(0.0, 1.0), Normal(0.0, 1.0))
    tensor(0.)
    """
    kinds = type(p), type(q)
    rule = _FOUND.get(kinds)
    if rule is None:
        rule = _find(*kinds)
        if rule is None:
            raise NotImplementedError(
                f"No KL(p || q) is implemented for p type {kinds[0].__name__} and q type "
                f"{kinds[1].__name__}"
            )
        _FOUND[kinds] = rule
    return rule(p, q)
