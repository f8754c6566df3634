"""What ``torch.compile`` raises. TorchDynamoException(RuntimeError) <- InvalidBackend."""

from __future__ import annotations


class TorchDynamoException(RuntimeError):
    """The base of this module's errors."""


class InvalidBackend(TorchDynamoException):
    """``backend`` names none that PyTorch has."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Invalid backend: {name!r}, see `torch._dynamo.list_backends()` for available "
            "backends."
        )
