"""uint16, uint32 and uint64: kept, copied, cast, compared, hardly computed. Numbers of PyTorch."""

import io

import numpy as np
import pytest

import rushlight as torch
from rushlight.safetensors.torch import load, save

KINDS = (torch.uint16, torch.uint32, torch.uint64)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def row(kind):
    return torch.tensor([0, 1, 300, 60000], dtype=kind)


@each_kind
def test_made_printed_and_told(kind):
    x = row(kind)
    assert repr(x) == f"tensor([    0,     1,   300, 60000], dtype={kind})"
    assert x.tolist() == [0, 1, 300, 60000]
    assert x.type() == f"torch.UInt{8 * kind.itemsize}Tensor"
    assert not kind.is_signed and not x.is_signed() and x.element_size() == kind.itemsize
    assert torch.iinfo(kind).max == 2 ** (8 * kind.itemsize) - 1
    assert torch.zeros(2, dtype=kind).dtype is torch.ones_like(x).dtype is kind
    with pytest.raises((RuntimeError, ValueError)):
        torch.tensor([2**70], dtype=kind)


def test_numbers_that_wrap_are_taken_as_pytorch_takes_them():
    assert torch.tensor([-1], dtype=torch.uint16).item() == 65535
    assert torch.full((1,), -1, dtype=torch.uint32).item() == 2**32 - 1
    assert torch.tensor([2**64 - 1], dtype=torch.uint64).item() == 2**64 - 1
    for call, error in (
        (lambda: torch.tensor([70000], dtype=torch.uint16), RuntimeError),
        (lambda: torch.full((1,), 70000, dtype=torch.uint16), RuntimeError),
        (lambda: torch.tensor([-1], dtype=torch.uint64), OverflowError),
        (lambda: torch.tensor([1.5], dtype=torch.uint64), TypeError),
    ):
        with pytest.raises(error):
            call()


def test_casts():
    x = torch.tensor([1.5, -1.5, 70000.0, 2.0**33 + 5], dtype=torch.float64)
    assert x.to(torch.uint16).tolist() == [1, 65535, 4464, 0]
    assert x.to(torch.uint32).tolist() == [1, 4294967295, 70000, 5]
    assert x.to(torch.uint64).tolist() == [1, 2**64 - 1, 70000, 2**33 + 5]
    high = torch.tensor([2.0**63, 2.0**64, -1e20, float("nan")]).to(torch.uint64)
    assert high.tolist() == [2**63, 0, 2**63, 2**63]
    ends = torch.tensor([-1, 2**62]).to(torch.uint64)
    assert ends.tolist() == [2**64 - 1, 2**62]
    assert ends.float().tolist() == [2.0**64, 2.0**62]
    assert ends.to(torch.int64).tolist() == [-1, 2**62]
    assert ends.to(torch.uint32).tolist() == [2**32 - 1, 0]
    assert ends.bool().tolist() == [True, True]


@each_kind
def test_moved_indexed_and_joined(kind):
    x = row(kind).reshape(2, 2)
    assert x.t().contiguous().tolist() == [[0, 300], [1, 60000]]
    assert x[1, 0].item() == 300 and x[:, 1].tolist() == [1, 60000]
    assert x[torch.tensor([True, False])].tolist() == [[0, 1]]
    assert x[torch.tensor([1])].tolist() == [[300, 60000]]
    assert torch.cat([x, x]).shape == (4, 2) and x.flip(0)[0].tolist() == [300, 60000]
    x[0] = 7
    assert x.tolist() == [[7, 7], [300, 60000]]
    assert x.view(torch.uint8).shape == (2, 2 * kind.itemsize)


@each_kind
def test_compared_and_what_little_is_computed(kind):
    x = row(kind)
    assert (x == x).all() and (x != 1).tolist() == [True, False, True, True]
    assert (x == torch.tensor([0.0, 1, 2, 3])).tolist() == [True, True, False, False]
    assert (x * 2)[2].item() == 600 and (x & 1).tolist() == [0, 1, 0, 0]
    assert x.sum().dtype is torch.int64 and x.sum().item() == 60301
    assert (x + 1.5).tolist() == [1.5, 2.5, 301.5, 60001.5]
    assert (x / 2).dtype is torch.float32
    assert x.sort(descending=True).values.tolist() == [60000, 300, 1, 0]
    assert x.unique().dtype is kind and x.float().mean().item() == 15075.25


@each_kind
@pytest.mark.parametrize(
    "call",
    [
        lambda x: x + x, lambda x: x - 1, lambda x: -x, lambda x: x < 2, lambda x: x // 2,
        lambda x: ~x, lambda x: x.max(), lambda x: x.argmin(), lambda x: x.clamp(0, 2),
        lambda x: x.gather(0, torch.tensor([0])), lambda x: x.masked_fill(x == 1, 0),
        lambda x: x.random_(),
    ],
)  # fmt: skip
def test_refused_as_in_pytorch(kind, call):
    with pytest.raises(NotImplementedError, match=f"'UInt{8 * kind.itemsize}'"):
        call(row(kind))


@each_kind
def test_promotes_with_floats_only(kind):
    assert torch.promote_types(kind, torch.float16) is torch.float16
    assert torch.result_type(row(kind), 1) is kind
    for other in (torch.int64, torch.uint8, torch.bool):
        with pytest.raises(RuntimeError, match="Promotion for uint16, uint32, uint64"):
            row(kind) * torch.ones(4, dtype=other)


@each_kind
def test_numpy_and_files(kind):
    array = np.array([0, 1, 300, 60000], kind.np)
    x = torch.from_numpy(array)
    array[0] = 9
    assert x.dtype is kind and x[0].item() == 9 and x.numpy().dtype == kind.np
    file = io.BytesIO()
    torch.save({"x": x, "kind": kind}, file)
    file.seek(0)
    read = torch.load(file, weights_only=True)
    assert read["x"].equal(x) and read["kind"] is kind
    assert load(save({"x": x}))["x"].equal(x)
    assert torch.from_dlpack(x).equal(x)


def test_hash_tensor():
    x = torch.tensor([[1.5, -2.0], [3.0, 0.0]])
    assert torch.hash_tensor(x).item() == 13830554455654793216
    assert x.half().hash_tensor(0).tolist() == [9218868437227405312, 13835058055282163712]
    assert torch.hash_tensor(x, 1, keepdim=True).shape == (2, 1)
    assert torch.hash_tensor(torch.tensor([-1, 2], dtype=torch.int8)).item() == 2**64 - 3
    out = torch.empty(0, dtype=torch.uint64)
    assert torch.hash_tensor(x, out=out) is out and out.item() == 13830554455654793216
    with pytest.raises(RuntimeError, match="uint64"):
        torch.hash_tensor(x, out=torch.empty(0))
    with pytest.raises(RuntimeError, match="mode"):
        torch.hash_tensor(x, mode=1)
    with pytest.raises(IndexError, match="non-zero size"):
        torch.hash_tensor(torch.empty(0, 3), 0)


def test_embedding_renorm_():
    rows = torch.arange(12.0).reshape(4, 3)
    made = torch.embedding_renorm_(rows, torch.tensor([[0, 2]]), 1.0, 2.0)
    assert made is rows and rows[1].tolist() == [3, 4, 5]
    assert rows[[0, 2]].norm(dim=1).tolist() == pytest.approx([1, 1])
    with pytest.raises(RuntimeError, match="indices"):
        torch.embedding_renorm_(rows, torch.tensor([1.0]), 1.0, 2.0)
