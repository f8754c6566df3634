"""torch.func, as far as it is there: a module called with other parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushlight.nn.utils.stateless import call_with
from rushlight.tensor import Tensor

__all__ = ["functional_call"]


def functional_call(
    module: Any, parameter_and_buffer_dicts: Any, args: Any = None,
    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """``module(*args, **kwargs)`` with these parameters and buffers instead of its own.

    They are one mapping, or several with different names. Gradients flow into what is given.

    >>> import rushlight as torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> torch.func.functional_call(layer, {"weight": torch.ones(1, 2)}, torch.ones(2))
    tensor([2.])
    """
    given = parameter_and_buffer_dicts
    if isinstance(given, Mapping):
        values: dict[str, Tensor] = dict(given)
    elif isinstance(given, (list, tuple)) and all(isinstance(each, Mapping) for each in given):
        values = {}
        for each in given:
            twice = sorted(values.keys() & each.keys())
            if twice:
                raise ValueError(
                    f"{twice} appeared in multiple dictionaries; behavior of functional call is "
                    "ambiguous"
                )
            values.update(each)
    else:
        raise ValueError(
            "Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got "
            f"{type(given)}"
        )
    return call_with(module, values, args, kwargs, tie_weights, strict)
