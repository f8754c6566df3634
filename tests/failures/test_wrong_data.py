"""Labels, indices and shapes that do not fit: PyTorch's class and text, and a state left whole."""

from __future__ import annotations

import pytest

import rushlight as torch
import rushlight.nn.functional as F
from rushlight import nn


def build() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 10))
    return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


@pytest.mark.parametrize("label", [10, 11, -1, 2**40])
def test_a_label_out_of_range(label: int) -> None:
    model, _ = build()
    with pytest.raises(IndexError, match=rf"Target {label} is out of bounds\."):
        F.cross_entropy(model(torch.randn(3, 4)), torch.tensor([1, label, 2])).item()


def test_a_label_out_of_range_names_the_users_line() -> None:
    loss = nn.CrossEntropyLoss()(torch.zeros(2, 10), torch.tensor([1, 10]))
    with pytest.raises(IndexError, match=r"Target 10 is out of bounds\..*test_wrong_data\.py:\d+"):
        loss.item()


def test_a_step_that_fails_never_happened() -> None:
    model, optimizer = build()
    x = torch.randn(6, 4)

    def step(labels: torch.Tensor) -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    good = torch.tensor([0, 1, 2, 3, 4, 9])
    step(good)
    before = [p.detach().clone() for p in model.parameters()]
    with pytest.raises(IndexError, match="Target 10 is out of bounds"):
        step(torch.tensor([0, 1, 2, 3, 4, 10]))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert step(good) > step(good)


def test_a_label_nobody_looks_at_is_still_an_error() -> None:
    model, optimizer = build()
    with pytest.raises(IndexError, match="Target 12 is out of bounds"):
        for _ in range(3):
            optimizer.zero_grad()
            F.cross_entropy(model(torch.randn(2, 4)), torch.tensor([1, 12])).backward()
            optimizer.step()
        model[0].weight.sum().item()


@pytest.mark.parametrize("index", [5, -1, 10**9])
def test_an_embedding_index_out_of_range(index: int) -> None:
    layer = nn.Embedding(5, 3)
    with pytest.raises(IndexError, match="index out of range in self"):
        layer(torch.tensor([[0, index]])).sum().item()
    assert layer(torch.tensor([[0, 4]])).shape == (1, 2, 3)


def test_ignored_labels_are_no_error() -> None:
    assert F.cross_entropy(torch.zeros(2, 4), torch.tensor([-100, 1])).item() > 1.3


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: nn.Linear(4, 2)(torch.ones(3, 5)), RuntimeError,
         r"mat1 and mat2 shapes cannot be multiplied \(3x5 and 4x2\)"),
        (lambda: nn.Conv2d(3, 6, 5)(torch.ones(2, 1, 28, 28)), RuntimeError,
         r"expected input\[2, 1, 28, 28\] to have 3 channels, but got 1 channels instead"),
        (lambda: nn.Conv2d(1, 6, 5)(torch.ones(2, 1, 4, 4)), RuntimeError,
         "Kernel size can't be greater than actual input size"),
        (lambda: nn.CrossEntropyLoss()(torch.ones(4, 3), torch.tensor([1, 2])), ValueError,
         r"Expected input batch_size \(4\) to match target batch_size \(2\)"),
        (lambda: torch.ones(2, 3) + torch.ones(2, 4), RuntimeError,
         r"The size of tensor a \(3\) must match the size of tensor b \(4\) at non-singleton "
         "dimension 1"),
        (lambda: torch.ones(2, 3).view(7), RuntimeError,
         r"shape '\[7\]' is invalid for input of size 6"),
        (lambda: torch.cat([torch.ones(2, 3), torch.ones(2, 4)]), RuntimeError,
         "Sizes of tensors must match except in dimension 0"),
        (lambda: nn.BatchNorm2d(3)(torch.ones(2, 3)), ValueError,
         r"expected 4D input \(got 2D input\)"),
        (lambda: nn.BatchNorm1d(3)(torch.ones(1, 3)), ValueError,
         "Expected more than 1 value per channel when training"),
        (lambda: nn.Linear(2, 2).load_state_dict({"weight": torch.ones(3, 2)}), RuntimeError,
         r'(?s)Missing key\(s\) in state_dict: "bias".*size mismatch for weight'),
        (lambda: torch.ones(3)[4], IndexError,
         "index 4 is out of bounds for dimension 0 with size 3"),
        (lambda: torch.ones(3).sum(dim=1), IndexError,
         r"Dimension out of range \(expected to be in range of \[-1, 0\], but got 1\)"),
        (lambda: torch.ones(2).item(), RuntimeError,
         "a Tensor with 2 elements cannot be converted to Scalar"),
    ],
)  # fmt: skip
def test_shapes_that_do_not_fit(call, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
