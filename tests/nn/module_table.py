"""Every layer of torch.nn with constructor arguments and inputs: what is run here and in PyTorch.

A row is (class, positional arguments, keyword arguments, inputs). An input is a shape (normal
numbers that want gradients), or a function of the library that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Input = tuple[int, ...] | Callable[[Any], Any]
Row = tuple[str, tuple[Any, ...], dict[str, Any], tuple[Input, ...]]


def classes(count: int, *shape: int) -> Callable[[Any], Any]:
    """Whole numbers below ``count``."""
    return lambda torch: torch.randint(0, count, shape)


def signs(*shape: int) -> Callable[[Any], Any]:
    """-1 and 1."""
    return lambda torch: torch.randint(0, 2, shape) * 2.0 - 1


def chances(*shape: int) -> Callable[[Any], Any]:
    """Numbers in [0, 1)."""
    return lambda torch: torch.rand(*shape)


def whole(*values: Any) -> Callable[[Any], Any]:
    """A tensor of these numbers."""
    return lambda torch: torch.tensor(values)


def log_chances(*shape: int) -> Callable[[Any], Any]:
    """Log-probabilities along the last axis, wanting a gradient through the softmax.

    Computed in double precision: the same float32 numbers in both libraries.
    """
    return lambda torch: torch.randn(*shape, requires_grad=True).double().log_softmax(-1).float()


X1, X2, X3 = (2, 4, 9), (2, 4, 6, 7), (2, 4, 4, 5, 6)


def _convolutions() -> list[Row]:
    rows: list[Row] = []
    for axes, x in ((1, X1), (2, X2), (3, X3)):
        name = f"Conv{axes}d"
        rows += [
            (name, (4, 6, 3), {}, (x,)),
            (name, (4, 6, 3), {"stride": 2, "padding": 1, "bias": False}, (x,)),
            (name, (4, 6, 2), {"dilation": 2, "groups": 2}, (x,)),
            (name, (4, 4, 3), {"groups": 4, "padding": "same", "padding_mode": "replicate"}, (x,)),
            (name, (4, 2, 3), {"padding": "valid"}, (x[1:],)),
        ]
        for mode in ("reflect", "replicate", "circular"):
            rows.append((name, (4, 3, 3), {"padding": 1, "padding_mode": mode}, (x,)))
        name = f"ConvTranspose{axes}d"
        rows += [
            (name, (4, 6, 3), {}, (x,)),
            (name, (4, 6, 3), {"stride": 2, "padding": 1, "output_padding": 1}, (x,)),
            (name, (4, 6, 2), {"dilation": 2, "groups": 2, "bias": False}, (x,)),
            (name, (4, 2, 3), {"stride": 3, "output_padding": 2}, (x[1:],)),
        ]
    return rows


def _pools() -> list[Row]:
    rows: list[Row] = []
    for axes, x in ((1, X1), (2, X2), (3, X3)):
        for options in (
            {}, {"stride": 1}, {"padding": 1, "ceil_mode": True}, {"dilation": 2, "stride": 1},
            {"return_indices": True},
        ):  # fmt: skip
            rows.append((f"MaxPool{axes}d", (2,), options, (x,)))
        for options in ({}, {"stride": 1}, {"padding": 1, "ceil_mode": True},
                        {"padding": 1, "count_include_pad": False}):  # fmt: skip
            rows.append((f"AvgPool{axes}d", (3,), options, (x,)))
        if axes > 1:
            rows.append((f"AvgPool{axes}d", (3, 2, 1), {"divisor_override": 5}, (x,)))
        rows += [
            (f"LPPool{axes}d", (2, 3), {}, (x,)),
            (f"LPPool{axes}d", (3.0, 2), {"stride": 1, "ceil_mode": True}, (chances(*x),)),
            (f"AdaptiveAvgPool{axes}d", (3,), {}, (x,)),
            (f"AdaptiveAvgPool{axes}d", (1,), {}, (x[1:],)),
            (f"AdaptiveMaxPool{axes}d", (3,), {}, (x,)),
            (f"AdaptiveMaxPool{axes}d", (2,), {"return_indices": True}, (x,)),
        ]
    rows += [
        ("AdaptiveAvgPool2d", ((None, 2),), {}, (X2,)),
        ("AdaptiveMaxPool3d", ((2, None, 1),), {}, (X3,)),
        ("FractionalMaxPool2d", (2,), {"output_size": 3}, (X2,)),
        ("FractionalMaxPool2d", ((2, 3),), {"output_ratio": 0.5, "return_indices": True}, (X2,)),
        ("FractionalMaxPool2d", (2,), {"output_size": (4, 2)}, (X2[1:],)),
        ("FractionalMaxPool3d", (2,), {"output_size": (2, 3, 4)}, (X3,)),
        ("FractionalMaxPool3d", (2,), {"output_ratio": (0.6, 0.5, 0.4)}, (X3,)),
        ("MaxUnpool1d", (2,), {}, ((1, 2, 3), whole([[0, 3, 4], [1, 2, 5]]))),
        ("MaxUnpool2d", (2, 2), {}, ((1, 1, 2, 2), whole([[[0, 3], [9, 15]]]))),
        ("MaxUnpool3d", (2,), {}, ((1, 1, 1, 1, 2), whole([[[[3, 13]]]]))),
    ]
    return rows


def _norms() -> list[Row]:
    rows: list[Row] = []
    for axes, x in ((1, X1), (2, X2), (3, X3)):
        for options in (
            {}, {"affine": False}, {"momentum": None}, {"track_running_stats": False},
            {"bias": False, "eps": 1e-3, "momentum": 0.3},
        ):  # fmt: skip
            rows.append((f"BatchNorm{axes}d", (4,), options, (x,)))
        for options in ({}, {"affine": True}, {"affine": True, "track_running_stats": True}):
            rows.append((f"InstanceNorm{axes}d", (4,), options, (x,)))
        rows += [
            (f"InstanceNorm{axes}d", (4,), {"affine": True}, (x[1:],)),
            (f"LazyBatchNorm{axes}d", (), {}, (x,)),
            (f"LazyInstanceNorm{axes}d", (), {}, (x,)),
            (f"LazyConv{axes}d", (3, 2), {}, (x,)),
            (f"LazyConvTranspose{axes}d", (3, 2), {"stride": 2}, (x,)),
        ]
    rows += [
        ("BatchNorm1d", (4,), {}, ((5, 4),)),
        ("SyncBatchNorm", (4,), {}, (X2,)),
        ("LazyLinear", (5,), {}, ((2, 3, 4),)),
        ("LayerNorm", ([4, 5],), {}, ((2, 3, 4, 5),)),
        ("LayerNorm", (5,), {"bias": False}, ((2, 5),)),
        ("GroupNorm", (2, 4), {}, (X2,)),
        ("RMSNorm", (6,), {}, ((2, 6),)),
        ("LocalResponseNorm", (3,), {"alpha": 0.1}, (X2,)),
        ("LocalResponseNorm", (2,), {"alpha": 0.1, "k": 2.0}, (X1,)),
        ("CrossMapLRN2d", (3,), {"alpha": 0.1}, (X2,)),
        ("CrossMapLRN2d", (4,), {"alpha": 0.2, "beta": 0.5, "k": 2}, (X2,)),
    ]
    return rows


def _paddings() -> list[Row]:
    rows: list[Row] = []
    for axes, x in ((1, X1), (2, X2), (3, X3)):
        uneven = (1, 2, 0, 1, 2, 1)[: 2 * axes]
        rows.append((f"ConstantPad{axes}d", (uneven, 1.5), {}, (x,)))
        for kind in ("Zero", "Reflection", "Replication", "Circular"):
            rows.append((f"{kind}Pad{axes}d", (1,), {}, (x,)))
            rows.append((f"{kind}Pad{axes}d", (uneven,), {}, (x[1:],)))
    return rows


def _shapes() -> list[Row]:
    rows: list[Row] = [
        ("PixelShuffle", (2,), {}, ((1, 8, 3, 4),)),
        ("PixelUnshuffle", (2,), {}, ((1, 2, 4, 6),)),
        ("ChannelShuffle", (2,), {}, (X2,)),
        ("Flatten", (), {}, (X2,)),
        ("Flatten", (2, -1), {}, (X3,)),
        ("Unflatten", (1, (2, 2)), {}, (X2,)),
        ("Identity", (1, 2), {"a": 3}, (X2,)),
        ("Fold", ((5, 6), (2, 3)), {"padding": 1, "stride": 2}, ((2, 12, 9),)),
        ("Unfold", ((2, 3),), {"dilation": 2, "padding": 1, "stride": 2}, (X2,)),
        ("UpsamplingNearest2d", (), {"scale_factor": 2}, (X2,)),
        ("UpsamplingBilinear2d", (), {"size": (4, 9)}, (X2,)),
    ]
    for x, linear in ((X1, "linear"), (X2, "bilinear"), (X3, "trilinear")):
        for options in ({"scale_factor": 2}, {"size": 5}, {"scale_factor": 0.7}, {
            "scale_factor": 1.7, "recompute_scale_factor": True}):  # fmt: skip
            for mode in ("nearest", "nearest-exact", linear, "area"):
                rows.append(("Upsample", (), {**options, "mode": mode}, (x,)))
            rows.append(("Upsample", (), {**options, "mode": linear, "align_corners": True}, (x,)))
    for corners in (False, True):
        for options in ({"scale_factor": 2}, {"size": (3, 8)}):
            rows.append(("Upsample", (), {**options, "mode": "bicubic",
                                          "align_corners": corners}, (X2,)))  # fmt: skip
    return rows


def _activations() -> list[Row]:
    rows: list[Row] = []
    for name in (
        "ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "ELU", "CELU", "SELU", "GELU", "SiLU",
        "Mish", "Hardtanh", "Hardsigmoid", "Hardswish", "Hardshrink", "Softshrink", "Softplus",
        "Softsign", "Sigmoid", "LogSigmoid", "Tanh", "Tanhshrink",
    ):  # fmt: skip
        rows.append((name, (), {}, ((3, 5),)))
    rows += [
        ("PReLU", (4,), {}, (X2,)),
        ("RReLU", (0.1, 0.5), {}, (X2,)),
        ("GELU", (), {"approximate": "tanh"}, (X1,)),
        ("Threshold", (0.2, -3.0), {}, (X1,)),
        ("Hardtanh", (-0.5, 0.7), {}, (X1,)),
        ("Softplus", (), {"beta": 2.0, "threshold": 1.0}, (X1,)),
        ("GLU", (), {"dim": 1}, (X1,)),
        ("Softmax", (), {"dim": 1}, (X1,)),
        ("Softmin", (), {"dim": -1}, (X1,)),
        ("LogSoftmax", (), {"dim": 1}, (X2,)),
        ("Softmax2d", (), {}, (X2,)),
        ("Softmax2d", (), {}, (X2[1:],)),
        ("Linear", (9, 5), {}, (X1,)),
        ("Bilinear", (3, 4, 5), {}, ((6, 3), (6, 4))),
        ("Embedding", (7, 3), {}, (classes(7, 4, 2),)),
        ("CosineSimilarity", (), {}, ((5, 6), (5, 6))),
        ("PairwiseDistance", (), {}, ((5, 6), (5, 6))),
    ]
    for name, x in (
        ("Dropout", X1), ("Dropout1d", X1), ("Dropout2d", X2), ("Dropout3d", X3),
        ("AlphaDropout", X1), ("FeatureAlphaDropout", X2), ("Dropout1d", X1[1:]),
        ("Dropout3d", X3[1:]),
    ):  # fmt: skip
        rows.append((name, (0.3,), {}, (x,)))
        rows.append((name, (0.0,), {}, (x,)))
    return rows


def _losses() -> list[Row]:
    rows: list[Row] = []
    same: tuple[Input, ...] = ((4, 5), (4, 5))
    for reduction in ("mean", "sum", "none"):
        how: dict[str, Any] = {"reduction": reduction}
        rows += [
            ("L1Loss", (), how, same),
            ("MSELoss", (), how, same),
            ("SmoothL1Loss", (), {**how, "beta": 0.5}, same),
            ("HuberLoss", (), {**how, "delta": 0.7}, same),
            ("KLDivLoss", (), how, (log_chances(4, 5), chances(4, 5))),
            ("KLDivLoss", (), {**how, "log_target": True}, (log_chances(4, 5), (4, 5))),
            ("PoissonNLLLoss", (), {**how, "full": True}, ((4, 5), classes(5, 4, 5))),
            ("PoissonNLLLoss", (), {**how, "log_input": False}, (chances(4, 5), chances(4, 5))),
            ("GaussianNLLLoss", (), {**how, "full": True}, (*same, chances(4, 5))),
            ("GaussianNLLLoss", (), how, (*same, chances(4, 1))),
            ("BCELoss", (), how, (chances(4, 5), chances(4, 5))),
            ("BCEWithLogitsLoss", (), how, ((4, 5), chances(4, 5))),
            ("HingeEmbeddingLoss", (), {**how, "margin": 0.7}, ((4, 5), signs(4, 5))),
            ("SoftMarginLoss", (), how, ((4, 5), signs(4, 5))),
            ("CosineEmbeddingLoss", (), {**how, "margin": 0.2}, (*same, signs(4))),
            ("MarginRankingLoss", (), {**how, "margin": 0.3}, ((6,), (6,), signs(6))),
            ("TripletMarginLoss", (), {**how, "swap": True, "p": 2.0}, (*same, (4, 5))),
            ("TripletMarginWithDistanceLoss", (), {**how, "swap": True}, (*same, (4, 5))),
            ("NLLLoss", (), how, (log_chances(4, 5), classes(5, 4))),
            ("CrossEntropyLoss", (), {**how, "label_smoothing": 0.1}, ((4, 5), classes(5, 4))),
            ("CrossEntropyLoss", (), how, ((2, 5, 3), classes(5, 2, 3))),
            ("MultiMarginLoss", (), {**how, "p": 2, "margin": 0.8}, ((4, 5), classes(5, 4))),
            ("MultiMarginLoss", (), how, ((4, 5), classes(5, 4))),
            ("MultiLabelSoftMarginLoss", (), how, ((4, 5), classes(2, 4, 5))),
            ("MultiLabelMarginLoss", (), how, (
                (2, 4), whole([3, 0, -1, 1], [2, -1, -1, -1]))),
            ("LinearCrossEntropyLoss", (4, 6), how, ((3, 4), classes(6, 3))),
            ("LinearCrossEntropyLoss", (4, 6), {**how, "out_features": (2,), "bias": True},
             ((3, 4), classes(6, 3, 2))),
            ("CTCLoss", (), how, (log_chances(7, 3, 5), whole([1, 2, 2], [3, 1, 4], [4, 4, 0]),
                                  whole(7, 6, 5), whole(3, 3, 2))),
            ("CTCLoss", (2,), {**how, "zero_infinity": True}, (
                log_chances(5, 3, 4), whole(1, 3, 3, 1, 0, 1, 1), whole(5, 3, 4), whole(3, 0, 4))),
        ]  # fmt: skip
    rows += [
        ("CTCLoss", (), {}, (log_chances(6, 5), whole(1, 2, 4), whole(6), whole(3))),
        ("KLDivLoss", (), {"reduction": "batchmean"}, (log_chances(4, 5), chances(4, 5))),
        ("MultiLabelMarginLoss", (), {}, ((4,), whole(3, 0, -1, 1))),
        ("MultiMarginLoss", (), {}, ((4,), whole(2))),
        ("AdaptiveLogSoftmaxWithLoss", (8, 12, [3, 7]), {}, ((6, 8), whole(0, 2, 5, 11, 3, 7))),
        ("AdaptiveLogSoftmaxWithLoss", (8, 12, [3]), {"div_value": 2.0, "head_bias": True},
         ((4, 8), classes(12, 4))),
    ]  # fmt: skip
    return rows


ROWS: list[Row] = [
    *_convolutions(), *_pools(), *_norms(), *_paddings(), *_shapes(), *_activations(), *_losses(),
]  # fmt: skip
SEEDED = 7


def tensors_of(found: Any) -> list[Any]:
    """The tensors of what a module returned."""
    return list(found) if isinstance(found, tuple) else [found]


def run(torch: Any, row: Row) -> dict[str, Any]:
    """What a row's module says and does, as NumPy arrays and texts."""
    name, args, kwargs, inputs = row
    torch.manual_seed(SEEDED)
    module = getattr(torch.nn, name)(*args, **kwargs)
    said: dict[str, Any] = {"repr before": repr(module)}
    given = []
    for each in inputs:
        value = each(torch) if callable(each) else torch.randn(*each, requires_grad=True)
        if not callable(each) or value.grad_fn is not None:
            value.retain_grad()
        given.append(value)
    outs = tensors_of(module(*given))
    said["repr"] = repr(module)
    said["names"] = list(module.state_dict())
    said["class"] = type(module).__name__
    for place, out in enumerate(outs):
        said[f"out {place}"] = out.detach().numpy()
        said[f"dtype {place}"] = str(out.dtype)
    wanted = [out for out in outs if out.requires_grad]
    if wanted:
        weights = [torch.randn(tuple(out.shape)) for out in wanted]
        total = sum((out * weight).sum() for out, weight in zip(wanted, weights, strict=True))
        total.backward()
    for place, value in enumerate(given):
        if value.requires_grad:
            said[f"grad {place}"] = None if value.grad is None else value.grad.numpy()
    for key, parameter in module.named_parameters():
        said[f"grad of {key}"] = None if parameter.grad is None else parameter.grad.numpy()
    for key, value in module.state_dict().items():
        said[f"state {key}"] = value.detach().numpy()
    said["next draw"] = torch.rand(1).numpy()
    if any(p.requires_grad for p in module.parameters()) and wanted:
        _train(torch, module, given, said)
    module.eval()
    with torch.no_grad():
        for place, out in enumerate(tensors_of(module(*given))):
            said[f"eval {place}"] = out.numpy()
    return said


def _train(torch: Any, module: Any, given: list[Any], said: dict[str, Any]) -> None:
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01)
    fixed = [value.detach() for value in given]
    for _ in range(20):
        optimizer.zero_grad()
        loss = sum(
            (out * out).mean() for out in tensors_of(module(*fixed)) if out.is_floating_point()
        )
        loss.backward()
        optimizer.step()
    for key, value in module.state_dict().items():
        said[f"trained {key}"] = value.detach().numpy()
