"""The import hook: a finder that answers for ``torch`` and its companions with modules of ours.

The module that ``import torch.nn`` binds is ``rushlight.nn`` itself, not a copy, so that classes
are the same whichever name they were reached by.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.compat import names
from rushlight.compat.absent_modules import AbsentLoader, why_absent
from rushlight.tensor import Size, Tensor
from rushlight.tensor.device import Device
from rushlight.tensor.methods.duplicate import pytorch_form

if TYPE_CHECKING:  # it takes as long to import as a tenth of everything here
    from importlib.metadata import Distribution, DistributionFinder


@final
class Alias(Loader):
    """Loads by handing over a module that has another name."""

    def __init__(self, target: str) -> None:
        self.target = target

    def exec_module(self, module: ModuleType) -> None:
        # A module may replace itself in sys.modules while it is loaded; import binds what is there.
        sys.modules[module.__name__] = found = importlib.import_module(self.target)
        _name_package(module.__name__, found)
        publish_loaded()


@final
class Finder(MetaPathFinder):
    """Answers for every name of PyTorch's, so that no other installation of it is found."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not names.claimed(fullname):
            return None
        found = names.ours(fullname)
        if found is None or not _exists(found):
            if why_absent(fullname):
                return ModuleSpec(fullname, AbsentLoader(), is_package=True)
            package = fullname.partition(".")[0]
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: {package!r} is Rushlight here, which does not "
                "have this part" + (f" (no {found})" if found else ""),
                name=fullname,
            )
        return ModuleSpec(fullname, Alias(found), is_package=True)

    def find_distributions(self, context: DistributionFinder.Context) -> Iterable[Distribution]:
        """For ``importlib.metadata``, which asks every finder."""
        from rushlight.compat.distribution import stands

        return stands(context)


_finder = Finder()
# Classes whose instances a pickle names, as PyTorch calls them, and where they are at home.
_PICKLED: dict[type, str] = {Device: "device", DType: "dtype", Size: "Size"}
_AT_HOME = {kind: (kind.__module__, kind.__qualname__) for kind in _PICKLED}


def install() -> None:
    """From now on ``import torch`` and its companions give Rushlight, in this process.

    Raises RuntimeError if real PyTorch has been imported already: two of them would not mix.
    """
    if installed():
        return
    for package, target in names.PACKAGES.items():
        there = sys.modules.get(package)
        if there is not None and there is not sys.modules.get(target):
            raise RuntimeError(
                f"compat.install: {package!r} is imported already, from {there.__spec__}; "
                "call it before the first import of torch"
            )
    sys.meta_path.insert(0, _finder)
    pytorch_form.append(_reduced)
    for kind, name in _PICKLED.items():
        kind.__module__, kind.__qualname__ = "torch", name
    publish_loaded()
    for package in names.PACKAGES:
        if package in sys.modules:
            _name_package(package, sys.modules[package])


def installed() -> bool:
    """Whether ``import torch`` gives Rushlight in this process."""
    return _finder in sys.meta_path


def uninstall() -> None:
    """Take the names back; modules that were handed out stay with whoever has them."""
    if installed():
        sys.meta_path.remove(_finder)
        pytorch_form.clear()
        for kind, (module, name) in _AT_HOME.items():
            kind.__module__, kind.__qualname__ = module, name
        for target in names.PACKAGES.values():
            if target in sys.modules:
                sys.modules[target].__name__ = target
    for name in [name for name in sys.modules if names.claimed(name)]:
        del sys.modules[name]


def _reduced(tensor: Tensor) -> tuple[Any, ...]:
    """What a pickle holds of a tensor: most programs never ask."""
    form = importlib.import_module("rushlight.compat.plain_pickles")
    made: tuple[Any, ...] = form.reduced(tensor)
    return made


def _name_package(name: str, module: ModuleType) -> None:
    """``torch.__name__`` is "torch", as libraries that patch it by its address expect.

    Imports go by ``__spec__`` and are not changed by this.
    """
    if name in names.PACKAGES:
        module.__name__ = name


def publish_loaded() -> None:
    """Give every loaded module of ours its PyTorch name too.

    Found in sys.modules, ``import torch.autograd.gradcheck`` runs no loader, and so does not put
    the module where ``torch.autograd`` has the function of the same name.
    """
    for name, module in list(sys.modules.items()):
        alias = names.theirs(name)
        if alias is not None:
            sys.modules.setdefault(alias, module)


def _exists(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False  # what stands before the last dot is missing or no package
