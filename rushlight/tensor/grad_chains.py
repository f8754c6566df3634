"""What PyTorch's gradient graph has where ours has one node: ``View0(Addmm0(bias, input))``.

A chain is a text: operations, inside them what their edges go to, innermost the arguments of our
call by name. ``-`` is a place that no gradient reaches; the digits end PyTorch's class names
(``AddmmBackward0``). Calls without a chain are one node there too, with an edge for each tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from rushlight.engine.call import TENSOR, OpCall
from rushlight.engine.value import Meta

Chain = str | tuple["str", tuple[Any, ...]]  # an argument, or (an operation, what it reads)
Given = dict[str, Any]  # the arguments by name; tensors by their metas, which have a shape
Rule = Callable[[Given], str]

# Tensors that choose places: PyTorch's nodes have no edge for them.
_PLACES = frozenset((
    "index", "indices", "mask", "condition", "target_lengths", "input_lengths", "drop_mask",
    "atol", "rtol",
))  # fmt: skip


def _linear(given: Given) -> str:
    rank, bias = len(given["input"].shape), given["bias"]
    if rank == 2:
        return "Mm0(input, T0(weight))" if bias is None else "Addmm0(bias, input, T0(weight))"
    if bias is not None:
        return "View0(Addmm0(bias, View0(input), T0(weight)))"
    if rank == 1:
        return "Squeeze4(Mm0(Unsqueeze0(input), T0(weight)))"
    return "UnsafeView0(Mm0(View0(input), T0(weight)))"


def _matmul(given: Given) -> str:
    left, right = (len(given[name].shape) for name in ("input", "other"))
    known = {
        (1, 1): "Dot0(input, other)", (2, 1): "Mv0(input, other)", (2, 2): "Mm0(input, other)",
        (1, 2): "Squeeze4(Mm0(Unsqueeze0(input), other))",
    }  # fmt: skip
    if (left, right) in known:
        return known[left, right]
    if left > 2 >= right:
        return f"UnsafeView0({'Mm0' if right == 2 else 'Mv0'}(View0(input), other))"
    if right > 2 >= left:
        turned = "UnsafeView0(Clone0(Transpose0(other)))"
        if left == 1:
            return f"UnsafeView0(Mv0({turned}, input))"
        return f"Clone0(Transpose0(UnsafeView0(Mm0({turned}, T0(input)))))"
    return "UnsafeView0(Bmm0(View0(Expand0(input)), View0(Expand0(other))))"


def _nll(given: Given, read: str = "input") -> str:
    rank = len(given["input"].shape)
    if rank <= 2:
        return f"NllLoss0({read})"
    if rank == 4:
        return f"NllLoss2D0({read})"
    inner = f"NllLoss2D0(View0({read}))"
    return f"View0({inner})" if given["reduction"] == "none" else inner


def _cross_entropy(given: Given) -> str:
    read = "LogSoftmax0(input)"
    if given["target"].dtype.is_floating_point:
        inner = f"Neg0(Sum0(Mul0({read}, target)))"
        return f"Div1({inner})" if given["reduction"] == "mean" else inner
    if given["label_smoothing"] != 0:
        smooth = f"Div0(Sum0(MaskedFill0(Neg0(Sum1({read})))), -)"
        return f"Add0(Mul1({_nll(given, read)}), Mul1({smooth}))"
    return _nll(given, read)


_REDUCED = {"none": "{}", "mean": "Mean0({})", "sum": "Sum0({})", "batchmean": "Div0(Sum0({}), -)"}


def _reduced(inner: Rule) -> Rule:
    """A loss that is a formula and then a mean or a sum."""

    def rule(given: Given) -> str:
        return _REDUCED[given["reduction"]].format(inner(given))

    return rule


def _divergence(given: Given) -> str:
    if given["log_target"]:
        return "Mul0(-, Sub0(target, input))"
    return "Sub0(-, Mul0(target, input))"


def _poisson(given: Given) -> str:
    if given["log_input"]:
        return "Sub0(Exp0(input), Mul0(target, input))"
    return "Sub0(input, Mul0(target, Log0(Add1(input))))"


_VOLUMES = {"linear": ("Linear1D", "Bilinear2D", "Trilinear3D"), "cubic": ("", "Bicubic2D", "")}


def _indexed(given: Given) -> str:
    """One view per entry; those that take all of an axis are none."""
    found = "input"
    for entry in given["index"]:
        if entry is None:
            found = f"Unsqueeze0({found})"
        elif isinstance(entry, int):
            found = f"Select0({found})"
        elif entry is not Ellipsis and entry != ("slice", None, None, None):
            found = f"Slice0({found})"
    if found != "input":
        return found
    one = len(given["index"]) == 1 and given["index"][0] is not Ellipsis
    return "Slice0(input)" if one else "Alias0(input)"


def _upsampled(given: Given) -> str:
    axes, mode = len(given["input"].shape) - 2, given["mode"]
    plain = {"nearest": "Nearest", "nearest-exact": "NearestExact"}.get(mode)
    name = _VOLUMES[mode][axes - 1] if plain is None else f"{plain}{axes}D"
    return f"Upsample{name}0(input)"


def _padded(given: Given) -> str:
    name = "Reflection" if given["mode"] == "reflect" else "Replication"
    return f"{name}Pad{len(given['pad']) // 2}D0(input)"


def _by_axes(text: str) -> Rule:
    """Windows over one axis are windows over two there, over an image of one row."""

    def rule(given: Given) -> str:
        return f"Squeeze1({text}(Unsqueeze0(input)))"

    return rule


def _convolved(axes: int) -> Rule:
    def rule(given: Given) -> str:
        if len(given["input"].shape) == axes + 2:
            return "Convolution0(input, weight, bias)"
        return "Squeeze1(Convolution0(Unsqueeze0(input), weight, bias))"

    return rule


def _averaged(axes: int) -> Rule:
    """One average is a mean there; along one axis it is one of two axes."""

    def rule(given: Given) -> str:
        size, read = given["output_size"], "input" if axes > 1 else "Unsqueeze0(input)"
        whole = size == 1 or (isinstance(size, tuple) and set(size) == {1})
        name = "Mean1" if whole else f"AdaptiveAvgPool{max(axes, 2)}D0"
        return f"{name}({read})" if axes > 1 else f"Squeeze1({name}({read}))"

    return rule


def _first(found: str, otherwise: str, when: Callable[[Given], bool]) -> Rule:
    return lambda given: found if when(given) else otherwise


def _one_more(name: str, argument: str) -> Rule:
    """Another number where ``argument`` is a tensor."""
    return lambda given: f"{name}{int(isinstance(given[argument], Meta))}"


_NORM = "(input, weight, bias)"
_CHAINS: dict[str, str | Rule] = {
    "linear": _linear,
    "matmul": _matmul,
    "_cross_entropy": _cross_entropy,
    "_nll_loss": _nll,
    "_l1_loss": _reduced(lambda given: "Abs0(Sub0(input, target))"),
    "_kl_div": _reduced(_divergence),
    "_poisson_nll_loss": _reduced(_poisson),
    "_layer_norm": "NativeLayerNorm0" + _NORM,
    "_group_norm": "NativeGroupNorm0" + _NORM,
    "_batch_norm": "NativeBatchNorm0" + _NORM,
    **{f"conv{axes}d": _convolved(axes) for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": _convolved(axes) for axes in (1, 2, 3)},
    "_embedding": "Embedding0(weight)",
    "where": "Where0(input, other)",
    "outer": "Mul0(View0(input), vec2)",
    "prelu": "PreluKernel0(input, View0(weight))",
    "_dropout": "Mul0(input, -)",
    "_batch_norm_eval": "NativeBatchNorm0" + _NORM,
    "nanmean": "Div0(Nansum0(input), -)",
    "float_power": "Pow0(ToCopy0(input))",
    "pairwise_distance": "Norm1(Add1(Sub0(x1, x2)))",
    "cosine_similarity": (
        "Sum1(Mul0(Div0(x1, Clone0(LinalgVectorNorm0(x1))), "
        "Div0(x2, Clone0(LinalgVectorNorm0(x2)))))"
    ),
    "_basic_index": _indexed,
    "_normalize": "Div0(input, Expand0(ClampMin0(LinalgVectorNorm0(input))))",
    "softsign": "Div0(input, Add0(Abs0(input), -))",
    "tanhshrink": "Sub0(input, Tanh0(input))",
    "_real": "Select0(ViewAsReal0(input))",
    "_imag": "Select0(ViewAsReal0(input))",
    "_interpolate": _upsampled,
    "_edge_pad": _padded,
    "_max_pool1d": _by_axes("MaxPool2DWithIndices0"),
    "avg_pool1d": _by_axes("AvgPool2D0"),
    **{f"adaptive_avg_pool{axes}d": _averaged(axes) for axes in (1, 2, 3)},
    "_attention": "ScaledDotProductFlashAttentionForCpu0(query, key, value)",
    "_grid_sample": lambda given: f"GridSampler{len(given['input'].shape) - 2}D0(input, grid)",
    "diag": _first(
        "DiagEmbed0(input)", "Diagonal0_copy(input)", lambda given: len(given["input"].shape) == 1
    ),
    "_repeat_each": "View0(Clone0(Expand0(Unsqueeze0(input))))",
    "rms_norm": _first(
        "Mul0(input, Rsqrt0(Add1(Mean1(Pow0(input)))))",
        "Mul0(Mul0(input, Rsqrt0(Add1(Mean1(Pow0(input))))), weight)",
        lambda given: given["weight"] is None,
    ),
    "take_along_dim": "Gather0(Expand0(input))",
    "kron": "UnsafeView0(Mul0(UnsafeView0(input), UnsafeView0(other)))",
    "scatter": _first(
        "Scatter0(input, src)", "Scatter1(input)",
        lambda given: isinstance(given["src"], Meta),
    ),
    "masked_fill": _first(
        "MaskedFill1(input, value)", "MaskedFill0(input)",
        lambda given: isinstance(given["value"], Meta),
    ),
    "bilinear": _first(
        "View0(Trilinear0(View0(input1), weight, View0(input2)))",
        "Add0(View0(Trilinear0(View0(input1), weight, View0(input2))), bias)",
        lambda given: given["bias"] is None,
    ),
}  # fmt: skip
# Another name of one node: its edges are those of its tensors.
_NAMES: dict[str, str | Rule] = {
    "_max": _first("Max1", "Max0", lambda given: given["dim"] is None),
    "_min": _first("Min1", "Min0", lambda given: given["dim"] is None),
    "median": _first("Median0", "Median1", lambda given: given["dim"] is None),
    "lerp": _one_more("Lerp", "weight"),
    "fmod": _one_more("Fmod", "other"),
    "round": _first("Round0", "Round1", lambda given: not given["decimals"]),
    "clamp": _first(
        "Clamp0", "Clamp1",
        lambda given: isinstance(given["min"], Meta) or isinstance(given["max"], Meta),
    ),
}  # fmt: skip


def _arguments(call: OpCall, metas: Sequence[Meta]) -> Given:
    left = iter(metas)
    found: Given = {}
    for parameter, template in zip(call.op.parameters, call.template, strict=True):
        if isinstance(template, list):
            found[parameter.name] = [next(left) if each is TENSOR else each for each in template]
        else:
            found[parameter.name] = next(left) if template is TENSOR else template
    return found


def chain_of(call: OpCall, metas: Sequence[Meta]) -> str | None:
    """The chain that stands for this call, or its name alone; None: it has its own."""
    rule = _CHAINS.get(call.name) or _NAMES.get(call.name)
    return rule if rule is None or isinstance(rule, str) else rule(_arguments(call, metas))


@lru_cache(maxsize=256)
def parsed(text: str) -> Chain:
    """``"Div1(Neg0(input))"`` -> ``("Div1", (("Neg0", ("input",)),))``."""
    name, opening, rest = text.partition("(")
    if not opening:
        return text
    parts, depth, start = [], 0, 0
    inside = rest[:-1]
    for place, letter in enumerate(inside):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            parts.append(inside[start:place].strip())
            start = place + 1
    return name, tuple(parsed(part) for part in (*parts, inside[start:].strip()))


def named_edges(call: OpCall, edges: Sequence[Any]) -> dict[str, Any]:
    """The edge of each argument that is a tensor, the edges of one that is a list of them."""
    left = iter(edges)
    found: dict[str, Any] = {}
    for parameter, template in zip(call.op.parameters, call.template, strict=True):
        if template is TENSOR:
            found[parameter.name] = next(left)
        elif isinstance(template, list):
            found[parameter.name] = [next(left) for each in template if each is TENSOR]
    return found


_BESIDE_NUMBERS = frozenset(("add", "sub", "mul", "div"))


def plain_edges(call: OpCall, edges: Sequence[Any]) -> list[Any]:
    """The edges of a call that is one node there too: all but those of indices and masks.

    The number of ``x * 2`` is a tensor there that no gradient goes to.
    """
    found: list[Any] = []
    for name, edge in named_edges(call, edges).items():
        if name not in _PLACES:
            found.extend(edge if isinstance(edge, list) else [edge])
    if call.name in _BESIDE_NUMBERS and len(found) == 1 and call.template[0] is TENSOR:
        found.append(None)
    return found
