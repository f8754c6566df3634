"""A matrix for all of an image: whitening."""

from __future__ import annotations

from rushlight.tensor import Tensor
from rushlight.vision.transforms.transform import Transform


class LinearTransformation(Transform):
    """(..., C, H, W) flattened, less ``mean_vector`` (D), times ``transformation_matrix`` (D, D).

    D is C * H * W. Raises ValueError for shapes or dtypes that do not fit.
    """

    def __init__(self, transformation_matrix: Tensor, mean_vector: Tensor) -> None:
        super().__init__()
        size = tuple(transformation_matrix.size())
        if size[0] != size[1]:
            raise ValueError(
                f"transformation_matrix should be square. Got {size} rectangular matrix."
            )
        if mean_vector.size(0) != size[0]:
            raise ValueError(
                f"mean_vector should have the same length {mean_vector.size(0)} as any one of the "
                f"dimensions of the transformation_matrix [{size}]"
            )
        if transformation_matrix.dtype != mean_vector.dtype:
            raise ValueError(
                "Input tensors should have the same dtype. Got "
                f"{transformation_matrix.dtype} and {mean_vector.dtype}"
            )
        self.transformation_matrix = transformation_matrix
        self.mean_vector = mean_vector

    def forward(self, tensor: Tensor) -> Tensor:
        shape = tensor.shape
        channels, height, width = shape[-3], shape[-2], shape[-1]
        count = channels * height * width
        matrix = self.transformation_matrix
        if count != matrix.shape[0]:
            raise ValueError(
                "Input tensor and transformation matrix have incompatible shape."
                f"[{channels} x {height} x {width}] != {matrix.shape[0]}"
            )
        flat = tensor.reshape(-1, count) - self.mean_vector
        return (flat @ matrix.to(flat.dtype)).reshape(shape)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(transformation_matrix={self.transformation_matrix.tolist()}, "
            f"mean_vector={self.mean_vector.tolist()})"
        )
