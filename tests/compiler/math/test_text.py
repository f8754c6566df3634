"""The text itself: deterministic, each definition once, any number of lanes, any target."""

from __future__ import annotations

import llvmlite.binding as llvm
import numpy as np
import pytest

from rushlight.compiler.math import SUPPORTED, definitions, function
from tests.compiler.math.native import BINARY, native

EVERYTHING = [(name, dtype, 4) for name in sorted(SUPPORTED) for dtype in ("f32", "f64")]


def test_order_and_repetition_do_not_matter() -> None:
    keys = [("sin", "f32", 8), ("exp", "f32", 8), ("cos", "f64", 4)]
    text = definitions(keys)
    assert text == definitions([*reversed(keys), *keys])
    assert text.count("define") == 5  # and the two helpers for large angles


def test_needs_names_the_helpers() -> None:
    assert function("exp", "f32", 8).needs == ()
    assert function("sin", "f32", 8).needs == ("rl_sin_large_f32x8",)


def test_no_fast_math_and_no_library_calls() -> None:
    text = definitions(EVERYTHING)
    called = {word.split(".")[1] for word in text.split() if word.startswith("@llvm.")}
    assert called <= {"fma", "fabs", "sqrt", "roundeven", "copysign"}
    assert not {"fast", "nnan", "ninf", "reassoc"} & set(text.split())


@pytest.mark.parametrize("triple", ["x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu"])
def test_the_same_text_serves_every_target(triple: str) -> None:
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(definitions(EVERYTHING))
    module.verify()
    module.triple = triple
    assert llvm.Target.from_triple(triple).create_target_machine().emit_object(module)


@pytest.mark.parametrize("name", sorted(SUPPORTED))
def test_lanes_do_not_change_the_bits(name: str) -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(-3, 3, 80), rng.uniform(-1e9, 1e9, 16)]).astype(np.float32)
    y = rng.uniform(-3, 3, 96).astype(np.float32) if name in BINARY else None
    want = native(name, "f32", 8)(x, y)
    for lanes in (1, 3, 16):
        np.testing.assert_array_equal(native(name, "f32", lanes)(x, y), want)


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (("gelu", "f32", 8), NotImplementedError, "no function 'gelu'"),
        (("exp", "f16", 8), NotImplementedError, "'f16'"),
        (("exp", "f32", 0), ValueError, "lanes >= 1"),
    ],
)
def test_bad_requests(key: tuple[str, str, int], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        function(*key)
