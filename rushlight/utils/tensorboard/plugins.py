"""What TensorBoard's plugins show: arrays as they are, meshes, layouts of several curves."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.mesh import metadata as mesh_metadata
from tensorboard.plugins.mesh.plugin_data_pb2 import MeshPluginData

from rushlight.base.dtype import bfloat16, int16
from rushlight.tensor import Tensor
from rushlight.utils.tensorboard.arrays import array_of
from rushlight.utils.tensorboard.summaries import of_plugin

# NumPy's type -> TensorBoard's name of it, the field its values are in, what they are seen as.
_FIELDS: dict[str, tuple[str, str, str]] = {
    "float16": ("DT_HALF", "half_val", "uint16"), "float32": ("DT_FLOAT", "float_val", "float32"),
    "float64": ("DT_DOUBLE", "double_val", "float64"), "int8": ("DT_INT8", "int_val", "int8"),
    "uint8": ("DT_UINT8", "int_val", "uint8"), "int16": ("DT_INT16", "int_val", "int16"),
    "int32": ("DT_INT32", "int_val", "int32"), "int64": ("DT_INT64", "int64_val", "int64"),
    "bool": ("DT_BOOL", "bool_val", "bool"),
    "complex64": ("DT_COMPLEX64", "scomplex_val", "float32"),
    "complex128": ("DT_COMPLEX128", "dcomplex_val", "float64"),
}  # fmt: skip


def tensor_proto(value: Any) -> Any:
    """A tensor or array with its type and shape. Raises ValueError for types without a field."""
    if isinstance(value, Tensor) and value.dtype is bfloat16:
        bits = value.detach().view(int16).numpy().view(np.uint16)
        name, field, values = "DT_BFLOAT16", "half_val", bits
    else:
        plain = value.detach().numpy() if isinstance(value, Tensor) else array_of(value)
        if plain.dtype.name not in _FIELDS:
            raise ValueError(f"add_tensor: {plain.dtype.name} has no place in TensorBoard's files")
        name, field, seen = _FIELDS[plain.dtype.name]
        values = np.ascontiguousarray(plain).reshape(-1).view(seen)
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in value.shape])
    return TensorProto(**{"dtype": name, "tensor_shape": shape, field: values.ravel().tolist()})


def tensor(tag: str, value: Any) -> Any:
    """A tensor as it is."""
    return of_plugin(tag, "tensor", tensor_proto(value))


def mesh(tag: str, vertices: Any, colors: Any, faces: Any, config: Any) -> Any:
    """Points (B, V, 3), each with a colour (B, V, 3), and triangles (B, F, 3) of their numbers."""
    kinds = MeshPluginData.ContentType
    parts = [
        (array_of(part), kind)
        for part, kind in ((vertices, kinds.VERTEX), (faces, kinds.FACE), (colors, kinds.COLOR))
        if part is not None
    ]
    together = mesh_metadata.get_components_bitmask([kind for _, kind in parts])
    settings = json.dumps(config, sort_keys=True) if config else "{}"
    made = []
    for array, kind in parts:
        shape = list(array.shape)
        dims = [TensorShapeProto.Dim(size=size) for size in shape]
        proto = TensorProto(
            dtype="DT_FLOAT", float_val=array.reshape(-1).tolist(),
            tensor_shape=TensorShapeProto(dim=dims),
        )  # fmt: skip
        meta = mesh_metadata.create_summary_metadata(
            tag, None, kind, together, shape, json_config=settings
        )
        name = mesh_metadata.get_instance_name(tag, kind)
        made.append(Summary.Value(tag=name, tensor=proto, metadata=meta))
    return Summary(value=made)


def layout(charts: dict[str, dict[str, list[Any]]]) -> Any:
    """{category: {title: ["Multiline", tags] or ["Margin", (value, lower, upper)]}}."""
    categories = []
    for category, titled in charts.items():
        drawn = []
        for title, (kind, tags) in titled.items():
            if kind == "Margin":
                if len(tags) != 3:
                    raise AssertionError(f"Expected 3 tags, got {len(tags)}.")
                series = layout_pb2.MarginChartContent.Series(
                    value=tags[0], lower=tags[1], upper=tags[2]
                )
                margin = layout_pb2.MarginChartContent(series=[series])
                drawn.append(layout_pb2.Chart(title=title, margin=margin))
            else:
                lines = layout_pb2.MultilineChartContent(tag=tags)
                drawn.append(layout_pb2.Chart(title=title, multiline=lines))
        categories.append(layout_pb2.Category(title=category, chart=drawn))
    content = layout_pb2.Layout(category=categories).SerializeToString()
    proto = TensorProto(dtype="DT_STRING", string_val=[content], tensor_shape=TensorShapeProto())
    return of_plugin("custom_scalars__config__", "custom_scalars", proto)
