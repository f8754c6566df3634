"""The idea of Rushlight in one file: record, recognise, differentiate, compile, run.

    python docs/from_scratch.py

A small engine that trains neural networks: NumPy holds arrays, llvmlite makes machine code. It is
complete, it checks itself, and it has the shape of the real one. Read it from top to bottom:

  1. graph          immutable nodes of six primitives, and what each means in NumPy
  2. record         operators on tensors compute nothing, they append to a trace
  3. recognise      the trace walks a trie: what was seen before costs a look-up an operation
  4. differentiate  gradients are recorded like everything else
  5. compile        fused loops as LLVM text, where sizes are arguments
  6. run            a plan is an array of numbers that one native function works through
  7. the show       kernels against NumPy, gradients against differences, then training
"""

from __future__ import annotations

import ctypes
import functools
import time
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import llvmlite.binding as llvm
import numpy as np

Shape = tuple[int, ...]
Array = np.ndarray
# -- 1. The graph ---------------------------------------------------------------------------------
#
# Four primitives work element by element on sources of one shape. Two touch axes: sum(axis) adds
# along an axis, which disappears, and spread(axis, size) repeats along a new one. Each is the
# gradient of the other. Broadcasting is a spread. A matrix product is two spreads, a
# multiplication and a sum; fused, they are the three loops that one would write by hand.

MEANING: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "mul": np.multiply,
    "div": np.divide,
    "sqrt": np.sqrt,
    "sum": lambda x, axis: x.sum(axis),
    "spread": lambda x, axis, size: np.repeat(np.expand_dims(x, axis), size, axis),
}


@dataclass(frozen=True, eq=False)
class Node:
    """One value. ``attrs``: (axis,) of a sum, (axis, size) of a spread, (number,) of an input."""

    op: str
    sources: tuple[Node, ...]
    attrs: tuple[int, ...]
    shape: Shape


def result_shape(op: str, shapes: list[Shape], attrs: tuple[int, ...]) -> Shape:
    """The shape of ``op`` applied to sources of these shapes; ValueError if they do not fit."""
    first = shapes[0]
    if op == "sum":
        return first[: attrs[0]] + first[attrs[0] + 1 :]
    if op == "spread":
        return (*first[: attrs[0]], attrs[1], *first[attrs[0] :])
    if shapes[-1] != first:
        raise ValueError(f"{op}: shapes {first} and {shapes[-1]} differ; spread() the smaller one")
    return first


def interpret(node: Node, inputs: list[Array], known: dict[Node, Array] | None = None) -> Array:
    """The value of ``node`` by NumPy, one primitive at a time: slow, obvious, the oracle."""
    known = {} if known is None else known
    if node.op == "input":
        return inputs[node.attrs[0]]
    if node not in known:
        sources = [interpret(source, inputs, known) for source in node.sources]
        known[node] = MEANING[node.op](*sources, *node.attrs)
    return known[node]


# -- 2. Record ------------------------------------------------------------------------------------


class Tensor:
    """An array, or a place in the trace whose array does not exist yet."""

    def __init__(self, array: Any, shape: Shape) -> None:
        self.array, self.shape = array, shape
        self.trace: Trace | None = None
        self.place = -1

    def __add__(self, other: Tensor | float) -> Tensor:
        return record("add", aligned(self, other))

    def __mul__(self, other: Tensor | float) -> Tensor:
        return record("mul", aligned(self, other))

    def __truediv__(self, other: Tensor | float) -> Tensor:
        return record("div", aligned(self, other))

    def __sub__(self, other: Tensor | float) -> Tensor:
        return self + tensor(other) * -1.0

    def sum(self, axis: int) -> Tensor:
        return record("sum", (self,), (axis,))

    def spread(self, axis: int, size: int) -> Tensor:
        return record("spread", (self,), (axis, size))

    def __matmul__(self, other: Tensor) -> Tensor:
        """(N, K) @ (K, M) -> (N, M). A composite: code and gradient follow from the parts."""
        return (self.spread(2, other.shape[1]) * other.spread(0, self.shape[0])).sum(1)

    def squash(self) -> Tensor:
        """x / sqrt(1 + x * x): an S-shaped curve between -1 and 1."""
        return self / record("sqrt", (self * self + 1.0,))

    def numpy(self) -> Any:
        """The array. This is the only method that makes anything happen."""
        if self.array is None:
            flush()
        return self.array


def tensor(value: Array | float | Tensor) -> Tensor:
    """A number becomes a 0-d *input*, not a constant: a new learning rate compiles nothing."""
    if isinstance(value, Tensor):
        return value
    array = np.array(value, dtype=np.float32, order="C")
    return Tensor(array, array.shape)


def aligned(left: Tensor, right: Tensor | float) -> tuple[Tensor, Tensor]:
    """Both with the same number of axes, as NumPy broadcasts: new ones come in front."""
    right = tensor(right)
    while len(left.shape) < len(right.shape):
        left = left.spread(0, right.shape[-len(left.shape) - 1])
    while len(right.shape) < len(left.shape):
        right = right.spread(0, left.shape[-len(right.shape) - 1])
    return left, right


# -- 3. Recognise ---------------------------------------------------------------------------------
#
# The trie remembers every program that was recorded. While a trace follows it, no shape is
# inferred and no node is built: that was done when the branch grew.


@dataclass(eq=False)
class Step:
    """A node of the trie: one recorded operation, and what has come after it."""

    node: Node
    places: tuple[int, ...]  # of the sources, in the trace
    children: dict[object, Step] = field(default_factory=dict)
    plans: dict[tuple[int, ...], Plan] = field(default_factory=dict)


ROOT = Step(Node("start", (), (), ()), ())


@dataclass(eq=False)
class Trace:
    """What was recorded since the last flush."""

    steps: list[Step] = field(default_factory=list)
    holders: list[weakref.ref[Tensor]] = field(default_factory=list)  # whose value a step makes
    arguments: list[Array] = field(default_factory=list)

    def append(self, key: tuple[str, tuple[int, ...], tuple[int, ...]], holder: Tensor) -> None:
        """One step down the trie, which grows if this was never done here before."""
        last = self.steps[-1] if self.steps else ROOT
        step = last.children.get(key)
        if step is None:
            op, places, attrs = key
            sources = tuple(self.steps[place].node for place in places if op != "input")
            shape = result_shape(op, [node.shape for node in sources], attrs) if sources else attrs
            node = Node(op, sources, attrs if sources else places, shape)
            step = last.children[key] = Step(node, places)
        holder.shape, holder.trace, holder.place = step.node.shape, self, len(self.steps)
        self.steps.append(step)
        self.holders.append(weakref.ref(holder))

    def place_of(self, given: Tensor) -> int:
        """Where ``given`` is here. A tensor from outside has an array: it becomes an argument."""
        if given.trace is not self:
            # The shape is part of what is recognised. The numbers are not.
            self.append(("input", (len(self.arguments),), given.shape), given)
            self.arguments.append(given.array)
        return given.place

    def holder(self, place: int) -> Tensor:
        """The tensor at ``place``; a new one if the user has dropped it."""
        held = self.holders[place]()
        if held is None:
            held = Tensor(None, self.steps[place].node.shape)
            held.trace, held.place = self, place
            self.holders[place] = weakref.ref(held)
        return held


trace = Trace()


def record(op: str, sources: tuple[Tensor, ...], attrs: tuple[int, ...] = ()) -> Tensor:
    """Append one operation; its result has no array yet."""
    out = Tensor(None, ())
    trace.append((op, tuple(map(trace.place_of, sources)), attrs), out)
    return out


def flush() -> None:
    """Compute what Python still holds (its reference counts tell exactly), start a new trace."""
    global trace
    done, trace = trace, Trace()
    held = [holder() for holder in done.holders]
    wanted = {k: each for k, each in enumerate(held) if each is not None and each.array is None}
    plans = done.steps[-1].plans
    if tuple(wanted) not in plans:
        nodes = [step.node for step in done.steps]
        plans[tuple(wanted)] = Plan(nodes, [nodes[place] for place in wanted])
    results = plans[tuple(wanted)].run(done.arguments)
    for each, array in zip(wanted.values(), results, strict=True):
        each.array = array


# -- 4. Differentiate -----------------------------------------------------------------------------
#
# One row a primitive: from the gradient of the result to those of the sources. The rows work on
# tensors, so that gradients land in the same trace and are fused with the rest of the step.

GRADIENT: dict[str, Callable[..., tuple[Tensor, ...]]] = {
    "add": lambda g, out, a, b: (g, g),
    "mul": lambda g, out, a, b: (g * b, g * a),
    "div": lambda g, out, a, b: (g / b, g * out / b * -1.0),
    "sqrt": lambda g, out, a: (g * 0.5 / out,),
    "sum": lambda g, out, a, axis: (g.spread(axis, a.shape[axis]),),
    "spread": lambda g, out, a, axis, size: (g.sum(axis),),
}


def gradients(loss: Tensor, parameters: list[Tensor]) -> list[Tensor]:
    """d loss / d parameter, for a loss of shape () that was recorded since the last flush."""
    if loss.shape != () or loss.trace is not trace:
        raise ValueError(f"gradients: needs a fresh loss of shape (), got shape {loss.shape}")
    found: dict[int, Tensor] = {loss.place: tensor(1.0)}
    for place in range(loss.place, -1, -1):
        step = trace.steps[place]
        if place in found and step.node.op != "input":
            held = map(trace.holder, (place, *step.places))
            parts = GRADIENT[step.node.op](found[place], *held, *step.node.attrs)
            for source, part in zip(step.places, parts, strict=True):
                found[source] = found[source] + part if source in found else part
    return [found[parameter.place] for parameter in parameters]


# -- 5. Compile -----------------------------------------------------------------------------------
#
# A kernel is a nest of loops around one expression. Sums, what two expressions use, and what is
# asked for have memory; all other nodes disappear into the expressions that use them. A spread is
# never code at all: it only leaves a loop index out of an address.

INSTRUCTION = {
    "add": "fadd float {}, {}",
    "mul": "fmul float {}, {}",
    "div": "fdiv float {}, {}",
    "sqrt": "call float @llvm.sqrt.f32(float {})",
}
LOOP = "br label %loop{k}\nloop{k}:\n%i{k} = phi i64 [ 0, %{before} ], [ %next{k}, %end{k} ]"
END = """br label %end{k}
end{k}:
%next{k} = add i64 %i{k}, 1
%more{k} = icmp slt i64 %next{k}, {size}
br i1 %more{k}, label %loop{k}, label %out{k}
out{k}:"""


class Kernel:
    """The text of one loop nest, and the arguments of this use of it.

    Arguments are 64-bit words: addresses of ``buffers``, then ``numbers``, which are sizes and
    strides. None of them is in the text: a layer has the same text at every batch size.
    """

    def __init__(self, root: Node, stored: list[Node]) -> None:
        self.root, self.stored = root, stored
        self.buffers: list[Node] = []
        self.numbers: list[int] = []
        self.lines: list[str] = []
        is_sum = root.op == "sum"
        inner = root.sources[0] if is_sum else root
        axes = tuple(range(len(inner.shape)))
        sizes = [self.word(size) for size in inner.shape]
        out = self.address(root, tuple(k for k in axes if not (is_sum and k == root.attrs[0])))
        value = self.element(inner, axes)
        clear = ""
        if is_sum:
            nbytes = self.word(4 * int(np.prod(root.shape)))
            clear = f"call void @llvm.memset.p0.i64(ptr %b0, i8 0, i64 {nbytes}, i1 0)"
            # reassoc: LLVM may change the order of the sum, and so use vectors.
            old = self.line(f"load float, ptr {out}")
            value = self.line(f"fadd reassoc nsz contract float {old}, {value}")
        self.lines.append(f"store float {value}, ptr {out}")
        self.text = self.assembled(sizes, clear)

    def word(self, value: int) -> str:
        self.numbers.append(value)
        return f"%n{len(self.numbers) - 1}"

    def line(self, instruction: str) -> str:
        self.lines.append(f"%v{len(self.lines)} = {instruction}")
        return f"%v{len(self.lines) - 1}"

    def element(self, node: Node, axes: tuple[int, ...]) -> str:
        """The register with one element of ``node``, whose axis k is loop number axes[k]."""
        if node.op == "input" or (node in self.stored and node is not self.root):
            return self.line(f"load float, ptr {self.address(node, axes)}")
        if node.op == "spread":
            return self.element(node.sources[0], axes[: node.attrs[0]] + axes[node.attrs[0] + 1 :])
        sources = [self.element(source, axes) for source in node.sources]
        return self.line(INSTRUCTION[node.op].format(*sources))

    def address(self, node: Node, axes: tuple[int, ...]) -> str:
        """Where the element is. Only the last axis needs no stride: LLVM must see that it is 1."""
        if node not in self.buffers:
            self.buffers.append(node)
        place = "0"
        for k, loop in enumerate(axes):
            stride = int(np.prod(node.shape[k + 1 :]))
            last = k == len(axes) - 1
            step = f"%i{loop}" if last else self.line(f"mul i64 %i{loop}, {self.word(stride)}")
            place = self.line(f"add i64 {place}, {step}")
        return self.line(f"getelementptr float, ptr %b{self.buffers.index(node)}, i64 {place}")

    def assembled(self, sizes: list[str], first: str) -> str:
        """The function: arguments out of their words, loops around the lines."""
        text = ["define void @kernel(ptr noalias %words) {", "entry:"]
        names = [("ptr", f"%b{k}") for k in range(len(self.buffers))]
        names += [("i64", f"%n{k}") for k in range(len(self.numbers))]
        for k, (kind, name) in enumerate(names):
            text.append(f"%at{k} = getelementptr i64, ptr %words, i64 {k}")
            text.append(f"{name} = load {kind}, ptr %at{k}")
        befores = ["entry", *(f"loop{k}" for k in range(len(sizes)))]
        text += [first, *(LOOP.format(k=k, before=befores[k]) for k in range(len(sizes)))]
        ends = [END.format(k=k, size=size) for k, size in enumerate(sizes)]
        text += [*self.lines, *reversed(ends), "ret void }", "declare float @llvm.sqrt.f32(float)"]
        return "\n".join([*text, "declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)"])


llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
MACHINE = llvm.Target.from_default_triple().create_target_machine(
    cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3
)
ENGINES: list[Any] = []  # machine code lives as long as its engine


@functools.cache
def address_of(text: str, function: str = "kernel") -> int:
    """Where the machine code of a text begins. Equal text is compiled once."""
    module = llvm.parse_assembly(text)
    builder = llvm.create_pass_builder(MACHINE, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    ENGINES.append(llvm.create_mcjit_compiler(module, MACHINE))
    return int(ENGINES[-1].get_function_address(function))


# -- 6. Run ---------------------------------------------------------------------------------------
#
# A plan is a program for a very small machine: each command is the address of a kernel and the
# address of its arguments. Making a plan for a new batch size is filling an array.

EXECUTOR = """
define void @run(ptr %program, i64 %count) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %first = getelementptr [2 x ptr], ptr %program, i64 %i
  %second = getelementptr [2 x ptr], ptr %program, i64 %i, i64 1
  %kernel = load ptr, ptr %first
  %arguments = load ptr, ptr %second
  call void %kernel(ptr %arguments)
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}"""
RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(address_of(EXECUTOR, "run"))


class Plan:
    """From the arguments of a trace to the wanted arrays, in one native call."""

    def __init__(self, nodes: list[Node], wanted: list[Node]) -> None:
        self.wanted, self.stored = wanted, nodes_to_store(nodes, wanted)
        kernels = [Kernel(node, self.stored) for node in self.stored]
        self.count = len(kernels)
        words = [0] * (2 * self.count)
        self.pointers: list[tuple[int, Node]] = []
        for k, kernel in enumerate(kernels):
            words[2 * k], words[2 * k + 1] = address_of(kernel.text), 8 * len(words)
            self.pointers += [(len(words) + n, node) for n, node in enumerate(kernel.buffers)]
            words += [0] * len(kernel.buffers) + kernel.numbers
        self.words = np.array(words, np.int64)
        # Where the arguments of a command are was counted from the start of the program until now.
        self.words[1 : 2 * self.count : 2] += self.words.ctypes.data

    def run(self, arguments: list[Array]) -> list[Array]:
        """The wanted arrays; ``arguments`` have the shapes that were recorded."""
        arrays = {node: np.empty(node.shape, np.float32) for node in self.stored}
        for word, node in self.pointers:
            array = arguments[node.attrs[0]] if node.op == "input" else arrays[node]
            self.words[word] = array.ctypes.data
        RUN(self.words.ctypes.data, self.count)
        return [arrays[node] for node in self.wanted]


def nodes_to_store(nodes: list[Node], wanted: list[Node]) -> list[Node]:
    """The nodes that get memory. Others are computed where they are used, or not needed at all."""
    uses = Counter(wanted)
    for node in reversed(nodes):
        for source in node.sources:
            # A spread is free: whoever uses it uses what lies below.
            uses[source] += uses[node] if node.op == "spread" else min(1, uses[node])
    limit = {"input": np.inf, "spread": np.inf, "sum": 0}
    return [node for node in nodes if node in wanted or uses[node] > limit.get(node.op, 1)]


# -- 7. The show ----------------------------------------------------------------------------------


def predict(hidden: Tensor, parameters: list[Tensor]) -> Tensor:
    for weight, bias in zip(parameters[::2], parameters[1::2], strict=True):
        hidden = (hidden @ weight + bias).squash()
    return hidden


def mean_squared_error(points: Tensor, labels: Tensor, parameters: list[Tensor]) -> Tensor:
    error = predict(points, parameters) - labels
    return (error * error).sum(1).sum(0) / float(points.shape[0])


def check(points: Array, labels: Array, parameters: list[Tensor]) -> tuple[float, float]:
    """How far a step is off: kernels from NumPy, gradients from differences of the loss."""
    loss = mean_squared_error(tensor(points), tensor(labels), parameters)
    made = [loss, *gradients(loss, parameters)]
    nodes = [trace.steps[each.place].node for each in made]
    places = [trace.steps[each.place].node.attrs[0] for each in parameters]
    inputs = [each.astype(float) for each in trace.arguments]  # float64, as are the results below
    kernels = differences = 0.0
    for node, result in zip(nodes, made, strict=True):
        kernels = max(kernels, np.abs(result.numpy() - interpret(node, inputs)).max())
    for place, gradient in zip(places, made[1:], strict=True):
        for index in np.ndindex(gradient.shape):
            inputs[place][index] += 1e-4
            above = interpret(nodes[0], inputs)
            inputs[place][index] -= 2e-4
            slope = (above - interpret(nodes[0], inputs)) / 2e-4
            inputs[place][index] += 1e-4
            differences = max(differences, abs(slope - gradient.numpy()[index]))
    return kernels, differences


def main() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(512, 2))
    labels = np.where((points**2).sum(1, keepdims=True) < 1.4, 1.0, -1.0)  # inside of a circle?
    parameters = []
    for before, after in ((2, 32), (32, 32), (32, 1)):
        parameters.append(tensor(rng.normal(0, before**-0.5, (before, after))))
        parameters.append(tensor(np.zeros(after)))
    untrained, compiled = parameters, address_of.cache_info().misses
    for step in range(1, 1001):
        # Another learning rate each time, and a smaller batch from step 501 on.
        rate, batch = 1 / (1 + step / 300), slice(512 if step <= 500 else 384)
        start, before = time.perf_counter(), compiled
        loss = mean_squared_error(tensor(points[batch]), tensor(labels[batch]), parameters)
        slopes = gradients(loss, parameters)
        parameters = [each - slope * rate for each, slope in zip(parameters, slopes, strict=True)]
        value, spent = loss.numpy(), 1e3 * (time.perf_counter() - start)
        new, compiled = address_of.cache_info().misses - before, address_of.cache_info().misses
        if new or step in (2, 3, 500, 501, 502, 1000):
            print(f"step {step:4}: loss {value:.4f}, {spent:5.1f} ms, {new} kernels compiled")
    right = np.sign(predict(tensor(points), parameters).numpy()) == labels
    print(f"accuracy on its own points: {right.mean():.1%}")
    kernels, differences = check(points[:9], labels[:9], untrained)
    print(f"at most off: kernels {kernels:.0e} from NumPy, gradients {differences:.0e} from slopes")
    assert max(kernels, differences) < 1e-6


# What the real engine adds: ninety primitives, dtypes, views and in-place writes; the trie with
# complete keys; layouts for convolutions; register tiles for products; memory planned over the
# plan and reused; threads in the executor; kernels kept on disk; errors that name your line.

if __name__ == "__main__":
    main()
