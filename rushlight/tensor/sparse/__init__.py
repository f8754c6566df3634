"""Sparse tensors in coordinate form: ``coo.py`` is the tensor, ``forms.py`` what ops do with it."""
