"""Which module stands for which: PyTorch's import names and ours.

>>> ours("torch.nn.functional")
'rushlight.nn.functional'
>>> ours("torchvision.transforms")
'rushlight.vision.transforms'
>>> ours("numpy"), ours("torch.engine"), ours("torch.compiler")
(None, None, 'rushlight.compiler.switches')
>>> theirs("rushlight.vision.datasets"), theirs("rushlight.optim"), theirs("rushlight.engine")
('torchvision.datasets', 'torch.optim', None)
"""

from __future__ import annotations

PACKAGES = {
    "torch": "rushlight",
    "torchvision": "rushlight.vision",
    "torchtext": "rushlight.text",
    "torchaudio": "rushlight.audio",
    # Its own module for PyTorch reaches into storages from outside Python.
    "safetensors": "rushlight.safetensors",
}
# Modules of PyTorch's whose name is taken here by a layer.
MOVED = {"torch.compiler": "rushlight.compiler.switches"}
# Layers of ours that are no modules of PyTorch. Some share a name with something that is
# (``torch.tensor`` is a function): importing them as torch.X would put the module in its place.
PRIVATE = frozenset(
    {
        "audio",
        "base",
        "board",
        "cli",
        "compat",
        "compiler",
        "demo",
        "engine",
        "ir",
        "ops",
        "runtime",
        "safetensors",
        "serve",
        "settings",
        "tensor",
        "text",
        "vision",
    }
)


def claimed(name: str) -> bool:
    """Whether ``name`` is PyTorch's (or one of its companions'), there or not."""
    return name.partition(".")[0] in PACKAGES


def ours(name: str) -> str | None:
    """The module of ours that ``name`` stands for, None where nothing does.

    Whether that module exists is another question.
    """
    if name in MOVED:
        return MOVED[name]
    package, _, rest = name.partition(".")
    target = PACKAGES.get(package)
    if target is None or (package == "torch" and rest.partition(".")[0] in PRIVATE):
        return None
    return f"{target}.{rest}" if rest else target


def theirs(name: str) -> str | None:
    """The name under which PyTorch's users import our module ``name``; None if they cannot."""
    for alias, target in (*MOVED.items(), *reversed(PACKAGES.items())):
        if name == target or name.startswith(target + "."):
            rest = name[len(target) :]
            private = alias == "torch" and rest[1:].partition(".")[0] in PRIVATE
            return None if private else alias + rest
    return None
