"""The package safetensors, in the parts that PyTorch programs use.

A file is the length of a header (8 bytes, little-endian), the header (JSON: name -> dtype, shape,
place) and the elements, without gaps. https://github.com/huggingface/safetensors
"""

from rushlight.safetensors.header import SafetensorError
from rushlight.safetensors.reader import safe_open

__version__ = "0.8.0"  # whose interface this is

__all__ = ["SafetensorError", "safe_open"]
