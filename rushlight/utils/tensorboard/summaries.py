"""TensorBoard's protocol buffers for what a SummaryWriter is given."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from google.protobuf import struct_pb2
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.plugins.pr_curve.plugin_data_pb2 import PrCurvePluginData
from tensorboard.plugins.text.plugin_data_pb2 import TextPluginData

from rushlight.utils.tensorboard.arrays import (
    array_of,
    binned,
    bytes_of,
    channels_last,
    number_of,
)


def scalar(tag: str, value: Any, new_style: bool = False, double_precision: bool = False) -> Any:
    """One number: a float, or (new_style) a tensor of the scalars plugin."""
    number = number_of(value)
    if not new_style:
        return Summary(value=[Summary.Value(tag=tag, simple_value=number)])
    if double_precision:
        tensor = TensorProto(double_val=[number], dtype="DT_DOUBLE")
    else:
        tensor = TensorProto(float_val=[number], dtype="DT_FLOAT")
    return of_plugin(tag, "scalars", tensor)


def of_plugin(tag: str, plugin: str, tensor: Any, content: bytes = b"") -> Any:
    data = SummaryMetadata.PluginData(plugin_name=plugin, content=content)
    meta = SummaryMetadata(plugin_data=data)
    return Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=meta)])


def histogram(tag: str, values: Any, bins: Any, max_bins: int | None = None) -> Any:
    """How values are distributed. ValueError if there are none."""
    array = array_of(values).astype(float).reshape(-1)
    if array.size == 0:
        raise ValueError("The input has no element.")
    limits, counts = binned(array, bins, max_bins)
    return histogram_raw(
        tag, array.min(), array.max(), len(array), array.sum(), array.dot(array), limits, counts
    )


def histogram_raw(
    tag: str, low: Any, high: Any, num: Any, total: Any, squares: Any, limits: Any, counts: Any
) -> Any:
    """A distribution that was counted already."""
    made = HistogramProto(
        min=low, max=high, num=num, sum=total, sum_squares=squares, bucket_limit=limits,
        bucket=counts,
    )  # fmt: skip
    return Summary(value=[Summary.Value(tag=tag, histo=made)])


def image(tag: str, picture: Any, dataformats: str) -> Any:
    """A picture (or a batch as a grid), as PNG."""
    from PIL import Image

    pixels = bytes_of(channels_last(array_of(picture), dataformats))
    height, width, channels = pixels.shape
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    made = Summary.Image(
        height=height, width=width, colorspace=channels, encoded_image_string=stream.getvalue()
    )
    return Summary(value=[Summary.Value(tag=tag, image=made)])


def text(tag: str, words: str) -> Any:
    """A text (Markdown)."""
    tensor = TensorProto(
        dtype="DT_STRING",
        string_val=[words.encode()],
        tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
    )
    content = TextPluginData(version=0).SerializeToString()
    return of_plugin(f"{tag}/text_summary", "text", tensor, content)


def pr_curve(tag: str, labels: Any, predictions: Any, thresholds: int, weights: Any) -> Any:
    """Precision and recall over ``thresholds`` (at most 127) of the predictions (0 to 1)."""
    count = min(thresholds, 127)
    truth, guess = array_of(labels).ravel(), array_of(predictions).ravel()
    weight = np.broadcast_to(1.0 if weights is None else array_of(weights).ravel(), truth.shape)
    place = np.floor(guess * (count - 1)).astype(np.int64)
    bounds = (0, count - 1)
    hits, _ = np.histogram(place, count, bounds, weights=(truth * weight).astype(float))
    misses, _ = np.histogram(place, count, bounds, weights=((1 - truth) * weight).astype(float))
    found, wrong = hits[::-1].cumsum()[::-1], misses[::-1].cumsum()[::-1]
    absent, missed = wrong[0] - wrong, found[0] - found
    tiny = 1e-7
    precision = found / np.maximum(tiny, found + wrong)
    recall = found / np.maximum(tiny, found + missed)
    return pr_curve_raw(tag, (found, wrong, absent, missed, precision, recall), count)


def pr_curve_raw(tag: str, rows: Any, thresholds: int) -> Any:
    """Right and wrong ones found, wrong and right ones left out, precision, recall: each
    by threshold."""
    table = np.stack([array_of(row) for row in rows])
    dims = [TensorShapeProto.Dim(size=size) for size in table.shape]
    tensor = TensorProto(
        dtype="DT_FLOAT", float_val=table.ravel().tolist(), tensor_shape=TensorShapeProto(dim=dims)
    )
    content = PrCurvePluginData(version=0, num_thresholds=min(thresholds, 127)).SerializeToString()
    return of_plugin(tag, "pr_curves", tensor, content)


def hparams(settings: Any, metrics: Any, discrete: Any = None) -> tuple[Any, Any, Any]:
    """(experiment, start, end) of a run with ``settings`` that reached ``metrics``."""
    discrete = discrete or {}
    start = plugin_data_pb2.SessionStartInfo()
    infos = []
    for name, value in settings.items():
        if value is None:
            continue
        kind, field, plain = _setting(name, value)
        setattr(start.hparams[name], field, plain)
        domain = None
        if name in discrete:
            choices = discrete[name]
            if not all(isinstance(choice, type(value)) for choice in choices):
                raise TypeError(
                    f"parameter: hparam_domain_discrete[{name}] should be a list of same type as "
                    f"hparam_dict[{name}]."
                )
            values = [struct_pb2.Value(**{field: choice}) for choice in choices]
            domain = struct_pb2.ListValue(values=values)
        infos.append(api_pb2.HParamInfo(name=name, type=kind, domain_discrete=domain))
    named = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in metrics]
    experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=named)
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.Status.Value("STATUS_SUCCESS"))
    version = metadata.PLUGIN_DATA_VERSION
    parts = (
        (metadata.EXPERIMENT_TAG, {"experiment": experiment}),
        (metadata.SESSION_START_INFO_TAG, {"session_start_info": start}),
        (metadata.SESSION_END_INFO_TAG, {"session_end_info": end}),
    )
    made = []
    for tag, part in parts:
        content = plugin_data_pb2.HParamsPluginData(version=version, **part)
        data = SummaryMetadata.PluginData(
            plugin_name=metadata.PLUGIN_NAME, content=content.SerializeToString()
        )
        meta = SummaryMetadata(plugin_data=data)
        made.append(Summary(value=[Summary.Value(tag=tag, metadata=meta)]))
    return made[0], made[1], made[2]


def _setting(name: str, value: Any) -> tuple[Any, str, Any]:
    kinds = api_pb2.DataType.Value
    if isinstance(value, (int, float)):  # truth values too, as in PyTorch's files
        return kinds("DATA_TYPE_FLOAT64"), "number_value", value
    if isinstance(value, str):
        return kinds("DATA_TYPE_STRING"), "string_value", value
    if hasattr(value, "item"):
        return kinds("DATA_TYPE_FLOAT64"), "number_value", float(array_of(value).item())
    raise ValueError(
        f"value of {name} should be one of int, float, str, bool, or torch.Tensor, but got "
        f"{type(value).__name__}"
    )
