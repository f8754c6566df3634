"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rushlight.autograd import enable_grad, no_grad
from rushlight.ops import lbfgs
from rushlight.optim.line_search import Point, strong_wolfe
from rushlight.optim.optimizer import Optimizer, ParamsT
from rushlight.optim.settings import check_rate
from rushlight.tensor import Tensor, zeros
from rushlight.tensor.functions.complex_numbers import view_as_real
from rushlight.tensor.wrap import compile_function, function

cat, stack = function("cat"), function("stack")
lbfgs_direction = compile_function(lbfgs.lbfgs_direction)
WIDE = 1 << 16  # parameters from which the history is not copied
_KEPT = ("d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss")


class _News(NamedTuple):
    """What the last move brought, recorded at once: one flush computes all of it."""

    slope: Any  # the largest of the gradient
    step: Any  # and of the move
    change: Any  # of the gradient
    move: Any
    curvature: Any
    size: Any  # of the change, squared


def _news(state: dict[str, Any], grad: Any, direction: Any, t: Any) -> _News:
    change, move = grad.sub(state["prev_flat_grad"]), direction.mul(t)
    return _News(
        grad.abs().max(), move.abs().max(), change, move, change.dot(move), change.dot(change)
    )


class LBFGS(Optimizer):
    """Quasi-Newton steps from the last ``history_size`` changes of the gradient (Nocedal 1980).

    One ``step`` evaluates the closure several times, at most ``max_eval`` (``max_iter * 5 // 4``).
    There can be one group only. ``line_search_fn``: None (steps of ``lr``) or "strong_wolfe".
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        self._params = self.param_groups[0]["params"]

    def _flat_grad(self) -> Any:
        """All gradients as one vector; zeros where there is none."""
        parts = []
        for param in self._params:
            grad = param.grad
            if grad is None:
                grad = zeros(param.numel(), dtype=param.dtype)
            elif grad.is_sparse:
                grad = grad.to_dense()
            parts.append(_real(grad).reshape(-1))
        return cat(parts, 0)

    def _move(self, t: Any, direction: Any) -> None:
        place = 0
        for param in map(_real, self._params):
            count = param.numel()
            param.add_(direction[place : place + count].view_as(param), alpha=t)
            place += count

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Several iterations. Returns the loss that the first call of ``closure`` gave."""
        assert len(self.param_groups) == 1
        with no_grad():
            return self._step(enable_grad()(closure))

    def _step(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        lr, max_iter = group["lr"], group["max_iter"]
        # A tensor is not copied: the step length that is kept follows a schedule, as PyTorch's.
        lr = lr.reshape(()) if isinstance(lr, Tensor) and lr.ndim else lr
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        loss = _value(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        grad = self._flat_grad()
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss
        resumed, previous_loss = "prev_loss" in state, state.get("prev_loss")
        direction, t = state.get("d"), state.get("t")
        news: _News | None = None
        for iteration in range(1, max_iter + 1):
            state["n_iter"] += 1
            if state["n_iter"] > 1 and news is None:
                news = _news(state, grad, direction, t)
            direction = self._direction(state, grad, news)
            state["prev_flat_grad"] = grad.clone()
            previous_loss = loss
            t = lr
            if state["n_iter"] == 1:
                t = min(1.0, 1.0 / grad.abs().sum()) * lr
            slope = grad.dot(direction)
            if slope > -group["tolerance_change"]:
                break
            calls = 0
            if group["line_search_fn"] is not None:
                if group["line_search_fn"] != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                here = Point(0, loss, grad, slope)
                left = group["max_eval"] - evaluations
                found, calls = strong_wolfe(
                    self._evaluator(closure, direction), here, direction, t, max_evaluations=left
                )
                t, loss, grad = found.t, found.loss, found.grad
                self._move(t, direction)
                news = _news(state, grad, direction, t)
            else:
                self._move(t, direction)
                if iteration != max_iter:  # the next step begins with an evaluation anyway
                    made = closure()
                    grad = self._flat_grad()
                    news = _news(state, grad, direction, t)
                    loss = _value(made)  # all of it is computed with this
                    calls = 1
            evaluations += calls
            state["func_evals"] += calls
            if (
                iteration == max_iter
                or evaluations >= group["max_eval"]
                or news.slope <= group["tolerance_grad"]
                or news.step <= group["tolerance_change"]
                or abs(loss - previous_loss) < group["tolerance_change"]
            ):
                break
        state["d"], state["t"], state["prev_loss"] = direction, t, previous_loss
        if not resumed:  # the order in which PyTorch keeps them
            for name in _KEPT:
                state[name] = state.pop(name, None)
        return first_loss

    def _evaluator(self, closure: Callable[[], Any], direction: Any) -> Callable[[Any], Point]:
        """The point at ``t`` along ``direction``; the parameters come back."""
        here = [param.clone() for param in self._params]

        def evaluate(t: Any) -> Point:
            self._move(t, direction)
            loss, grad = closure(), self._flat_grad()
            slope = grad.dot(direction)
            for param, value in zip(self._params, here, strict=True):
                param.copy_(value)
            return Point(t, _value(loss), grad, slope)

        return evaluate

    def _direction(self, state: dict[str, Any], grad: Any, news: _News | None) -> Any:
        """Minus the gradient times the inverse Hessian as the history has it."""
        group = self.param_groups[0]
        if news is None:
            state["old_dirs"], state["old_stps"], state["ro"] = [], [], []
            state["H_diag"] = 1
            return grad.neg()
        changes, moves, inverses = state["old_dirs"], state["old_stps"], state["ro"]
        if news.curvature > 1e-10:
            if len(changes) == group["history_size"]:
                for history in (changes, moves, inverses):
                    history.pop(0)
            changes.append(news.change)
            moves.append(news.move)
            # Of one known number it is known at once, and so are the rows below.
            one = Tensor._from_array(np.ones((), grad.dtype.np))
            inverses.append(one / news.curvature)
            state["H_diag"] = news.curvature / news.size
        # PyTorch keeps its work space here, which it writes to before it reads it.
        state.setdefault("al", [None] * group["history_size"])
        if not changes:
            return grad.neg() * state["H_diag"]
        if grad.numel() > WIDE:
            return _by_rows(grad, changes, moves, inverses, state["H_diag"])
        # Rows of zeros change nothing: plans for 1, 2, 4 ... rows serve every length.
        count = len(changes)
        blank = min(1 << (count - 1).bit_length(), group["history_size"]) - count
        row, number = Tensor._from_array(np.zeros(grad.shape, grad.dtype.np)), inverses[-1] * 0
        rows = (
            stack([row] * blank + changes), stack([row] * blank + moves),
            stack([number] * blank + inverses),
        )  # fmt: skip
        return lbfgs_direction(grad, *rows, state["H_diag"])


def _by_rows(grad: Any, changes: Any, moves: Any, inverses: Any, scale: Any) -> Any:
    """``lbfgs_direction`` where the history takes too much memory to be copied."""
    shares: list[Any] = []
    result = grad.neg()
    for change, move, inverse in zip(*map(reversed, (changes, moves, inverses)), strict=True):
        shares.insert(0, move.dot(result) * inverse)
        result = result - shares[0] * change
    result = result * scale
    for change, move, inverse, share in zip(changes, moves, inverses, shares, strict=True):
        result = result + (share - change.dot(result) * inverse) * move
    return result


def _real(x: Any) -> Any:
    """A complex tensor as pairs of real numbers."""
    return view_as_real(x) if x.is_complex() else x


def _value(loss: Any) -> float:
    return float(loss.detach() if isinstance(loss, Tensor) else loss)
