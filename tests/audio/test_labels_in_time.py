"""Transducer loss and forced alignment against all ways counted one by one; beamforming modules."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio import transforms


def all_ways(chances: np.ndarray, labels: list[int], blank: int) -> float:
    """-log of the sum over all orders of emissions and steps in time: (T, U + 1, C)."""
    frames = len(chances)
    total = -np.inf
    for emitted in itertools.combinations(range(frames - 1 + len(labels)), len(labels)):
        t = u = 0
        value = 0.0
        for step in range(frames - 1 + len(labels)):
            if step in emitted:
                value += chances[t, u, labels[u]]
                u += 1
            else:
                value += chances[t, u, blank]
                t += 1
        total = np.logaddexp(total, value + chances[t, u, blank])
    return -total


def test_a_published_number() -> None:
    # The example of warp-transducer's tests, which torchaudio's share.
    first = [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1], [0.1, 0.1, 0.2, 0.8, 0.1]]
    then = [[0.1, 0.6, 0.1, 0.1, 0.1], [0.1, 0.1, 0.2, 0.1, 0.1], [0.7, 0.1, 0.2, 0.1, 0.1]]
    logits = torch.tensor([[first, then]])
    lengths = torch.tensor([2], dtype=torch.int32)
    targets = torch.tensor([[1, 2]], dtype=torch.int32)
    assert F.rnnt_loss(logits, targets, lengths, lengths).item() == pytest.approx(5.09566688538)


@pytest.mark.parametrize("blank", [-1, 0])
def test_transducer_is_the_sum_of_all_ways(blank: int) -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 4, 4, 5, dtype=torch.double, requires_grad=True)
    targets = torch.tensor([[1, 1, 3], [2, 3, 0], [3, 0, 0]])
    frames, labels = torch.tensor([4, 2, 3]), torch.tensor([3, 2, 1])
    losses = F.rnnt_loss(logits, targets, frames, labels, blank=blank, reduction="none")
    chances = logits.detach().log_softmax(-1).numpy()
    expected = [
        all_ways(chances[row, :t, : u + 1], targets[row, :u].tolist(), blank)
        for row, (t, u) in enumerate(zip(frames.tolist(), labels.tolist(), strict=True))
    ]
    np.testing.assert_allclose(losses.detach().numpy(), expected, rtol=1e-12)
    losses.sum().backward()
    assert bool(torch.isfinite(logits.grad).all())
    assert float(logits.grad[1, 2:].abs().max()) == 0.0
    nudge = 1e-5 * torch.eye(5, dtype=torch.double)[2]
    with torch.no_grad():
        changed = logits.clone()
        changed[0, 1, 2] += nudge
        more = F.rnnt_loss(changed, targets, frames, labels, blank=blank, reduction="sum")
    assert (more - losses.sum()).item() / 1e-5 == pytest.approx(
        logits.grad[0, 1, 2, 2].item(), rel=1e-3
    )
    module = transforms.RNNTLoss(blank=blank, fused_log_softmax=False)
    mean = module(logits.log_softmax(-1), targets, frames, labels)
    assert mean.item() == pytest.approx(np.mean(expected))


def test_transducer_refuses() -> None:
    logits, one = torch.zeros(1, 2, 2, 3), torch.tensor([1])
    with pytest.raises(RuntimeError, match="input length mismatch"):
        F.rnnt_loss(logits, one[None], one, one)
    with pytest.raises(RuntimeError, match="output length mismatch"):
        F.rnnt_loss(logits, torch.zeros(1, 2), one * 2, one)
    with pytest.raises(ValueError, match="reduction"):
        F.rnnt_loss(logits, one[None], one * 2, one, reduction="median")


@pytest.mark.parametrize("labels", [[1], [1, 2], [2, 2], [1, 3, 1]])
def test_the_likeliest_path(labels: list[int]) -> None:
    logs = torch.randn(1, 5, 4, generator=torch.Generator().manual_seed(len(labels))).log_softmax(2)
    path, scores = F.forced_align(logs, torch.tensor([labels], dtype=torch.int32))
    ways = [
        way
        for way in itertools.product(range(4), repeat=5)
        if [each for each, _ in itertools.groupby(way) if each] == labels
    ]
    best = max(ways, key=lambda way: sum(logs[0, t, each].item() for t, each in enumerate(way)))
    assert (tuple(path[0].tolist()), path.dtype) == (best, torch.int32)
    assert scores[0].tolist() == [logs[0, t, each].item() for t, each in enumerate(best)]
    spans = F.merge_tokens(path[0], scores[0])
    assert [span.token for span in spans] == labels
    assert sum(len(span) for span in spans) == sum(each != 0 for each in best)


def test_alignment_refuses() -> None:
    logs = torch.zeros(1, 2, 3)
    with pytest.raises(RuntimeError, match="number of repeats: 1"):
        F.forced_align(logs, torch.tensor([[1, 1]]))
    with pytest.raises(ValueError, match="blank index"):
        F.forced_align(logs, torch.tensor([[0]]))
    with pytest.raises(ValueError, match="CTC dimension"):
        F.forced_align(logs, torch.tensor([[3]]))
    with pytest.raises(RuntimeError, match="one recording at a time"):
        F.forced_align(torch.zeros(2, 2, 3), torch.ones(2, 1))
    with pytest.raises(ValueError, match="same length"):
        F.merge_tokens(torch.zeros(2), torch.zeros(3))


def test_beamforming_modules() -> None:
    torch.manual_seed(1)
    spectrum = torch.randn(2, 3, 5, 7, dtype=torch.cdouble)
    mask = torch.rand(2, 3, 5, 7, dtype=torch.double)
    target = transforms.PSD(multi_mask=True)(spectrum, mask)
    assert torch.equal(target, F.psd(spectrum, mask.mean(-3), eps=1e-15))
    noise = transforms.PSD()(spectrum)
    found = transforms.SoudenMVDR()(spectrum, target, noise, 1)
    weights = F.mvdr_weights_souden(target, noise, 1)
    assert torch.equal(found, F.apply_beamforming(weights, spectrum))
    rtf = F.rtf_evd(target)
    found = transforms.RTFMVDR()(spectrum, rtf, noise, 0)
    assert torch.equal(found, F.apply_beamforming(F.mvdr_weights_rtf(rtf, noise, 0), spectrum))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_a_held_gradient_of_the_transducer(reduction: str) -> None:
    rng = np.random.default_rng(3)
    values = torch.from_numpy(rng.standard_normal((2, 4, 3, 5)).astype(np.float32) * 3)
    targets = torch.tensor([[1, 2], [3, 1]], dtype=torch.int32)
    lengths = [torch.tensor([4, 3], dtype=torch.int32), torch.tensor([2, 1], dtype=torch.int32)]
    weights = torch.tensor([2.0, -0.5]) if reduction == "none" else torch.tensor(1.5)

    def gradient(reduction: str, clamp: float, weights: torch.Tensor) -> torch.Tensor:
        logits = values.clone().requires_grad_()
        loss = F.rnnt_loss(logits, targets, *lengths, clamp=clamp, reduction=reduction)
        (loss * weights).sum().backward()
        return logits.grad

    own = gradient("none", -1, torch.ones(2)).clamp(-0.1, 0.1)  # of each row's cost
    reach = {"none": weights, "mean": weights.expand(2) / 2, "sum": weights.expand(2)}[reduction]
    expected = own * reach[:, None, None, None]
    np.testing.assert_allclose(gradient(reduction, 0.1, weights), expected, rtol=1e-5, atol=1e-7)
    assert F.rnnt_loss(values, targets, *lengths, clamp=0.1).isfinite()
