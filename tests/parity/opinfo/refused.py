"""Dtypes that PyTorch's operators refuse are refused here, in its words, and no others are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rushlight
from tests.parity.opinfo import calls
from tests.parity.opinfo.plain import decode, flatten


def differences(name: str, cases: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each case that only one of the two libraries computes."""
    for case in cases:
        function = calls.find(rushlight, name, case["variant"])
        if function is None or name in calls.INNER or name in calls.UNINITIALISED:
            return
        known: dict[Any, Any] = {}
        first = decode(rushlight, case["input"], known)
        args = [decode(rushlight, each, known) for each in case["args"]]
        kwargs = {key: decode(rushlight, each, known) for key, each in case["kwargs"].items()}
        told = f"{name} {case['variant']} {case['dtype']}"
        try:
            for each in flatten(rushlight, function(first, *args, **kwargs)):
                each.detach().tolist()
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            if "raises" not in case:
                yield f"{told}: {error!r}, PyTorch computes"
            elif case["raises"][0] not in kinds and "RuntimeError" not in kinds:
                yield f"{told}: {error!r}, PyTorch {case['raises'][0]}: {case['message']}"
        else:
            if "raises" in case:
                yield f"{told}: computed, PyTorch {case['raises'][0]}: {case['message']}"
