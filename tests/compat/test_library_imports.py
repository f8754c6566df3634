"""What libraries import and ask about although nothing here has it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import rushlight as torch
from rushlight.cuda import random as cuda_random

Script = Callable[[str], list[str]]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Runs a program as ``rushlight run`` does; the lines that it prints."""

    def run(text: str) -> list[str]:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text))
        command = [sys.executable, "-m", "rushlight", "run", str(program)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return run


def test_generators_of_cuda_have_their_module() -> None:
    assert torch.cuda.random is cuda_random
    assert cuda_random.get_rng_state_all() == [] and cuda_random.manual_seed_all(3) is None
    with pytest.raises(AssertionError, match="not compiled with CUDA"):
        cuda_random.get_rng_state()


def test_what_tracing_has_can_be_named() -> None:
    from rushlight.jit import TracerWarning, _get_trace_graph

    assert issubclass(TracerWarning, Warning)
    with pytest.raises(NotImplementedError, match="_get_trace_graph"):
        _get_trace_graph(torch.nn.ReLU(), torch.ones(1))


def test_absent_modules_bring_what_they_import(script: Script) -> None:
    ran = script("""
        import torch
        from torch.distributed._composable.fsdp import FSDPModule
        from torch.utils._python_dispatch import TorchDispatchMode, is_traceable_wrapper_subclass

        class Counting(TorchDispatchMode):
            pass

        print(isinstance(torch.nn.ReLU(), torch.distributed.fsdp.FSDPModule))
        print(isinstance(3, torch._C.Value))
        print(is_traceable_wrapper_subclass(torch.ones(1)))
        try:
            Counting()
        except NotImplementedError:
            print("left out")
    """)
    assert ran == ["False", "False", "False", "left out"]


def test_flags_of_backends_are_frozen_but_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends, "_frozen", [False])
    torch.backends.disable_global_flags()
    with getattr(torch.backends, "__allow_nonbracketed_mutation")():
        assert not torch.backends.flags_frozen()
    assert torch.backends.flags_frozen()


def test_types_that_loaders_are_annotated_with() -> None:
    from rushlight.utils.data.dataloader import _collate_fn_t, _worker_init_fn_t

    assert callable(_collate_fn_t) and callable(_worker_init_fn_t)
