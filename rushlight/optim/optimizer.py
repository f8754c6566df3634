"""Optimizer: parameter groups, state, saving, hooks. The update rules are in the subclasses."""

from __future__ import annotations

import functools
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any, ClassVar, Self

from rushlight.autograd import enable_grad, set_grad_enabled
from rushlight.base.hot import hot
from rushlight.base.spans import spanned
from rushlight.base.warn import warn
from rushlight.engine.flush import flush
from rushlight.nn.modules.hooks import RemovableHandle
from rushlight.nn.modules.type_name import type_name
from rushlight.optim.saved_state import inside, outside, to_numbers, to_tensors
from rushlight.optim.stepping import (
    register_optimizer_step_post_hook as register_optimizer_step_post_hook,
)
from rushlight.optim.stepping import (
    register_optimizer_step_pre_hook as register_optimizer_step_pre_hook,
)
from rushlight.optim.stepping import with_hooks
from rushlight.optim.ways import check_step, sparse_refused
from rushlight.tensor import Tensor
from rushlight.tensor.sparse.coo import NoDenseForm

ParamsT = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Closure = Callable[[], Any]

_params_t = ParamsT  # its name before PyTorch 2.0, still imported by programs


def _use_grad_for_differentiable(step: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``step``: its group's ``differentiable`` says whether gradients are recorded."""

    @functools.wraps(step)
    def stepped(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        with set_grad_enabled(bool(self.defaults.get("differentiable", False))):
            return step(self, *args, **kwargs)

    return stepped


def _default_to_fused_or_foreach(
    params: list[Tensor], differentiable: bool, use_fused: bool = False
) -> tuple[bool, bool]:
    """Whether to choose fused or foreach: neither, as in PyTorch for parameters on the CPU."""
    return False, False


def _get_capturable_supported_devices(supports_xla: bool = True) -> list[str]:
    devices = ["cuda", "xpu", "hpu", "privateuseone"]
    return [*devices, "xla"] if supports_xla else devices


class _Required:
    """A setting that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer:
    """Changes parameters by their gradients.

    ``params``: tensors, (name, tensor) pairs, or dicts with "params" and settings of their own.
    ``defaults``: settings of the groups that do not give theirs.
    """

    # Settings that older checkpoints have no value for, and what they meant then.
    _added_later: ClassVar[dict[str, Any]] = {}

    # What hooks around ``step`` are, for annotations, and what puts them around a step.
    OptimizerPreHook = Callable[
        [Self, tuple[Any, ...], dict[str, Any]], tuple[tuple[Any, ...], dict[str, Any]] | None
    ]
    OptimizerPostHook = Callable[[Self, tuple[Any, ...], dict[str, Any]], None]
    profile_hook_step = staticmethod(with_hooks)

    _opt_called: bool
    _state: defaultdict[Any, Any]
    _as_numbers = False  # whether the state's tensors of one number are Python numbers now
    param_groups: list[dict[str, Any]]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._new_hooks()
        self._patch_step_function()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {type_name(params)}"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        # How the parameters are made is carried out here. A first step that began with it would be
        # like no other: all of the second one would be recorded and planned anew.
        flush(over=True)

    @property
    def state(self) -> defaultdict[Any, Any]:
        """What is kept of each parameter: {param: {"step": tensor(3.), "exp_avg": ...}}."""
        if self._as_numbers:
            to_tensors(self._state)
            self._as_numbers = False
        return self._state

    @state.setter
    def state(self, state: defaultdict[Any, Any]) -> None:
        self._state, self._as_numbers = state, False

    def _new_hooks(self) -> None:
        self._optimizer_step_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._optimizer_step_post_hooks: OrderedDict[int, Any] = OrderedDict()
        self._optimizer_state_dict_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._optimizer_state_dict_post_hooks: OrderedDict[int, Any] = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: OrderedDict[int, Any] = OrderedDict()

    def _patch_step_function(self) -> None:
        kind: Any = type(self)
        if not getattr(kind.step, "hooked", False):
            kind.step = spanned(with_hooks(kind.step), "Optimizer.step#{0}.step")

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        if "state" in state:
            self.state = state.pop("state")
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._new_hooks()
        self._patch_step_function()
        self.defaults.setdefault("differentiable", False)
        for group in self.param_groups:
            for name, value in self._added_later.items():
                group.setdefault(name, value)

    def __repr__(self) -> str:
        text = type(self).__name__ + " ("
        for place, group in enumerate(self.param_groups):
            text += f"\nParameter Group {place}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"

    # Groups.

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with settings of their own, as when a frozen layer is freed."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, Tensor):
            param_group["params"] = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        else:
            param_group["params"] = list(params)
        self._split_names(param_group)
        for param in param_group["params"]:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{type_name(param)}"
                )
            leaf = param.is_leaf or param.retains_grad
            if not leaf and not self.defaults.get("differentiable"):
                raise ValueError("can't optimize a non-leaf Tensor")
            if param.is_sparse:  # type: ignore[attr-defined]
                raise NotImplementedError(
                    "a parameter that is a sparse tensor: optimise the values it is made of"
                )
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
            param_group.setdefault(name, default)
        listed = param_group["params"]
        if len(listed) != len(set(listed)):
            warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
            )
        known = set(chain.from_iterable(group["params"] for group in self.param_groups))
        if not known.isdisjoint(listed):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def _split_names(self, group: dict[str, Any]) -> None:
        """(name, tensor) pairs into ``params`` and ``param_names``."""
        pairs = group["params"]
        tensors: list[Any] = []
        names: list[str] = []
        for entry in pairs:
            if isinstance(entry, tuple):
                names.append(entry[0])
                tensors.append(entry[1])
            else:
                tensors.append(entry)
        if names:
            if len(names) != len(tensors):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    "missing"
                )
            group["params"] = tensors
            group["param_names"] = names
        named = "param_names" in group
        if self.param_groups and named != ("param_names" in self.param_groups[0]):
            now, before = ("with", "without") if named else ("without", "with")
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{now} names to the optimizer, as existing param groups are {before} names"
            )

    # Working.

    @hot
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients, or fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param._grad = None
                elif param.grad is not None:
                    if param.grad.grad_fn is not None:
                        param.grad.detach_()
                    else:
                        param.grad.requires_grad_(False)
                    param.grad.zero_()

    def step(self, closure: Closure | None = None) -> Any:
        """One update. ``closure`` computes the loss again and returns it. Subclasses define it."""
        raise NotImplementedError

    @hot
    def _step_over_groups(self, closure: Closure | None) -> Any:
        """What the built-in optimisers' ``step`` does: ``_update`` of each group.

        Their operations take no part in gradients, so grad mode need not be switched off.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if not self._as_numbers:
            to_numbers(self._state)
            self._as_numbers = True
        for group in self.param_groups:
            get = group.get
            try:
                if get("differentiable") or get("capturable") or get("fused"):
                    check_step(type(self).__name__, group)
                    with set_grad_enabled(bool(get("differentiable"))):
                        self._update(group)
                else:
                    self._update(group)
            except NoDenseForm as error:
                raise sparse_refused(self) from error
        return loss

    def _update(self, group: dict[str, Any]) -> None:
        raise NotImplementedError(f"{type(self).__name__}._update")

    # Hooks.

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(optimizer, args, kwargs)`` before each step."""
        return _add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run ``hook(optimizer, args, kwargs)`` after each step."""
        return _add(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(optimizer)`` before state_dict()."""
        return _add(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(optimizer, state_dict)``; what it returns replaces the dict."""
        return _add(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(optimizer, state_dict)`` before loading; what it returns is loaded."""
        return _add(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(optimizer)`` after loading."""
        return _add(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # Saving and loading.

    def state_dict(self) -> dict[str, Any]:
        """Groups and state, parameters by number: PyTorch's form, so that either side loads it."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for param in group["params"]:
                numbers.setdefault(id(param), len(numbers))
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {
            (numbers[id(key)] if isinstance(key, Tensor) else key): outside(value)
            for key, value in self.state.items()
        }
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take groups and state from ``state_dict()``, ours or PyTorch's."""
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        groups = self.param_groups
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        for group, saved in zip(groups, saved_groups, strict=True):
            if len(group["params"]) != len(saved["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match the size of "
                    "optimizer's group"
                )
        places = chain.from_iterable(saved["params"] for saved in saved_groups)
        tensors = chain.from_iterable(group["params"] for group in groups)
        by_number = dict(zip(places, tensors, strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in by_number:
                state[by_number[key]] = inside(by_number[key], value)
            else:
                state[key] = value
        for group, saved in zip(groups, saved_groups, strict=True):
            saved["params"] = group["params"]
            if "param_names" in group and "param_names" not in saved:
                saved["param_names"] = group["param_names"]
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)


spanned(Optimizer.zero_grad, "Optimizer.zero_grad#{0}.zero_grad")


def _add(hooks: Any, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
