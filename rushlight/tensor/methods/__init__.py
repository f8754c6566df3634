"""The methods of Tensor that are not plain rows of the op table, and how both are installed.

``Tensor.exp`` and its like come from the op table, their code is written when they are first
called. What needs Python (conversion, properties, old spellings) is written here.
"""

from rushlight.tensor.methods.table import find_method, install

__all__ = ["find_method", "install"]
