"""Every op of the table on its own samples: compiled against interpreted, gradients against
differences, in place, ``out=``, strided arguments, bad arguments."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight
from rushlight.engine.trace import Trace
from rushlight.ops import OPS, load_rare
from rushlight.ops.table import Op
from rushlight.tensor.wrap import function
from tests.ops.cases import bad_samples, both_widths, samples, shown
from tests.ops.close import same
from tests.ops.expressions import expression
from tests.ops.observe import Fixed, Session
from tests.ops.slopes import wrong_slope
from tests.oracle.programs import mode

load_rare()

# Ops that have no samples (yet). This set may only shrink.
WITHOUT_SAMPLES = frozenset(
    {
        "_alpha_dropout", "_attention", "_batch_norm", "_batch_norm_eval", "_cholesky",
        "_cholesky_ex", "_cholesky_solve", "_eig", "_permutation", "_stretched_noise",
        "_col2im", "_dropout", "_eigh", "_einsum", "_embedding", "_group_norm", "_im2col",
        "_index", "_index_put", "_interpolate", "_layer_norm", "_least_squares", "_normalize",
        "_quantile",
        "_searchsorted", "_tensordot",
        "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices",
        "adaptive_max_pool3d_with_indices", "argsort", "cdist", "cosine_similarity", "cross",
        "cummax", "cummin", "diag", "diag_embed", "diagflat", "diff",
        "inner", "kron",
        "local_response_norm", "median", "msort", "nanmedian", "pairwise_distance",
        "put", "rms_norm", "scatter_reduce", "sort",
        "trace",
    }
)  # fmt: skip

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
SESSION = Session(rushlight, function)
COMPILED, INTERPRETED = Trace(), Trace()


# Update rules of optimisers are registered by rushlight.optim and tested in tests/optim.
CORE = [op for op in OPS.values() if op.body.__module__.rpartition(".")[2] not in
        ("optimizer", "adagrad", "clip", "lbfgs")]  # fmt: skip
SAMPLED = [op for op in CORE if op.samples_rule is not None]
# They read the storage of their argument, not its elements.
OF_STORAGE = ("_strided", "_strided_set")
every_op = pytest.mark.parametrize("op", SAMPLED, ids=[op.name for op in SAMPLED])


@every_op
def test_compiled_is_interpreted(op: Op) -> None:
    text = expression(op)
    for args, kwargs in both_widths(op):
        with mode(False, COMPILED):
            ours = SESSION.call(text, args, kwargs, gradients=op.differentiable)
        with mode(True, INTERPRETED):
            oracle = SESSION.call(text, args, kwargs, gradients=op.differentiable)
        assert (ours.raised, ours.message) == ("", ""), shown(args, kwargs) + ours.message
        assert not oracle.raised, oracle.message
        for a, b in zip(ours.outs, oracle.outs, strict=True):
            assert (a.dtype, a.shape, a.strides) == (b.dtype, b.shape, b.strides)
            assert same(a.values, b.values), f"{shown(args, kwargs)}\n{a.values}\n{b.values}"
        for a, b in zip(ours.first + ours.second, oracle.first + oracle.second, strict=True):
            assert same(a, b, slack=16, floor=1), f"gradient of {shown(args, kwargs)}\n{a}\n{b}"


@every_op
def test_gradient_is_the_slope(op: Op) -> None:
    if not op.differentiable:
        pytest.skip("not differentiable")
    call = SESSION.function(expression(op))
    for args, kwargs in samples(op):
        found = wrong_slope(SESSION, call, args, kwargs)
        assert not found, f"{found}\n{shown(args, kwargs)}"


def _leaf_copy(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_leaf_copy(each, change) for each in value)
    if isinstance(value, Fixed):
        return change(value.values)
    return change(value) if isinstance(value, np.ndarray) else SESSION.tensors(value, None)


def transposed(array: np.ndarray[Any, Any]) -> Any:
    """A tensor of the same elements whose axes lie in memory back to front."""
    axes = tuple(reversed(range(array.ndim)))
    return rushlight.tensor(np.array(array.transpose(axes), order="C")).permute(axes)


def stepped(array: np.ndarray[Any, Any]) -> Any:
    """A tensor of the same elements, every second of a longer one."""
    if not array.ndim:
        return rushlight.tensor(np.array([array, array]))[1]
    return rushlight.tensor(np.repeat(array, 2, axis=-1))[..., 1::2]


@every_op
@pytest.mark.parametrize("layout", [transposed, stepped])
def test_strided_arguments(op: Op, layout: Callable[[Any], Any]) -> None:
    if op.view or op.name in OF_STORAGE:
        pytest.skip("has strides of its own")
    call = SESSION.function(expression(op))
    for args, kwargs in samples(op):
        plain = SESSION.call(expression(op), args, kwargs)
        given = _leaf_copy(args, layout)
        named = {key: _leaf_copy(value, layout) for key, value in kwargs.items()}
        result = call(*given, **named)
        outs = result if isinstance(result, (tuple, list)) else [result]
        for a, b in zip(outs, plain.outs, strict=True):
            assert same(SESSION.seen(a).values, b.values, slack=4), shown(args, kwargs)


@every_op
def test_in_place(op: Op) -> None:
    if not op.inplace:
        pytest.skip("no in-place form")
    for args, kwargs in samples(op):
        plain = SESSION.call(expression(op), args, kwargs)
        target, *rest = SESSION.tensors(args, None)
        if not isinstance(target, rushlight.Tensor):
            continue
        named = {key: SESSION.tensors(value, None) for key, value in kwargs.items()}
        before, out = args[0], plain.outs[0]
        if out.shape != before.shape or out.dtype != str(before.dtype):
            continue
        method = getattr(target, op.name + "_")
        returned = method(*rest, **named)
        assert returned is target
        assert same(SESSION.seen(target).values, out.values, slack=4), shown(args, kwargs)


@every_op
def test_out(op: Op) -> None:
    if not op.torch or op.view:
        pytest.skip("no out=")
    for args, kwargs in samples(op):
        given = SESSION.tensors(args, None)
        if op.name == "where" and not all(isinstance(each, rushlight.Tensor) for each in given):
            continue  # with out= it takes no numbers, in PyTorch neither
        named = {key: SESSION.tensors(value, None) for key, value in kwargs.items()}
        plain = function(op.name)(*given, **named)
        several = isinstance(plain, tuple)
        parts = plain if several else (plain,)
        targets = tuple(rushlight.empty(tuple(each.shape), dtype=each.dtype) for each in parts)
        returned = function(op.name)(*given, **named, out=targets if several else targets[0])
        for a, b, c in zip(targets, parts, returned if several else (returned,), strict=True):
            assert a is c
            assert same(SESSION.seen(a).values, SESSION.seen(b).values, slack=4)


CHECKED = [op for op in CORE if op.bad_inputs_rule is not None]


@pytest.mark.parametrize("op", CHECKED, ids=[op.name for op in CHECKED])
def test_bad_inputs_raise(op: Op) -> None:
    for args, kwargs, kind, pattern in bad_samples(op):
        seen = SESSION.call(expression(op), args, kwargs)
        assert seen.raised == kind.__name__, f"{seen.raised or 'nothing'} for {shown(args, kwargs)}"
        assert re.search(pattern, seen.message), seen.message


def test_table_is_complete() -> None:
    missing = {op.name for op in CORE if op.samples_rule is None}
    assert missing <= WITHOUT_SAMPLES, f"without samples: {sorted(missing - WITHOUT_SAMPLES)}"
    assert missing >= WITHOUT_SAMPLES, f"have them now: {sorted(WITHOUT_SAMPLES - missing)}"
