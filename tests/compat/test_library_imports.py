"""What libraries import and ask about although nothing here has it."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.ao.quantization import FakeQuantizeBase, ObserverBase
from rushlight.cuda import random as cuda_random
from rushlight.utils._python_dispatch import TorchDispatchMode


def test_generators_of_cuda_have_their_module() -> None:
    assert torch.cuda.random is cuda_random
    assert cuda_random.get_rng_state_all() == [] and cuda_random.manual_seed_all(3) is None
    with pytest.raises(AssertionError, match="not compiled with CUDA"):
        cuda_random.get_rng_state()


def test_observers_can_be_asked_about() -> None:
    assert torch.ao.quantization.ObserverBase is ObserverBase
    assert not isinstance(torch.nn.ReLU(), (ObserverBase, FakeQuantizeBase))
    with pytest.raises(NotImplementedError, match="quantised"):
        ObserverBase()


def test_a_dispatch_mode_can_be_derived_from_and_not_entered() -> None:
    class Counting(TorchDispatchMode):
        pass

    mode = Counting()
    with pytest.raises(NotImplementedError, match="TorchFunctionMode"), mode:
        pass


def test_names_of_distributed_tensors_and_torchscript() -> None:
    from rushlight._C import Value
    from rushlight.distributed._tensor import DTensor
    from rushlight.distributed._tensor.experimental import implicit_replication

    assert not isinstance(torch.ones(1), (DTensor, Value))
    with pytest.raises(NotImplementedError, match="one process"):
        implicit_replication()


def test_flags_of_backends_are_frozen_but_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends, "_frozen", [False])
    torch.backends.disable_global_flags()
    with getattr(torch.backends, "__allow_nonbracketed_mutation")():
        assert not torch.backends.flags_frozen()
    assert torch.backends.flags_frozen()


def test_types_that_loaders_are_annotated_with() -> None:
    from rushlight.utils.data.dataloader import _collate_fn_t, _worker_init_fn_t

    assert callable(_collate_fn_t) and callable(_worker_init_fn_t)
