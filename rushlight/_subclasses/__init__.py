"""``torch._subclasses``: tensors of PyTorch's own compiler, of which there are none here."""
