"""``torch.ao``: where PyTorch keeps quantisation, which Rushlight leaves out."""

from rushlight.ao import quantization

__all__ = ["quantization"]
