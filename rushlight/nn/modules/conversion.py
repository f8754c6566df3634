"""Changing a whole module: dtype, device, memory format, training mode, gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.autograd import no_grad
from rushlight.base.warn import warn
from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor, empty_like
from rushlight.tensor.device import NO_DATA, is_meta
from rushlight.tensor.to_arguments import parse_to


class Conversion:
    """The part of Module that changes every parameter and buffer."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    children: Callable[[], Any]
    parameters: Callable[[], Any]
    training: bool

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            with no_grad():
                applied = fn(param)
            # The object stays: optimizers and other modules hold it. Nothing is assigned where
            # nothing changed, as assigning ``data`` makes two tensors share memory.
            if applied is not param:
                param.data = applied
            grad = param.grad
            if grad is not None:
                with no_grad():
                    changed = fn(grad)
                if changed is not grad:
                    param.grad = changed.requires_grad_(grad.requires_grad)
        for name, buffer in list(self._buffers.items()):
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Change device, dtype or memory format of every parameter and buffer, in place.

        A dtype changes the floating-point ones only, a memory format those of rank 4 or 5. Returns
        the module.
        """
        target, kind, non_blocking, _, layout = parse_to(args, kwargs)
        if kind is not None and not (kind.is_floating_point or kind.is_complex):
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={kind}"
            )

        if kind is not None and kind.is_complex:
            warn(
                "Complex modules are a new feature under active development whose design may "
                "change, and some modules might not work as expected when using complex tensors as "
                "parameters or buffers."
            )

        def convert(tensor: Tensor) -> Tensor:
            wanted = kind if tensor.is_floating_point() or tensor.is_complex() else None
            if tensor.is_meta and target is not None and not is_meta(target):
                raise NotImplementedError(
                    f"{NO_DATA} Please use "
                    "torch.nn.Module.to_empty() instead of torch.nn.Module.to() when moving module "
                    "from meta to a different device."
                )
            if layout is not None and tensor.ndim in (4, 5):
                return tensor.to(target, wanted, non_blocking, memory_format=layout)
            return tensor.to(target, wanted, non_blocking)

        return self._apply(convert)

    def type(self, dst_type: Any) -> Any:
        """Convert every parameter and buffer, whole numbers too."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self) -> Any:
        """Floating-point parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Any:
        """Floating-point parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Any:
        """Floating-point parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Any:
        """Floating-point parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def cpu(self) -> Any:
        """Everything to the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device: Any = None) -> Any:
        """Everything to a CUDA device."""
        return self._apply(lambda t: t.cuda(device))

    def xpu(self, device: Any = None) -> Any:
        """Everything to an Intel GPU, which is not there: AssertionError."""
        raise AssertionError("Torch not compiled with XPU enabled")

    def mtia(self, device: Any = None) -> Any:
        """Everything to Meta's accelerator, which is not there: AssertionError."""
        raise AssertionError("Torch not compiled with MTIA enabled")

    def ipu(self, device: Any = None) -> Any:
        """Everything to Graphcore's accelerator, which is not there: RuntimeError."""
        raise RuntimeError("PyTorch is not linked with support for ipu devices")

    def to_empty(self, *, device: Any, recurse: bool = True) -> Any:
        """To a device without copying: the values are undefined afterwards."""
        return self._apply(lambda t: empty_like(t, device=device), recurse=recurse)

    def share_memory(self) -> Any:
        """Move everything into memory that other processes see."""
        return self._apply(lambda t: t.share_memory_())

    def train(self, mode: bool = True) -> Any:
        """Set ``training``, here and below: Dropout and BatchNorm read it. Returns the module."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """``train(False)``."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Whether the parameters are learned. Returns the module."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for param in self.parameters():
            if param.grad is None:
                continue
            if set_to_none:
                param.grad = None
            else:
                if param.grad.grad_fn is not None:
                    param.grad.detach_()
                else:
                    param.grad.requires_grad_(False)
                param.grad.zero_()
