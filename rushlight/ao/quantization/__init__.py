"""``torch.ao.quantization``: classes that libraries ask about; there are no such objects."""

from rushlight.base.left_out import absent_class

_WHY = (
    "tensors of quantised integers are not part of it; keep weights in float16 or bfloat16 to "
    "save memory"
)

FakeQuantizeBase = absent_class("torch.ao.quantization.FakeQuantizeBase", _WHY)
ObserverBase = absent_class("torch.ao.quantization.ObserverBase", _WHY)

__all__ = ["FakeQuantizeBase", "ObserverBase"]
