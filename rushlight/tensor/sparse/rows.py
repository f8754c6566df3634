"""Sparse gradients of embeddings: the rows that were looked up, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.tensor.sparse.coo import SparseTensor
from rushlight.tensor.state import LEAF, GradNode
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.walk import running


class _RowsNode(GradNode):
    """Stands for the node ``dense`` of a lookup: hands the leaf its rows when the walk is over.

    Only leaves take sparse gradients, so that cotangents on their way are dense everywhere. With
    ``create_graph`` the gradient is dense too.
    """

    def __init__(
        self, dense: GradNode, leaf: Tensor, places: Tensor, padding: int, by_count: bool
    ) -> None:
        super().__init__(None, dense.edges, (), ())
        self.__dict__.update(
            dense=dense, leaf=leaf, places=places, padding=padding, by_count=by_count
        )

    def name(self) -> str:
        return str(self.__dict__["dense"].name())

    @property
    def out_metas(self) -> Any:
        return self.__dict__["dense"].out_metas

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        if create_graph:
            results: list[Any] = self.__dict__["dense"].apply(cotangents, create_graph)
            return results
        if self.saved is None:
            self._freed()
        if self.__dict__["by_count"]:
            raise RuntimeError(
                "embedding_backward: scale_grad_by_freq not supported with sparse gradients"
            )
        leaf, padding = self.__dict__["leaf"], self.__dict__["padding"]
        places = self.__dict__["places"].reshape(-1).long()
        values: Any = Tensor._of(cotangents[0]).reshape(-1, leaf.shape[1])
        if padding >= 0:
            kept = Tensor._from_array(np.flatnonzero(places._array() != padding))
            places, values = places[kept], values[kept]
        gradient = SparseTensor._make(places.reshape(1, -1), values, tuple(leaf.shape))
        walk = running.walk
        assert walk is not None
        walk.add_sparse(leaf, gradient)
        return [None] * len(self.edges)


def with_sparse_gradient(
    out: Tensor, input: Tensor, weight: Tensor, padding: int, by_count: bool
) -> Tensor:
    """``out``, the rows ``input`` of ``weight``, whose gradient will be sparse if it is a leaf."""
    node: Any = out._edge
    if weight._edge is LEAF and type(node) is GradNode:
        out._edge = _RowsNode(node, weight, input.detach(), padding, by_count)  # type: ignore[attr-defined]
    return out
