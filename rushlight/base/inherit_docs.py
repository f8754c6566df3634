"""Docstrings of methods that do what the method they override says."""

from __future__ import annotations

from types import FunctionType

OURS = __name__.partition(".")[0] + "."


def inherit_docs(cls: type) -> None:
    """Give the library's public methods without a docstring that of the method they override.

    ``help`` and ``inspect.getdoc`` look there anyway; this is for programs that read ``__doc__``.
    Classes of users stay as they were written.

    >>> class Base:
    ...     def area(self):
    ...         "How large it is."
    >>> class Square(Base):
    ...     __module__ = "rushlight.example"
    ...     def area(self):
    ...         return 1
    >>> inherit_docs(Square)
    >>> Square.area.__doc__
    'How large it is.'
    """
    if not cls.__module__.startswith(OURS):
        return
    for name, method in vars(cls).items():
        if name[0] != "_" and isinstance(method, FunctionType) and method.__doc__ is None:
            texts = (
                getattr(getattr(base, name, None), "__doc__", None) for base in cls.__mro__[1:]
            )
            method.__doc__ = next(filter(None, texts), None)
