"""Functions of tokens, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Pipeline:
    """Calls its functions on a token, or on each of a list.

    >>> Pipeline(str.lower).add_after(str.strip)(["A ", " B"])
    ['a', 'b']
    """

    def __init__(self, convert_token: Callable[..., Any] | None = None) -> None:
        if convert_token is not None and not callable(convert_token):
            raise ValueError(
                f"Pipeline input convert_token {convert_token} is not None or callable"
            )
        self.convert_token = self.identity if convert_token is None else convert_token
        self.pipes: list[Pipeline] = [self]

    def __call__(self, x: Any, *args: Any) -> Any:
        for pipe in self.pipes:
            x = pipe.call(x, *args)
        return x

    def call(self, x: Any, *args: Any) -> Any:
        """This function alone."""
        if isinstance(x, list):
            return [self.convert_token(token, *args) for token in x]
        return self.convert_token(x, *args)

    def add_before(self, pipeline: Pipeline | Callable[..., Any]) -> Pipeline:
        """Another function first."""
        self.pipes = _pipes(pipeline) + self.pipes
        return self

    def add_after(self, pipeline: Pipeline | Callable[..., Any]) -> Pipeline:
        """Another function last."""
        self.pipes = self.pipes + _pipes(pipeline)
        return self

    @staticmethod
    def identity(x: Any) -> Any:
        """The token itself."""
        return x


def _pipes(pipeline: Pipeline | Callable[..., Any]) -> list[Pipeline]:
    return (pipeline if isinstance(pipeline, Pipeline) else Pipeline(pipeline)).pipes[:]
