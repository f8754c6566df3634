"""Traces that differ in sizes only: the same bits as planned one by one, and far fewer plans."""

from __future__ import annotations

import gc
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.events import subscribe
from rushlight.compiler import pipeline
from rushlight.engine import clear, trace, twins
from rushlight.engine.flush import stats

F, nn = torch.nn.functional, torch.nn
Results = list[Any]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    clear()
    yield
    clear()


def language(length: int, batch: int) -> Results:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(30, 16), nn.Linear(16, 32), nn.GELU(), nn.LayerNorm(32))
    head = nn.Linear(32, 30)
    parameters = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-2)
    x, y = torch.randint(0, 30, (2, batch, length))
    losses = []
    for _ in range(2):
        optimizer.zero_grad()
        loss = F.cross_entropy(head(model(x)).view(-1, 30), y.reshape(-1))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [*losses, head.weight.detach().numpy()]


def attention(length: int, batch: int) -> Results:
    torch.manual_seed(1)
    x = torch.randn(batch, 2, length, 8, requires_grad=True)
    y = F.scaled_dot_product_attention(x, x * 2, x + 1, is_causal=True)
    y.square().sum().backward()
    return [y.detach().numpy(), x.grad.numpy()]


def statistics(length: int, batch: int) -> Results:
    torch.manual_seed(2)
    x = torch.randn(batch, length)
    return [
        x.mean().item(), x.var().item(), x.softmax(-1).numpy(), x.argmax(1).numpy(),
        x.sort(-1)[0].numpy(), x.cumsum(1).numpy(), (x @ x.t()).tril().numpy(),
        x.unsqueeze(1).expand(batch, 3, length).reshape(batch * 3, length).sum(0).numpy(),
        torch.cat([x, x[:, :1]], 1).flip(1).numpy(), F.pad(x, (1, 2)).numpy(),
        torch.linspace(0, 1, length).numpy(), torch.arange(length, length + batch).numpy(),
    ]  # fmt: skip


def pictures(length: int, batch: int) -> Results:
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(2)
    )
    y = model(torch.randn(batch, 3, length + 4, 12))
    y.square().mean().backward()
    return [y.detach().numpy(), model[0].weight.grad.numpy(), model[1].running_var.numpy()]


def signals(length: int, batch: int) -> Results:
    """Convolutions along a signal, and a mean of all of it: a window of any size."""
    torch.manual_seed(6)
    model = nn.Sequential(
        nn.Conv1d(8, 32, 3, padding=2, dilation=2), nn.ReLU(), nn.Conv1d(32, 32, 3, padding=1),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(32, 2),
    )  # fmt: skip
    x = torch.randn(batch, 8, length, requires_grad=True)
    y = model(x)
    y.square().sum().backward()
    return [y.detach().numpy(), x.grad.numpy(), *(each.grad.numpy() for each in model.parameters())]


def boxes(length: int, batch: int) -> Results:
    """Rows of two and four numbers, on either side of where they are many."""
    torch.manual_seed(7)
    raw = torch.randn(batch * length, 6, requires_grad=True)
    centre, size = raw[:, :2].sigmoid() * 2 - 0.5, (raw[:, 2:4].sigmoid() * 2) ** 2
    sides = (centre + size).minimum(size).clamp(0)
    loss = (1 - sides[:, 0] * sides[:, 1]).mean() + F.softplus(raw[:, 4]).sum()
    loss.backward()
    return [loss.item(), torch.cat([centre, size], 1).detach().numpy(), raw.grad.numpy()]


def recurrent(length: int, batch: int) -> Results:
    """Loops forward and backward in time; states that are kept and states that take turns."""
    torch.manual_seed(5)
    x = torch.randn(length, batch, 3, requires_grad=True)
    results: Results = []
    for layer in (
        nn.LSTM(3, 4, 2, bidirectional=True), nn.LSTM(3, 4, proj_size=2), nn.GRU(3, 4), nn.RNN(3, 4)
    ):  # fmt: skip
        y, _ = layer(x)
        y.square().sum().backward()
        results += [y.detach().numpy(), *(each.grad.numpy() for each in layer.parameters())]
    lengths = torch.tensor([length, *[max(length - 3 * k, 1) for k in range(1, batch)]])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths)
    y, _ = nn.utils.rnn.pad_packed_sequence(nn.GRU(3, 2, bidirectional=True)(packed)[0])
    y.square().sum().backward()
    return [*results, y.detach().numpy(), x.grad.numpy()]


LENGTHS = [(length, 4) for length in (5, 9, 20, 33, 34, 47, 1, 64, 21, 2, 70, 90)]
BATCHES = [(12, batch) for batch in (4, 7, 8, 13, 1, 12, 32, 5, 9, 20, 6, 11, 10)]


@pytest.mark.parametrize("program", [language, attention, statistics, pictures, signals, boxes])
@pytest.mark.parametrize("sizes", [LENGTHS, BATCHES], ids=["lengths", "batches"])
def test_casts_have_the_same_bits(
    program: Callable[[int, int], Results], sizes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins, "EXAMPLES", 10**9)
    wanted = [program(*each) for each in sizes]
    monkeypatch.undo()
    clear()
    before = twins.stats.casts
    for size, want in zip(sizes, wanted, strict=True):
        for ours, theirs in zip(program(*size), want, strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=f"sizes {size}")
    assert twins.stats.casts > before


def test_loops_of_many_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [(length, 3) for length in (6, 11, 17, 9, 20, 3, 1, 14, 2, 25, 4)]
    monkeypatch.setattr(twins, "EXAMPLES", 10**9)
    wanted = [recurrent(*each) for each in sizes]
    monkeypatch.undo()
    clear()
    before = twins.stats.casts
    for size, want in zip(sizes, wanted, strict=True):
        for ours, theirs in zip(recurrent(*size), want, strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=f"sizes {size}")
    # (how many share a mould depends on how long vectors are: 10 with lanes of 16)
    assert twins.stats.casts >= before + 5


def test_a_recurrent_layer_is_few_moulds() -> None:
    layer = nn.LSTM(4, 5)
    moulds, plans = twins.stats.moulds, stats.plans
    for length in range(5, 69):
        layer.zero_grad()
        layer(torch.ones(length, 2, 4))[0].square().sum().backward()
        layer.weight_hh_l0.grad.sum().item()
    assert 1 <= twins.stats.moulds - moulds <= 4
    assert stats.plans - plans <= 66


def test_many_lengths_are_few_moulds() -> None:
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 4))
    moulds, casts = twins.stats.moulds, twins.stats.casts
    for length in range(40, 104):
        model(torch.ones(length, 8)).sum().item()
    made = twins.stats.moulds - moulds
    assert 1 <= made <= 6
    assert twins.stats.casts - casts >= 64 - 2 * twins.EXAMPLES - made


def test_few_rows_and_many_share_a_mould() -> None:
    moulds = twins.stats.moulds
    for length in (40, 50, 45, 70, 63, 90, 64, 140, 65, 58):
        boxes(length, 1)
    assert twins.stats.moulds - moulds == 2  # one of each trace: a step reads two numbers


def test_a_cache_that_grows() -> None:
    torch.manual_seed(4)
    query, new = torch.randn(30, 1, 2, 1, 8), torch.randn(30, 1, 2, 1, 8)
    keys = torch.zeros(1, 2, 0, 8)
    before = twins.stats.casts
    for step in range(30):
        keys = torch.cat([keys, new[step]], dim=2)
        y = F.scaled_dot_product_attention(query[step], keys, keys)
        k = new[: step + 1, 0, :, 0].numpy().transpose(1, 0, 2)
        scores = np.einsum("hd,hkd->hk", query[step, 0, :, 0].numpy(), k) / np.sqrt(8)
        weights = np.exp(scores - scores.max(1, keepdims=True))
        want = np.einsum("hk,hkd->hd", weights / weights.sum(1, keepdims=True), k)
        np.testing.assert_allclose(y[0, :, 0].numpy(), want, atol=1e-6)
    assert twins.stats.casts > before


def test_sizes_that_meet_by_chance_are_told_apart() -> None:
    # Equal in all examples, so that one number stands for both; then they differ.
    for rows, columns in [(3, 3), (5, 5), (7, 7), (9, 9), (6, 8), (8, 6), (9, 2), (1, 9), (4, 1)]:
        x = torch.arange(rows * columns).view(rows, columns).float()
        y = (x.t().contiguous() * 2).sum(0)
        np.testing.assert_array_equal(y.numpy(), x.numpy().sum(1) * 2)


def test_sizes_that_are_equal_when_a_mould_is_made() -> None:
    # The third trace makes the mould, and two numbers of rows are the same in it.
    moulds, casts = twins.stats.moulds, twins.stats.casts
    for rows, others in [(300, 331), (320, 343), (335, 335), (310, 340), (351, 302), (344, 345)]:
        x, y = torch.ones(rows, 8), torch.ones(others, 8)
        found = ((x.clamp(min=2) - 1).sum() + (y.clamp(min=2) + 1).sum()).item()
        assert found == 8 * rows + 24 * others
    assert twins.stats.moulds - moulds == 1
    assert twins.stats.casts - casts == 3


def test_rows_of_one_number_are_alike_however_many() -> None:
    """How often one number is repeated decides nothing: of four parts each would decide it."""
    moulds = twins.stats.moulds
    sizes = [(5, 6, 7, 8), (6, 9, 8, 5), (9, 5, 6, 7), (2, 7, 3, 9), (8, 3, 2, 4), (3, 2, 4, 9)]
    for rows in sizes:
        parts = torch.cat([torch.full((row,), float(k)) for k, row in enumerate(rows)])
        assert parts.add(1).sum().item() == sum((k + 1) * row for k, row in enumerate(rows))
    assert twins.stats.moulds - moulds == 1


def test_moulds_of_no_use_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins.Family, "cast", lambda self, form: None)
    monkeypatch.setattr(twins, "PATIENCE", 4)
    moulds = twins.stats.moulds
    for length in range(40, 60):
        assert (torch.ones(length) * 2).sum().item() == 2 * length
    assert twins.stats.moulds - moulds == 4
    (family,) = trace.local.trace.families.values()
    assert family.closed
    assert not family.patterns


def test_a_wrong_index_is_named_in_a_cast() -> None:
    table = torch.zeros(10, 4)
    for length in range(20, 26):
        F.embedding(torch.arange(length) % 10, table).sum().item()
    before = twins.stats.casts
    with pytest.raises(IndexError, match="out of range"):
        F.embedding(torch.arange(26) % 12, table).sum().item()
    assert twins.stats.casts == before + 1
    assert F.embedding(torch.arange(27) % 10, table).sum().item() == 0


def test_numbers_of_python_and_donated_inputs() -> None:
    for length in range(30, 40):
        x = torch.ones(length, 3)
        for scale in (2.0, 3.0):
            x = x * scale + 1
            x.add_(0.5)
        assert x.sum().item() == pytest.approx(length * 3 * ((2 + 1.5) * 3 + 1.5))


def test_what_takes_only_ints_is_planned_by_size() -> None:
    # A recurrence writes its steps into the plan one by one.
    cell = nn.RNN(4, 4, batch_first=True)
    for length in (3, 4, 5, 6, 7):
        y, h = cell(torch.ones(2, length, 4))
        np.testing.assert_array_equal(y[:, -1].detach().numpy(), h[0].detach().numpy())


def test_sizes_given_as_a_shape_vary_too() -> None:
    # x.shape is a torch.Size, not a plain tuple.
    before = twins.stats.casts
    for n in range(20, 30):
        x = torch.ones(n, 4)
        assert torch.arange(4 * n).reshape(x.shape).float().add(x).sum().item() == 8 * n * n + 2 * n
    assert twins.stats.casts - before >= 6


def test_errors_that_are_no_sizes_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(sinks: Any) -> Any:
        raise TypeError("a defect of a pass")

    for n in (20, 21):
        (torch.ones(n) * 2).sum().item()
    monkeypatch.setattr(pipeline, "PASSES", (broken,))
    with pytest.raises(TypeError, match="a defect"):
        (torch.ones(22) * 2).sum().item()
    monkeypatch.undo()
    assert (torch.ones(23) * 2).sum().item() == 46


def test_an_interrupt_while_a_mould_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(sinks: Any) -> Any:
        raise KeyboardInterrupt

    for n in (20, 21):
        (torch.ones(n) * 2).sum().item()
    x = (torch.ones(22) * 2).sum()
    monkeypatch.setattr(pipeline, "PASSES", (interrupted,))
    with pytest.raises(KeyboardInterrupt):
        x.item()
    monkeypatch.undo()
    assert x.item() == 44
    before = twins.stats.casts
    found = (torch.ones(23) * 2).sum().item()  # (an assertion would keep what is between)
    assert found == 46
    assert twins.stats.casts > before


def test_threads_make_moulds_at_once() -> None:
    wrong: list[str] = []

    def work(rows: int) -> None:
        for n in range(10 + rows, 40 + rows):
            x = torch.arange(n * rows).float().view(n, rows)
            found = torch.cat([x.t().contiguous() @ x, x[1 : rows + 1]], 0).sum(0).numpy()
            host = torch.fft.rfft(x, dim=0).real[0].numpy()
            own = x.numpy()
            if not np.allclose(found, (own.T @ own).sum(0) + own[1 : rows + 1].sum(0), rtol=1e-4):
                wrong.append(f"{n} x {rows}")
            if not np.allclose(host, own.sum(0), rtol=1e-4):
                wrong.append(f"rfft {n} x {rows}")

    before = twins.stats.casts
    threads = [threading.Thread(target=work, args=(rows,)) for rows in (3, 4, 5, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert twins.stats.casts > before


def test_usual_programs_take_sizes_everywhere() -> None:
    # What says no, and why: nothing does, today.
    reasons: list[str] = []
    stop = subscribe("no mould", lambda **facts: reasons.append(facts["reason"]))
    try:
        for program in (language, attention, statistics, pictures):
            for sizes in [(9, 4), (10, 4), (11, 4), (12, 5)]:
                program(*sizes)
    finally:
        stop()
    assert reasons == []


def steps_alive() -> int:
    gc.collect()
    return sum(isinstance(each, trace.Step) for each in gc.get_objects())


def test_moulds_outlive_the_trie(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trie that has grown too large is dropped; what is known of sizes that vary is not."""
    lengths = [*range(5, 29), 5, 6]
    clear()
    others = steps_alive()  # examples of other tests' moulds: they stay, too
    for length in (30, 31, 32):  # what is first does not know yet that it reads rows of many
        language(length, 3)
    known = [language(length, 3) for length in lengths[:24]]
    moulds, steps = twins.stats.moulds, steps_alive() - others
    assert moulds
    monkeypatch.setattr(trace, "STEP_LIMIT", 0)
    torch.zeros(1).item()
    monkeypatch.undo()
    assert not trace.local.trace.root.children
    left = steps_alive() - others
    assert left < steps / 2, (left, steps)  # those of examples
    again = [language(length, 3) for length in lengths]
    assert twins.stats.moulds == moulds
    for one, other in zip([*known, *known[:2]], again, strict=True):
        assert one[:-1] == other[:-1]
        np.testing.assert_array_equal(one[-1], other[-1])


def test_sizes_that_never_come_again_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "KEPT_STEPS", 0)
    for length in range(20, 40):
        language(length, 3)
    steps = [trace.local.trace.steps]
    rounds = []
    for _ in range(3):
        rounds.append([language(length, 3)[:2] for length in range(40, 60)])
        steps.append(trace.local.trace.steps)
    assert rounds[0] == rounds[1] == rounds[2]
    first, second, third = (after - before for before, after in itertools.pairwise(steps))
    assert first < second // 2  # but for those that a mould was made of
    assert third == 0


def test_a_family_keeps_the_moulds_used_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as there is room for, one at least; what was dropped is made again, and the same."""
    wanted = [pictures(length, 3) for length in (20, 21, 22, 40, 41)]
    clear()
    monkeypatch.setattr(twins, "how_many", lambda sizes: 1)
    for length, known in zip((20, 21, 22, 40, 41), wanted, strict=True):
        for one, other in zip(pictures(length, 3), known, strict=True):
            np.testing.assert_array_equal(one, other)
    families = trace.local.trace.families.values()
    assert max(len(each.patterns) for each in families) == 1
    monkeypatch.undo()
    size = twins.SIZE_LIMIT
    assert twins.how_many([size + 1, 1]) == twins.how_many([size, 1]) == 1
    assert twins.how_many([size - 1, 1, 1]) == 2
    assert twins.how_many([1] * 2 * twins.MOULDS_LIMIT) == twins.MOULDS_LIMIT
