"""Features from inside a model: what its modules gave, by the names of the modules.

torchvision traces the forward into a graph whose nodes can be asked for. Here the modules' own
calls are watched, so any module can be asked for, with ``_N`` for the N-th further call of one that
is used several times (``layer1.0.relu_1``), but no operation that is no module (``flatten``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rushlight import nn

__all__ = ["create_feature_extractor", "get_graph_node_names"]

_LATER_CALL = re.compile(r"(.+)_(\d+)")


class _Enough(BaseException):
    """All that was asked for is there: the rest of the forward is not needed."""


def _as_names(nodes: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(nodes, Mapping):
        return {str(name): str(given) for name, given in nodes.items()}
    return {str(name): str(name) for name in nodes}


def _locate(model: nn.Module, name: str) -> tuple[str, int]:
    """The module's name, and which of its calls is meant."""
    modules = dict(model.named_modules())
    if name in modules and name:
        return name, 0
    later = _LATER_CALL.fullmatch(name)
    if later is not None and later.group(1) in modules:
        return later.group(1), int(later.group(2))
    raise ValueError(
        f"node: '{name}' is not present in model: it names no module of it. Operations that are "
        "no modules cannot be asked for here"
    )


class FeatureExtractor(nn.Module):
    """The model, but its result is a dict of features, in the order they were made.

    Parameters and modules are the model's own, under the model's names.
    """

    def __init__(
        self, model: nn.Module, train_nodes: Mapping[str, str], eval_nodes: Mapping[str, str]
    ) -> None:
        super().__init__()
        object.__setattr__(self, "_model", model)  # not a child: its children are ours
        for name, child in model.named_children():
            self.add_module(name, child)
        for name, parameter in model._parameters.items():
            self.register_parameter(name, parameter)
        for name, buffer in model._buffers.items():
            self.register_buffer(name, buffer)
        self.training = model.training
        self._wanted = {
            mode: {_locate(model, name): given for name, given in nodes.items()}
            for mode, nodes in ((True, train_nodes), (False, eval_nodes))
        }

    def train(self, mode: bool = True) -> FeatureExtractor:
        """As any module's; the other nodes are given from now on."""
        super().train(mode)
        self._model.training = mode
        return self

    def _watch(self, wanted: Mapping[tuple[str, int], str], found: dict[str, Any]) -> list[Any]:
        modules = dict(self._model.named_modules())
        calls: dict[str, int] = {}

        def watcher(name: str) -> Callable[..., None]:
            def after(_module: Any, _inputs: Any, output: Any) -> None:
                call = calls.get(name, 0)
                calls[name] = call + 1
                if (name, call) in wanted:
                    found[wanted[name, call]] = output
                    if len(found) == len(wanted):
                        raise _Enough

            return after

        names = {name for name, _ in wanted}
        return [modules[name].register_forward_hook(watcher(name)) for name in names]

    def forward(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        wanted = self._wanted[self.training]
        found: dict[str, Any] = {}
        handles = self._watch(wanted, found)
        try:
            self._model.forward(*args, **kwargs)
        except _Enough:
            pass
        finally:
            for handle in handles:
                handle.remove()
        missing = sorted(set(wanted.values()) - set(found))
        if missing:
            raise RuntimeError(f"create_feature_extractor: the forward never came to {missing}")
        return found


def create_feature_extractor(
    model: nn.Module,
    return_nodes: Sequence[str] | Mapping[str, str] | None = None,
    train_return_nodes: Sequence[str] | Mapping[str, str] | None = None,
    eval_return_nodes: Sequence[str] | Mapping[str, str] | None = None,
    tracer_kwargs: Mapping[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: Mapping[str, Any] | None = None,
) -> FeatureExtractor:
    """A module like ``model`` that returns a dict of what the named modules gave.

    ``return_nodes``: names, or names and what to call them in the result; or one of these for
    training and one for evaluation. The forward stops at the last one. ``tracer_kwargs``,
    ``suppress_diff_warning`` and ``concrete_args`` are for tracing and change nothing here.

    >>> import rushlight as torch
    >>> from rushlight.vision import models
    >>> model = models.resnet18().eval()
    >>> body = create_feature_extractor(model, {"layer1": "low", "avgpool": "all"})
    >>> [(name, tuple(x.shape)) for name, x in body(torch.zeros(1, 3, 32, 32)).items()]
    [('low', (1, 64, 8, 8)), ('all', (1, 512, 1, 1))]
    """
    both = (train_return_nodes, eval_return_nodes)
    if return_nodes is None and None in both:
        raise ValueError(
            "Either `return_nodes` or `train_return_nodes` and `eval_return_nodes` together, "
            "should be specified"
        )
    if (train_return_nodes is None) != (eval_return_nodes is None):
        raise ValueError(
            "If any of `train_return_nodes` and `eval_return_nodes` are specified, then both "
            "should be specified"
        )
    if return_nodes is not None:
        if train_return_nodes is not None:
            raise ValueError(
                "If `train_return_nodes` and `eval_return_nodes` are specified, then both should "
                "be specified, and `return_nodes` should not"
            )
        named = _as_names(return_nodes)
        return FeatureExtractor(model, named, named)
    assert train_return_nodes is not None and eval_return_nodes is not None
    return FeatureExtractor(model, _as_names(train_return_nodes), _as_names(eval_return_nodes))


def get_graph_node_names(
    model: nn.Module,
    tracer_kwargs: Mapping[str, Any] | None = None,
    suppress_diff_warning: bool = False,
    concrete_args: Mapping[str, Any] | None = None,
) -> tuple[list[str], list[str]]:
    """Raises NotImplementedError: forwards are not traced into graphs here."""
    raise NotImplementedError(
        "get_graph_node_names: models are not traced; create_feature_extractor takes the names "
        "that model.named_modules() gives"
    )
