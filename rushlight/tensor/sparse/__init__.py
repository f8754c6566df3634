"""Sparse tensors in coordinate form: ``coo.py`` is the tensor, ``forms.py`` what ops do with it."""

from rushlight.tensor.sparse import forms as forms
from rushlight.tensor.sparse import shaping as shaping
