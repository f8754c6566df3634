"""A model's calls as TensorBoard's graph: run once, every call is a node in its module's box."""

from __future__ import annotations

from typing import Any

from tensorboard.compat.proto.attr_value_pb2 import AttrValue
from tensorboard.compat.proto.config_pb2 import RunMetadata
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.node_def_pb2 import NodeDef
from tensorboard.compat.proto.step_stats_pb2 import DeviceStepStats, StepStats
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.versions_pb2 import VersionDef

from rushlight.autograd import no_grad
from rushlight.overrides import TorchFunctionMode
from rushlight.tensor import Tensor


class _Recorder(TorchFunctionMode):
    """Hears every call; knows which node made which tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.nodes: list[NodeDef] = []
        self.scopes: list[str] = []
        # The tensors are kept, so that no two of them have the same id.
        self.made: dict[int, tuple[str, Any]] = {}
        self.used: dict[str, int] = {}

    def name(self, label: str) -> str:
        """A name in the box of the module that runs, unlike all others."""
        path = "/".join([*self.scopes, label])
        self.used[path] = count = self.used.get(path, 0) + 1
        return path if count == 1 else f"{path}_{count - 1}"

    def node(self, name: str, kind: str, inputs: list[str], results: list[Any]) -> None:
        """Enter a call that made ``results``."""
        node = NodeDef(name=name, op=kind, input=inputs)
        shapes = [
            TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in value.shape])
            for value in results
        ]
        node.attr["_output_shapes"].CopyFrom(AttrValue(list=AttrValue.ListValue(shape=shapes)))
        self.nodes.append(node)
        for value in results:
            self.made.setdefault(id(value), (name, value))

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        made = [each for each in _tensors(result) if id(each) not in self.made]
        if made:
            known = {id(each) for each in made}
            given = [each for each in _tensors([args, kwargs or {}]) if id(each) not in known]
            kind = getattr(func, "__name__", type(func).__name__)
            self.node(self.name(kind), kind, [self.source(each) for each in given], made)
        return result

    def source(self, value: Any) -> str:
        """The node that made a tensor; one that no call made is a constant."""
        if id(value) not in self.made:
            self.node(self.name("constant"), "Constant", [], [value])
        return self.made[id(value)][0]


def _tensors(value: Any) -> list[Any]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [each for part in value for each in _tensors(part)]
    return []


def _boxes(model: Any) -> dict[Any, str]:
    """What the box of each module is called."""
    names = {model: type(model).__name__}
    for path, module in model.named_modules():
        names.setdefault(module, f"{type(module).__name__}[{path.rpartition('.')[2]}]")
    return names


def graph(model: Any, inputs: Any) -> tuple[Any, Any]:
    """(GraphDef, RunMetadata) of ``model(*inputs)``, run once in evaluation mode."""
    recorder = _Recorder()
    given = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    for place, value in enumerate(_tensors(list(given))):
        recorder.node(f"input/input_{place}", "Placeholder", [], [value])
    boxes = _boxes(model)
    owners = {id(p): (m, name) for m in boxes for name, p in m.named_parameters(recurse=False)}
    handles: list[Any] = []

    def enter(module: Any, args: Any) -> None:
        recorder.scopes.append(boxes[module])
        for name, value in module.named_parameters(recurse=False):
            if id(value) not in recorder.made and owners[id(value)][0] is module:
                recorder.node(recorder.name(name), "Parameter", [], [value])

    def leave(module: Any, args: Any, result: Any) -> None:
        recorder.scopes.pop()

    modes = [(module, module.training) for module in boxes]
    try:
        for module in boxes:
            handles.append(module.register_forward_pre_hook(enter))
            handles.append(module.register_forward_hook(leave, always_call=True))
        model.eval()
        with no_grad(), recorder:
            results = model(*given)
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    for place, value in enumerate(_tensors(results)):
        recorder.node(f"output/output_{place}", "Output", [recorder.source(value)], [value])
    stats = StepStats(dev_stats=[DeviceStepStats(device="/device:CPU:0")])
    made = GraphDef(node=recorder.nodes, versions=VersionDef(producer=22))
    return made, RunMetadata(step_stats=stats)
