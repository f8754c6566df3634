"""The closed list of primitives: what each one means, in one line.

The NumPy meaning is in ``ir/interpret.py``; constructors with shape rules in ``ir/build.py``.
Nothing else may appear in a graph: ``ir/verify.py`` refuses it.
"""

from __future__ import annotations

# Element-wise: every source has the shape of the result (``expand`` is explicit).
# Arithmetic keeps the dtype of its sources, which agree; f16 and bf16 compute in f32 and round
# after every primitive; integers wrap around.
UNARY: dict[str, str] = {
    "neg": "-x",
    "abs": "|x|",
    "sign": "-1, 0 or 1; nan stays nan",
    "exp": "e**x",
    "exp2": "2**x",
    "expm1": "e**x - 1",
    "log": "natural logarithm",
    "log2": "logarithm to base 2",
    "log10": "logarithm to base 10",
    "log1p": "log(1 + x)",
    "sqrt": "square root",
    "rsqrt": "1 / sqrt(x)",
    "reciprocal": "1 / x",
    "sin": "sine",
    "cos": "cosine",
    "tan": "tangent",
    "asin": "inverse sine",
    "acos": "inverse cosine",
    "atan": "inverse tangent",
    "sinh": "hyperbolic sine",
    "cosh": "hyperbolic cosine",
    "tanh": "hyperbolic tangent",
    "asinh": "inverse hyperbolic sine",
    "acosh": "inverse hyperbolic cosine",
    "atanh": "inverse hyperbolic tangent",
    "sigmoid": "1 / (1 + e**-x)",
    "erf": "error function",
    "erfc": "1 - erf(x)",
    "erfinv": "inverse error function",
    "ndtr": "(1 + erf(x / sqrt(2))) / 2, good beside 1: use erfc for the tail's own digits",
    "ndtr_tanh": "(1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2, near ndtr, good beside 1",
    "lgamma": "log |gamma(x)|",
    "digamma": "derivative of lgamma",
    "floor": "largest integer value <= x (floating only)",
    "ceil": "smallest integer value >= x (floating only)",
    "trunc": "toward zero (floating only)",
    "round": "to nearest, ties to even (floating only)",
    "not": "bitwise complement of integers, logical of bool",
    "conj": "the complex conjugate (complex only)",
}
BINARY: dict[str, str] = {
    "add": "x + y",
    "sub": "x - y",
    "mul": "x * y",
    "div": "x / y (floating only)",
    "floordiv": "floor(x / y); integers round down, division by zero is an error at run time",
    "truncdiv": "trunc(x / y) of integers, division by zero is an error at run time",
    "remainder": "x - floor(x / y) * y: sign of y",
    "fmod": "x - trunc(x / y) * y: sign of x",
    "pow": "x ** y",
    "atan2": "angle of (y=x, x=y)",
    "maximum": "the larger; nan if either is",
    "minimum": "the smaller; nan if either is",
    "copysign": "|x| with the sign of y",
    "nextafter": "the next float after x toward y",
    "and": "bitwise and",
    "or": "bitwise or",
    "xor": "bitwise exclusive or",
    "shl": "x << y",
    "shr": "x >> y, arithmetic",
}
# Two sources of one dtype, a bool result.
COMPARE: dict[str, str] = {
    "eq": "x == y",
    "ne": "x != y",
    "lt": "x < y",
    "le": "x <= y",
}
# Three floating sources of one dtype.
TERNARY: dict[str, str] = {
    "fma": "x * y + z, rounded once",
}
SELECT: dict[str, str] = {
    "where": "src[1] where src[0] (bool) holds, else src[2]",
}
CONVERT: dict[str, str] = {
    "cast": "to another dtype: floats to integers toward zero, to bool by != 0",
    "bitcast": "the same bytes read as another dtype of the same width; a complex dtype is also "
    "read as pairs of its parts, a last axis of 2, and back",
}

SOURCE: dict[str, str] = {
    "input": "argument number `index` of the graph: a contiguous array",
    "scalar": "Python number number `index` of the graph, 0-d, float64, int64 or bool",
    "const": "`value` everywhere",
    "iota": "the index along `axis`, as the dtype says",
}
MOVEMENT: dict[str, str] = {
    "reshape": "same elements in row-major order, another shape",
    "permute": "axis k of the result is axis `axes[k]` of the source",
    "expand": "axes of size 1 repeated; ranks agree",
    "slice": "element i of axis k is element start[k] + i * step[k]; step may be negative",
    "pad": "`lo[k]` and `hi[k]` >= 0 elements of `value` around each axis",
    "cat": "sources one after another along `axis`",
    "as_strided": "element i... of flat src is src[offset + sum i_k * strides[k]]",
}
UPDATE: dict[str, str] = {
    "slice_set": "src[0] with its slice (start, step) replaced by src[1]",
    "as_strided_set": "flat src[0] with the strided window (strides, offset) replaced by src[1]",
}
REDUCE: dict[str, str] = {
    "reduce": "`kind` sum prod max min fmax any all argmax argmin over `axes`, which disappear; "
    "max and min give nan where one is there, fmax does not; argmax the first place (one axis)",
    "scan": "running `kind` sum prod max min along `axis`, inclusive; argmax and argmin (int64) "
    "give the last place so far where max and min were met",
}
INDEX: dict[str, str] = {
    "take": "src[0] at integer places src[1] along `axis`: its shape replaces that axis; "
    "out of range is an error at run time, negative counts from the end",
    "gather": "out[.. i ..] = src[0][.. src[1][.. i ..] ..] along `axis`, ranks agree",
    "put": "src[0] with src[2] combined (`mode` set add) into places src[1] along `axis`",
    "scatter": "src[0] with src[2] combined (`mode` set add prod max min) at gather's places",
}
CONTRACTION: dict[str, str] = {
    "dot": "(B.., M, K) x (B.., K, N) -> (B.., M, N); f16, bf16 accumulate in f32",
    "conv": "x (N, *S, C), w (K, C/groups, *taps) -> (N, *S', K): channels-last, cross-correlated",
    "conv_input_grad": "g (N, *S', K), w -> the gradient of x; its shape is the node's",
    "conv_weight_grad": "g (N, *S', K), x (N, *S, C) -> the gradient of w",
}
POOL: dict[str, str] = {
    "pool": "x (N, *S, C): `kind` max sum argmax over windows; argmax is the place in the "
    "flattened S, int64; padding is ignored by max and 0 for sum",
    "pool_input_grad": "kind sum: g -> every window element; kind max: (g, argmax) -> its place; "
    "kind top: (g, x) -> the place that pool's argmax of x has",
}
ORDER: dict[str, str] = {
    "argsort": "int64 places that sort along `axis`, nan last (first if `descending`): stable, or "
    "with equal elements where GNU's std::sort leaves them (`tied`)",
    "first_places": "as many places as the shape says, the first that sort along `axis`, of equal "
    "ones those that PyTorch's topk names; in order, or as it leaves them (`ordered`)",
}
LOOP: dict[str, str] = {
    "loop": "graph `body` (as text) run for each of `steps` steps, the last first if `reverse`; "
    "what the sources are and where the results lie: ir/loop.py",
}
HOST: dict[str, str] = {
    "host": "a NumPy function by `name` (ir/host.py) with `params`, called inside the plan",
}

ELEMENTWISE = frozenset((*UNARY, *BINARY, *TERNARY, *COMPARE, *SELECT, *CONVERT))
PRIMITIVES: dict[str, str] = {
    **SOURCE, **UNARY, **BINARY, **TERNARY, **COMPARE, **SELECT, **CONVERT, **MOVEMENT, **UPDATE,
    **REDUCE, **INDEX, **CONTRACTION, **POOL, **ORDER, **LOOP, **HOST,
}  # fmt: skip
