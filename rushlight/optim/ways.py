"""``foreach``, ``fused``, ``capturable``, ``differentiable``, sparse gradients: what goes together.

Here every update is one operation for all parameters of a group, whatever they say; but what
PyTorch refuses is refused, so that a program that runs here runs there.
"""

from __future__ import annotations

from typing import Any

# What has to be on the accelerator, as PyTorch names it where it is more than usual.
_CAPTURED = {
    "ASGD": "params, mus, etas, and state_steps",
    "NAdam": "params, mu_products, and state_steps",
}


def check_fused(defaults: dict[str, Any]) -> None:
    """Raise RuntimeError where ``fused`` stands beside what it does not do."""
    if defaults["fused"]:
        if defaults["differentiable"]:
            raise RuntimeError("`fused` does not support `differentiable`")
        if defaults["foreach"]:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def check_step(name: str, group: dict[str, Any]) -> None:
    """Raise where a step of this group of the optimiser ``name`` cannot be done as asked.

    AssertionError for ``capturable`` (of graphs on an accelerator) and for ``foreach`` that is to
    be differentiated, RuntimeError for ``fused`` with complex parameters.
    """
    get = group.get
    if not (get("capturable") or get("fused") or (get("foreach") and get("differentiable"))):
        return
    params = [param for param in group["params"] if param.grad is not None]
    if not params:
        return
    if get("foreach") and get("differentiable") and "dampening" not in group:  # SGD's can
        raise AssertionError("_foreach ops don't support autograd")
    if get("fused") and not all(param.is_floating_point() for param in params):
        raise RuntimeError(
            "`fused=True` requires all the params to be floating point Tensors of supported "
            "devices: ['cpu'] but got torch.complex64 and cpu"
        )
    if get("capturable") and not get("fused"):
        among = _CAPTURED.get(name, "params and state_steps")
        devices = ["cuda", "xpu", "hpu", "privateuseone", "xla"][: 4 if name == "Adadelta" else 5]
        raise AssertionError(
            f"If capturable=True, {among} must be on supported devices: {devices}."
        )


def sparse_refused(optimizer: Any) -> RuntimeError:
    """What an optimizer says of a sparse gradient."""
    name = type(optimizer).__name__
    if name in ("Adam", "AdamW"):
        return RuntimeError(
            "Adam does not support sparse gradients, please consider SparseAdam instead"
        )
    return RuntimeError(f"{name} does not support sparse gradients")
