"""The methods of Tensor that are not plain rows of the op table, and how both are installed.

``Tensor.exp`` and its like are looked up in the op table when first used (``__getattr__``), made,
and kept on the class. What needs Python (conversion, properties, old spellings) is written here.
"""

from rushlight.tensor.methods.table import find_method, install

__all__ = ["find_method", "install"]
