"""Functions of the library in plain pickles: modules of users keep them as attributes."""

from __future__ import annotations

import pickle
from types import FunctionType, ModuleType

import pytest

import rushlight as torch
from rushlight import fft, linalg, nn, special
from rushlight.nn import functional, init
from rushlight.tensor import overrides


@pytest.mark.parametrize("heard", [False, True])
@pytest.mark.parametrize("place", [torch, functional, linalg, special, fft, init])
def test_every_function_is_found_again(place: ModuleType, heard: bool) -> None:
    names = [name for name in dir(place) if name[0] != "_"]
    functions = [getattr(place, name) for name in names]
    if heard:  # every function is another from then on, which asks its arguments
        overrides.listen()
        functions = [getattr(place, name) for name in names]
    plain = [each for each in functions if isinstance(each, FunctionType)]
    assert len(plain) >= 18
    lost = []
    for each in plain:
        try:
            found = pickle.loads(pickle.dumps(each))
        except (pickle.PicklingError, AttributeError) as error:
            found = error
        if found is not each:
            lost.append((each.__qualname__, found))
    assert lost == []


def test_functions_that_write_into_their_tensor() -> None:
    assert pickle.loads(pickle.dumps(torch.abs_)) is torch.abs_


def test_a_module_with_functions_as_attributes() -> None:
    net = nn.Linear(2, 2)
    net.act, net.pool, net.drop = torch.relu, functional.max_pool2d, functional.dropout
    loaded = pickle.loads(pickle.dumps(net))
    assert (loaded.act, loaded.pool, loaded.drop) == (net.act, net.pool, net.drop)
