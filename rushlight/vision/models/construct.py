"""From a function that makes a model to one that takes ``weights``, as torchvision's do."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from rushlight import nn
from rushlight.base.warn import warn
from rushlight.vision.models._api import WeightsEnum, register_model

Builder = Callable[..., Any]
# What pretrained=True stands for: the weights there were when it was an argument.
FIRST_WEIGHTS = (
    "IMAGENET1K_V1", "COCO_WITH_VOC_LABELS_V1", "COCO_V1", "KINETICS400_V1", "C_T_SKHT_V2",
    "C_T_V2",
)  # fmt: skip
_NOT_GIVEN = object()
_REST = inspect.Parameter.VAR_KEYWORD


def _ovewrite_named_param(kwargs: dict[str, Any], param: str, new_value: Any) -> None:
    """Give ``param`` the value it must have; ValueError if the caller wants another."""
    if kwargs.setdefault(param, new_value) != new_value:
        raise ValueError(
            f"The parameter '{param}' expected value {new_value} but got {kwargs[param]} instead."
        )


def _ovewrite_value_param(param: str, actual: Any, expected: Any) -> Any:
    """``expected``; ValueError if the caller gave something else."""
    if actual is not None and actual != expected:
        raise ValueError(
            f"The parameter '{param}' expected value {expected} but got {actual} instead."
        )
    return expected


def _take_positional(names: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Arguments that are keyword-only since torchvision 0.13: still taken, with a warning."""
    given = names[: len(args)]
    if len(args) > len(given):
        raise TypeError(f"takes {len(names)} positional arguments but {len(args)} were given")
    *first, last = [f"'{name}'" for name in given]
    listed = f"{', '.join(first)} and {last}" if first else last
    warn(
        f"Using {listed} as positional parameter(s) is deprecated since 0.13 and may be removed "
        "in the future. Please use keyword parameter(s) instead."
    )
    kwargs.update(zip(given, args, strict=True))


def _replace_pretrained(
    kwargs: dict[str, Any], param: str, legacy: str, default: Any, name: str
) -> None:
    """``pretrained=True`` (or a truth value as ``weights``) becomes the weights it meant."""
    value = kwargs.get(param, _NOT_GIVEN)
    if value is _NOT_GIVEN and legacy not in kwargs:
        return
    if value is None or isinstance(value, WeightsEnum):
        return
    if isinstance(value, str) and value != "legacy":
        return
    by_name = value is _NOT_GIVEN
    wanted = kwargs.pop(legacy) if by_name else kwargs.pop(param)
    chosen = None
    if wanted:
        chosen = default({**kwargs, legacy: wanted}) if callable(default) else default
        if not isinstance(chosen, WeightsEnum):
            raise ValueError(f"No weights available for model {name}")
    if by_name:
        warn(
            f"The parameter '{legacy}' is deprecated since 0.13 and may be removed in the future, "
            f"please use '{param}' instead."
        )
    best = (
        f" You can also use `{param}={type(chosen).__name__}.DEFAULT` to get the most up-to-date "
        "weights."
    )
    warn(
        f"Arguments other than a weight enum or `None` for '{param}' are deprecated since 0.13 and "
        "may be removed in the future. The current behavior is equivalent to passing "
        f"`{param}={chosen}`.{best if wanted else ''}"
    )
    kwargs.pop(legacy, None)
    kwargs[param] = chosen


def handle_legacy_interface(**weights: tuple[str, Any]) -> Callable[[Builder], Builder]:
    """Decorator: take ``pretrained`` and positional arguments as before torchvision 0.13.

    ``weights=("pretrained", W.IMAGENET1K_V1)``: the argument now, its name then, what True meant
    (or a function of the arguments that says so).
    """

    def decorate(builder: Builder) -> Builder:
        parameters = inspect.signature(builder).parameters.values()
        names = [each.name for each in parameters if each.kind is each.KEYWORD_ONLY]

        @functools.wraps(builder)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if args:
                _take_positional(names, args, kwargs)
            for param, (legacy, default) in weights.items():
                _replace_pretrained(kwargs, param, legacy, default, builder.__name__)
            return builder(**kwargs)

        return wrapper

    return decorate


def with_own(
    signature: inspect.Signature, build: Builder, after: str | None = None
) -> inspect.Signature:
    """``signature`` with what ``build`` has values for: behind ``after``, or the last by name.

    What both name keeps its place and has the value of ``build``.
    """
    own = {
        name: each
        for name, each in inspect.signature(build).parameters.items()
        if each.default is not each.empty
    }
    merged = [
        each.replace(default=own.pop(each.name).default) if each.name in own else each
        for each in signature.parameters.values()
    ]
    names = [each.name for each in merged if each.kind is not _REST]
    place = len(names) if after is None else names.index(after) + 1
    kind = merged[place - 1].kind
    merged[place:place] = [each.replace(kind=kind) for each in own.values()]
    return signature.replace(parameters=merged)


def takes_all_of(parent: type[nn.Module]) -> Callable[[Builder], Builder]:
    """Decorator of an ``__init__(self, *, own, ..., **rest)``: the parent's arguments are first.

    They are taken by place as there, and reach ``__init__`` by name.
    """

    def decorate(init: Builder) -> Builder:
        shown = with_own(inspect.signature(parent.__init__), init)

        @functools.wraps(init)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> None:
            given = shown.bind(self, *args, **kwargs).arguments
            given.update(given.pop("kwargs", {}))
            init(**given)

        wrapper.__signature__ = shown  # type: ignore[attr-defined]
        return wrapper

    return decorate


def first_weights(enum: type[WeightsEnum]) -> WeightsEnum | None:
    """What ``pretrained=True`` means for a model with these weights."""
    members = enum.__members__
    return next((members[name] for name in FIRST_WEIGHTS if name in members), None)


def fill(model: nn.Module, weights: WeightsEnum, progress: bool) -> None:
    """Load the published weights into ``model``."""
    model.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))


def fit_to_weights(weights: WeightsEnum, kwargs: dict[str, Any]) -> None:
    """Arguments the model must have so that ``weights`` fit: the number of classes."""
    if weights.meta.get("categories") is not None:
        _ovewrite_named_param(kwargs, "num_classes", len(weights.meta["categories"]))


def constructor(
    enum: type[WeightsEnum],
    *,
    fit: Callable[[WeightsEnum, dict[str, Any]], None] = fit_to_weights,
    load: Callable[[Any, WeightsEnum, bool], None] = fill,
) -> Callable[[Builder], Builder]:
    """Decorator: a function of ``**kwargs`` becomes a registered one of ``weights, progress`` too.

    ``fit`` changes the arguments so that the weights will fit, ``load`` puts them in.
    """

    def decorate(build: Builder) -> Builder:
        def builder(*, weights: Any = None, progress: bool = True, **kwargs: Any) -> Any:
            chosen = enum.verify(weights)
            if chosen is not None:
                fit(chosen, kwargs)
            model = build(**kwargs)
            if chosen is not None:
                load(model, chosen, progress)
            return model

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(builder, name, getattr(build, name))
        builder.__annotations__["weights"] = enum | None
        legacy = handle_legacy_interface(weights=("pretrained", first_weights(enum)))
        return register_model()(legacy(builder))

    return decorate
