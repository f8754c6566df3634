"""Published weights and the register of model functions (torchvision.models._api)."""

from __future__ import annotations

import enum
import fnmatch
import functools
import inspect
import sys
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from rushlight import nn
from rushlight.base.left_out import QUANTISED, LeftOut
from rushlight.hub import load_state_dict_from_url

Builder = Callable[..., Any]


@dataclass(eq=False)
class Weights:
    """One file of weights: where it is, what to do to images first, what is known about it."""

    url: str
    transforms: Callable[..., Any]
    meta: dict[str, Any]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Weights):
            return NotImplemented
        return (self.url, self.meta, _parts(self.transforms)) == (
            other.url, other.meta, _parts(other.transforms),
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]


def _parts(call: Callable[..., Any]) -> object:
    """A partial as what it is made of: two partials are never equal."""
    if isinstance(call, functools.partial):
        return (call.func, call.args, call.keywords)
    return call


class WeightsEnum(enum.Enum):
    """The published weights of one model; each member's value is a ``Weights``."""

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """A member from itself or its name, None from None; TypeError for anything else."""
        if obj is None or isinstance(obj, cls):
            return obj
        if type(obj) is str:
            return cls[obj.replace(cls.__name__ + ".", "")]
        raise TypeError(
            f"Invalid Weight class provided; expected {cls.__name__} but received "
            f"{type(obj).__name__}."
        )

    def get_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The tensors, downloaded if need be; arguments as ``hub.load_state_dict_from_url``."""
        return load_state_dict_from_url(self.url, *args, **kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self._name_}"

    @property
    def url(self) -> str:
        return str(self.value.url)

    @property
    def transforms(self) -> Any:
        """Call it for the transform."""
        return self.value.transforms

    @property
    def meta(self) -> dict[str, Any]:
        """Categories, number of parameters, smallest image, accuracy ..."""
        found: dict[str, Any] = self.value.meta
        return found


BUILTIN_MODELS: dict[str, Builder] = {}


def register_model(name: str | None = None) -> Callable[[Builder], Builder]:
    """Decorator: the function can be found by ``get_model``, under its own name or ``name``."""

    def register(builder: Builder) -> Builder:
        key = builder.__name__ if name is None else name
        if key in BUILTIN_MODELS:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        BUILTIN_MODELS[key] = builder
        return builder

    return register


def get_weight(name: str) -> WeightsEnum:
    """The member by its whole name.

    >>> from rushlight.vision import models
    >>> models.get_weight("ResNet50_Weights.IMAGENET1K_V2")
    ResNet50_Weights.IMAGENET1K_V2
    """
    parts = name.split(".")
    if len(parts) != 2:
        raise ValueError(f"Invalid weight name provided: '{name}'.")
    package = sys.modules[__name__.rpartition(".")[0]]
    inside = [each for each in vars(package).values() if isinstance(each, ModuleType)]
    for module in (package, *inside):
        found = vars(module).get(parts[0])
        if isinstance(found, type) and issubclass(found, WeightsEnum):
            return found[parts[1]]
    raise ValueError(f"The weight enum '{parts[0]}' for the specific method couldn't be retrieved.")


def get_model_weights(name: str | Builder) -> type[WeightsEnum]:
    """The enum that a model function takes as ``weights``: what its annotation says.

    >>> from rushlight.vision import models
    >>> [each.name for each in models.get_model_weights("resnet50")]
    ['IMAGENET1K_V1', 'IMAGENET1K_V2']
    """
    builder = get_model_builder(name) if isinstance(name, str) else name
    parameters = inspect.signature(builder, eval_str=True).parameters
    if "weights" not in parameters:
        raise ValueError("The method is missing the 'weights' argument.")
    annotation = parameters["weights"].annotation
    for each in (annotation, *typing.get_args(annotation)):
        if isinstance(each, type) and issubclass(each, WeightsEnum):
            return each
    raise ValueError(
        "The WeightsEnum class for the specific method couldn't be retrieved. Make sure the "
        "typing info is correct."
    )


def _matching(names: Iterable[str], patterns: Iterable[str] | str) -> set[str]:
    listed = [patterns] if isinstance(patterns, str) else list(patterns)
    return {name for name in names if any(fnmatch.fnmatch(name, each) for each in listed)}


def list_models(
    module: ModuleType | None = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
) -> list[str]:
    """Names of the registered models, sorted: of one module, matching shell patterns.

    >>> from rushlight.vision import models
    >>> models.list_models(include="resnet*", exclude=["*1*"])
    ['resnet34', 'resnet50']
    """
    names = {
        name
        for name, builder in BUILTIN_MODELS.items()
        if module is None or builder.__module__.rpartition(".")[0] == module.__name__
    }
    if include:
        names = _matching(names, include)
    if exclude:
        names -= _matching(names, exclude)
    return sorted(names)


def get_model_builder(name: str) -> Builder:
    """The function registered under ``name``; ValueError where there is none."""
    if name.lower().startswith("quantized_"):
        raise LeftOut(f"torchvision's {name} is left out of Rushlight: {QUANTISED}")
    if name.lower() not in BUILTIN_MODELS:
        raise ValueError(f"Unknown model {name.lower()}")
    return BUILTIN_MODELS[name.lower()]


def get_model(name: str, **config: Any) -> nn.Module:
    """The model by its name, made with ``config``.

    >>> from rushlight.vision import models
    >>> models.get_model("squeezenet1_1", num_classes=10).num_classes
    10
    """
    made: nn.Module = get_model_builder(name)(**config)
    return made
