"""Where PyTorch keeps a class that has a file of another name here: what goes into a checkpoint.

Only what PyTorch finds under the name can be loaded there again (``weights_only=False``, or
``add_safe_globals``).
"""

from __future__ import annotations

LAYERS, TRANSFORMS = "torch.nn.modules", "torch.distributions"
# PyTorch's companions and the folders that hold them here.
COMPANIONS = {"torchvision": "vision", "torchtext": "text", "torchaudio": "audio"}

# Our module (as torch...) -> PyTorch's, for all classes in it.
MODULES: dict[str, str] = {
    **{f"{LAYERS}.{ours}": f"{LAYERS}.{theirs}" for ours, theirs in {
        "attention": "activation", "calling": "module", "crossmap": "normalization",
        "ctc_loss": "loss",
        "embedding_bag": "sparse", "fractional": "pooling", "hooks": "module",
        "linear_cross_entropy": "loss",
        "margin_loss": "loss", "rnn_cell": "rnn", "syncbatchnorm": "batchnorm",
        "state_dict": "module", "transformer_layer": "transformer", "unpooling": "pooling",
    }.items()},
    **{f"{TRANSFORMS}.{ours}": f"{TRANSFORMS}.transforms" for ours in (
        "elementwise_transforms", "joined_transforms", "transform", "vector_transforms")},
    "torch.optim.adafactor": "torch.optim", "torch.optim.muon": "torch.optim",
    "torch.tensor.handle": "torch.utils.hooks",
    "torch.utils.data.collate": "torch.utils.data._utils.collate",
    "torchvision.models.inception_parts": "torchvision.models.inception",
    **{f"torch.nn.utils.prune.{ours}": "torch.nn.utils.prune" for ours in (
        "apply", "container", "method", "methods")},
    **{f"torchvision.models.detection.{ours}": f"torchvision.models.detection.{theirs}"
       for ours, theirs in {"box_coder": "_utils", "matcher": "_utils", "keypoints": "roi_heads",
                            "masks": "roi_heads"}.items()},
    **{f"torchvision.models.optical_flow.{ours}": "torchvision.models.optical_flow.raft"
       for ours in ("correlation", "encoder", "update")},
    "torchvision.models.video.pooled_attention": "torchvision.models.video.mvit",
    "torchvision.models.window_attention": "torchvision.models.swin_transformer",
    "torchvision.ops.blocks": "torchvision.ops.misc",
    "torchvision.transforms.v2.parts": "torchvision.transforms.v2._utils",
}  # fmt: skip
# A package here, one module there.
FLAT = "torch.optim.lr_scheduler"
# Our modules whose classes are in several of PyTorch's: by how the class's name starts.
SPLIT: dict[str, dict[str, str]] = {
    f"{LAYERS}.lazy_layers": {
        "LazyBatchNorm": "batchnorm", "LazyConv": "conv", "LazyInstanceNorm": "instancenorm",
        "LazyLinear": "linear",
    },
    f"{LAYERS}.deprecated": {"Container": "container", "NLLLoss2d": "loss"},
    f"{LAYERS}.linear_cross_entropy": {
        "LinearCrossEntropyOptions": "linear_cross_entropy_options"},
}  # fmt: skip


def pytorch_module(module: str, name: str) -> str:
    """The module in which PyTorch has the class ``name`` of our ``module``, both as torch...

    >>> pytorch_module("torch.optim.lr_scheduler.factors", "StepLR")
    'torch.optim.lr_scheduler'
    >>> pytorch_module("torch.nn.modules.lazy_layers", "LazyConv2d")
    'torch.nn.modules.conv'
    >>> pytorch_module("torch.nn.modules.linear", "Linear")
    'torch.nn.modules.linear'
    >>> pytorch_module("torch.vision.models.resnet", "BasicBlock")
    'torchvision.models.resnet'
    """
    if module.startswith(FLAT):
        return FLAT
    for theirs, ours in COMPANIONS.items():
        if module.startswith(f"torch.{ours}."):
            module = theirs + module.removeprefix(f"torch.{ours}")
            break
    for start, theirs in SPLIT.get(module, {}).items():
        if name.startswith(start):
            return f"{LAYERS}.{theirs}"
    return MODULES.get(module, module)
