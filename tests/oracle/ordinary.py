"""What programs are made of: tensors, arithmetic, views, writes, NumPy's memory, gradients.

Each function draws one step of the program, or None where nothing fits.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.draw import Draw, Names, kind_of, overlaps


def fresh(w: Names) -> Draw:
    rng, out, kind = w.rng, w.name(), w.kind()
    shape = w.shape()
    text = f"{out} = make({rng.randrange(10**6)}, {shape}, '{kind}')"
    if "float" in kind and rng.random() < 0.5:
        text += ".requires_grad_()"
    return Draw(text, out, exact=True)


def constant(w: Names) -> Draw:
    rng, out, shape, kind = w.rng, w.name(), w.shape(), w.kind()
    text = rng.choice(
        (
            f"torch.zeros({shape}, dtype=torch.{kind})",
            f"torch.ones({shape}, dtype=torch.{kind})",
            f"torch.full({shape}, {rng.choice((1, 2, 0, 3))}, dtype=torch.{kind})",
            f"torch.full({shape}, {rng.choice((0.5, 2, True))})",
            f"torch.arange({rng.randrange(1, 9)})",
            f"torch.eye({rng.randrange(1, 4)}, {rng.randrange(1, 5)})",
            f"torch.tensor({rng.choice((0.5, 2, True, [1, 2], [0.5, 1]))})",
        )
    )
    x = w.pick()
    if x and rng.random() < 0.3:
        text = f"torch.{rng.choice(('zeros_like', 'ones_like'))}({x})"
    return Draw(f"{out} = {text}", out, exact=True)


def unary(w: Names) -> Draw | None:
    rng, out = w.rng, w.name()
    x = w.pick()
    if x is None:
        return None
    same = [f"-{x}", f"{x}.abs()", f"{x}.clone()", f"torch.relu({x})", f"+{x}",
            f"{x}.clamp(-1, 2)", f"{x}.clamp(min=0.5)", f"{x}.clamp_max(1)",
            f"{x}.contiguous()", f"{x}.logical_not()"]  # fmt: skip
    if w.is_exact(x):
        same += [f"{x}.sign()", f"{x} != 0", f"{x} > 0.5", f"{x} <= 1"]
        t = w.tensor(x)
        same += [f"{x}.floor()", f"{x}.ceil()", f"{x}.round()", f"{x}.trunc()"]
        to = rng.choice(("int64", "int32", "bool", "float32", "float64"))
        same += [f"{x}.to(torch.{to})"] * 4
        if not t.dtype.is_floating_point:
            same += [f"~{x}"] * 2
    smooth = [f"{x}.sin()", f"{x}.cos()", f"{x}.tanh()", f"{x}.sigmoid()", f"{x}.square()",
              f"({x}.abs() + 0.5).sqrt()", f"({x}.abs() + 0.5).log()",
              f"{x}.clamp(-3, 3).exp()",
              f"({x}.abs() + 1).rsqrt()", f"torch.reciprocal({x}.abs() + 1)", f"{x} ** 2",
              f"{x} ** 3",
              f"F.softplus({x})", f"F.gelu({x})", f"F.silu({x})", f"F.leaky_relu({x}, 0.1)",
              f"F.elu({x})", f"torch.log1p({x}.abs())", f"torch.erf({x})",
              f"{x}.to(torch.{rng.choice(('float32', 'float64'))})", f"{x}.float()",
              f"{x}.double()"]  # fmt: skip
    if kind_of(w.tensor(x)) == "bool":
        smooth = [each for each in smooth if "softplus" not in each and "square" not in each]
    if rng.random() < 0.5:
        return Draw(f"{out} = {rng.choice(same)}", out, exact=w.is_exact(x))
    return Draw(f"{out} = {rng.choice(smooth)}", out)


def binary(w: Names) -> Draw | None:
    rng, out = w.rng, w.name()
    x = w.pick()
    if x is None:
        return None
    y = w.fitting(x)
    if rng.random() < 0.3:
        n = w.number(kind_of(w.tensor(x)))
        text = rng.choice((f"{x} + {n}", f"{x} * {n}", f"{x} - {n}", f"{n} - {x}", f"{x} / {n}",
                           f"{n} * {x}", f"torch.add({x}, {n}, alpha=2)"))  # fmt: skip
        if w.is_exact(x) and rng.random() < 0.3:
            m = rng.choice((2, 3, -2, 1.5))
            text = rng.choice((f"{x}.detach() // {m}", f"{x} % {m}", f"{x} == {n}",
                              f"{x} < {n}",
                               f"torch.fmod({x}, {m})"))  # fmt: skip
        return Draw(f"{out} = {text}", out, exact=w.is_exact(x))
    exact = w.is_exact(x, y)
    options = [f"{x} + {y}", f"{x} * {y}", f"{x} - {y}", f"torch.maximum({x}, {y})",
               f"torch.minimum({x}, {y})", f"{x}.add({y}, alpha=0.5)",
               f"{x} / ({y}.abs() + 1)"]  # fmt: skip
    if exact:
        options += [f"{x} > {y}", f"{x} == {y}", f"{x} <= {y}", f"torch.logical_and({x}, {y})",
                    f"torch.logical_xor({x}, {y})", f"{x} & {y}", f"{x} | {y}", f"{x} ^ {y}",
                    f"torch.where({x} > {y}, {x}, {y})"]  # fmt: skip
    mask = w.pick(lambda t: kind_of(t) == "bool")
    if mask and rng.random() < 0.2:
        options = [f"torch.where({mask}, {x}, {y})", f"torch.where({mask}, {x}, 0.5)",
                   f"{x}.masked_fill({mask}, 2)"]  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out, exact=exact)


def reduction(w: Names) -> Draw | None:
    rng, out = w.rng, w.name()
    x = w.pick()
    if x is None:
        return None
    t = w.tensor(x)
    d = w.dim(t)
    keep = rng.choice(("", ", keepdim=True"))
    dims = tuple(rng.sample(range(t.ndim), rng.randint(1, t.ndim))) if t.ndim else 0
    options = [f"{x}.sum()", f"{x}.sum({d}{keep})", f"{x}.sum({dims}{keep})",
               f"{x}.mean()", f"{x}.mean({d}{keep})", f"{x}.amax({d}{keep})",
               f"{x}.amin({dims})",
               f"{x}.max()", f"{x}.min()", f"{x}.any({d})", f"{x}.all()", f"{x}.cumsum({d})",
               f"{x}.prod({d})"]  # fmt: skip
    exact = w.is_exact(x)
    if exact:
        options += [f"{x}.max({d}{keep})[0]", f"{x}.min({d})[0]", f"{x}.argmax({d}{keep})",
                    f"{x}.argmin()", f"{x}.sort(dim={d}, stable=True)[0]",
                    f"{x}.sort(dim={d}, stable=True)[1]"]  # fmt: skip
    if rng.random() < 0.4 and t.dtype.is_floating_point:
        exact = False
        options = [f"{x}.var({d})", f"{x}.std()", f"torch.logsumexp({x}, {d})",
                   f"torch.softmax({x}, {d})", f"{x}.log_softmax({d})",
                   f"{x}.softmax({d}, dtype=torch.float32)",
                   f"{x}.sum({d}, dtype=torch.float64)",
                   f"{x}.norm()", f"({x} + 0.5).norm(dim={d})"]  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out, exact=exact)


def product(w: Names) -> Draw | None:
    rng, out = w.rng, w.name()
    x = w.pick(lambda t: t.ndim >= 1)
    if x is None:
        return None
    t = w.tensor(x)
    kind = t.dtype

    def fits(other: Any) -> bool:
        if other.dtype is not kind or not other.ndim:
            return False
        inner = other.shape[-2] if other.ndim > 1 else other.shape[0]
        return bool(inner == t.shape[-1])

    y = w.pick(fits)
    if y is None:
        y, text = x, f"{x} @ {x}.mT" if t.ndim > 1 else f"{x} @ {x}"
    else:
        text = rng.choice((f"{x} @ {y}", f"torch.matmul({x}, {y})"))
    return Draw(f"{out} = {text}", out, exact=w.is_exact(x, y))


def joined(w: Names) -> Draw | None:
    rng, out = w.rng, w.name()
    x = w.pick()
    if x is None:
        return None
    shape = w.tensor(x).shape
    y = w.pick(lambda t: t.shape == shape) or x
    d = w.dim(w.tensor(x))
    text = rng.choice((f"torch.cat([{x}, {y}], {d})", f"torch.stack([{x}, {y}], {d})",
                       f"torch.cat(({x}, {y}, {x}))"))  # fmt: skip
    return Draw(f"{out} = {text}", out, exact=w.is_exact(x, y))


def picked(w: Names) -> Draw | None:
    """Indexing that copies."""
    rng, out = w.rng, w.name()
    x = w.pick(lambda t: t.ndim >= 1 and t.shape[0] > 0)
    if x is None:
        return None
    t = w.tensor(x)
    n = t.shape[0]
    places = [rng.randrange(-n, n) for _ in range(rng.randint(1, 4))]
    up = [p % n for p in places]
    options = [f"{x}[{places}]", f"{x}[torch.tensor({places})]",
               f"{x}.index_select(0, torch.tensor({up}))", f"{x}.flip(0)", f"{x}.roll(1, 0)",
               f"{x}.repeat({(2,) * t.ndim})",
               f"{x}.tril()" if t.ndim > 1 else f"{x}.flip(-1)"]  # fmt: skip
    if t.ndim > 1 and t.shape[1]:
        other = [rng.randrange(t.shape[1]) for _ in places]
        options += [f"{x}[{places}, {other}]", f"{x}[:, {other}]", f"{x}[{places}, 0]",
                    f"{x}.gather(1, torch.zeros({(n, 2, *t.shape[2:])}).long())"]  # fmt: skip
    mask = w.pick(lambda m: kind_of(m) == "bool" and m.shape == t.shape)
    if mask:
        options += [f"{x}[{mask}]", f"{x}.masked_select({mask})"]
    return Draw(f"{out} = {rng.choice(options)}", out, exact=w.is_exact(x))


def view_text(w: Names, x: str) -> str:
    rng, t = w.rng, w.tensor(x)
    n = t.numel()
    options = [f"{x}.unsqueeze({rng.randint(-t.ndim - 1, t.ndim)})", f"{x}.squeeze()",
               f"{x}.flatten()", f"{x}.view(-1)", f"{x}.reshape(-1)", f"{x}.detach()",
               f"{x}.data", f"{x}.view({tuple(t.shape)})",
               f"{x}.expand(2, {'*' + str(tuple(t.shape))})",
               f"{x}.view_as({x})"]  # fmt: skip
    if n and n % 2 == 0:
        options += [f"{x}.view(2, {n // 2})", f"{x}.reshape({n // 2}, 2)"]
    if t.ndim:
        d = w.dim(t)
        size = t.shape[d] if -t.ndim <= d < t.ndim else 1
        start = rng.randint(0, size)
        at = rng.randrange(-size, size + (rng.random() < 0.05)) if size else 0
        options += [f"{x}.squeeze({d})",
                    f"{x}.narrow({d}, {start}, {rng.randint(0, size - start)})",
                    f"{x}[{rng.randint(-size, size)}:{rng.choice(('', size - 1, -1))}]",
                    f"{x}[::{rng.randint(1, 3)}]", f"{x}[..., 1:]", f"{x}[None]",
                    f"{x}.select({d}, {at})",
                    f"{x}[{rng.choice((0, -1))}]",
                    f"{x}.unfold({d}, {min(2, size)}, 1)"] * 2  # fmt: skip
    if t.ndim > 1:
        order = rng.sample(range(t.ndim), t.ndim)
        options += [f"{x}.permute({order})", f"{x}.transpose({w.dim(t)}, {w.dim(t)})",
                    f"{x}.diagonal({rng.choice((0, 0, 1, -1))})", f"{x}.mT",
                    f"{x}.flatten(0, 1)",
                    f"{x}[:, {rng.choice((0, -1, '1:', '::2'))}]",
                    f"{x}[..., 0]"] * 2  # fmt: skip
    if n >= 4 and kind_of(t) != "bool":
        options += [f"{x}.as_strided((2, 2), ({rng.choice((1, 2))}, 1))",
                    f"{x}.as_strided((2,), (2,), 1)"]  # fmt: skip
    return rng.choice(options)


def view(w: Names) -> Draw | None:
    x = w.pick()
    if x is None:
        return None
    out = w.name()
    return Draw(f"{out} = {view_text(w, x)}", out, group=x, exact=True)


def write(w: Names) -> Draw | None:
    rng = w.rng
    x = w.pick(lambda t: not overlaps(t) and not (t.requires_grad and t.is_leaf))
    if x is None or rng.random() < 0.1:
        x = w.pick(lambda t: not overlaps(t))
    if x is None:
        return None
    t = w.tensor(x)
    y = w.fitting(x)
    if w.group[y] == w.group[x]:  # PyTorch may read what it has just written
        y = x
    n = w.number(kind_of(t))
    target = x if rng.random() < 0.7 else view_text(w, x)
    if "unfold" in target or "as_strided" in target:  # may write twice to one place
        target = x
    reads: tuple[str, ...] = (x,)
    options = [f"{target}.mul_({n})", f"{target}.add_({n})", f"{target}.zero_()",
               f"{target}.fill_({n})", f"{target}.clamp_(-2, 2)", f"{target}.neg_()",
               f"{target}.sub_({n})"]  # fmt: skip
    if rng.random() < 0.6:
        reads = (x, y)
        options = [f"{target}.add_({y})", f"{target}.mul_({y})", f"{target}.copy_({y})",
                   f"{x} += {y}", f"{x} -= {y}", f"{x} *= {y}", f"{target}.sub_({y}, alpha=2)",
                   f"{x}.copy_({y})"]  # fmt: skip
    if t.ndim and rng.random() < 0.4:
        size = t.shape[0]
        at = rng.choice((0, -1, "1:", "::2", "...", ":2", f"[{0 if size else ''}]", "None"))
        value = rng.choice((n, n, f"{x}[{at}] * 2", y))
        reads = (x, y)
        options = [f"{x}[{at}] = {value}", f"{x}[{at}] += {n}", f"{x}[{at}].mul_({n})"]
        if t.ndim > 1:
            options += [
                f"{x}[:, 0] = {n}",
                f"{x}[0, 1:] = {x}[0, 1:] + {n}",
                f"{x}[..., -1] = {n}",
            ]
        mask = w.pick(lambda m: kind_of(m) == "bool" and m.shape == t.shape)
        if mask and w.group[mask] != w.group[x]:
            options += [f"{x}[{mask}] = {n}", f"{x}.masked_fill_({mask}, {n})",
                        f"{x}[{mask}] *= {n}"] * 2  # fmt: skip
        elif w.is_exact(x):
            options += [f"{x}[{x} > 0] = {n}"]
    text = rng.choice(options)
    if rng.random() < (0.9 if t.requires_grad and t.is_leaf else 0.25):
        text = f"with torch.no_grad(): {text}"
    return Draw(text, writes=x, exact=w.is_exact(*reads))


def numpy(w: Names) -> Draw | None:
    """Memory that NumPy and a tensor share, and writes from NumPy's side."""
    rng = w.rng
    if w.arrays and rng.random() < 0.6:
        a = rng.choice(w.arrays)
        held = w.session.names.get(a)
        if held is None:  # the step that made it raised
            return None
        writes = next((n for n in w.live if w.group[n] == w.group[a]), "")
        value = rng.choice((1, 2, 0, 3))
        text = rng.choice((f"{a}[...] = {value}", f"{a}[...] *= 2", f"{a}[:1] = {value}"
                           if held.ndim else f"{a}[...] = 1", f"del {a}"))  # fmt: skip
        return Draw(text, writes=writes, exact=True, gone=a if text.startswith("del") else "")
    a = f"n{w.count}"
    if rng.random() < 0.5:
        out, kind = w.name(), rng.choice(("float32", "float64", "int64", "uint8", "bool"))
        look = rng.choice(("", "", ".T", "[::1]"))
        text = f"{a} = array({rng.randrange(10**6)}, {w.shape()}, '{kind}')"
        text += f"; {out} = torch.from_numpy({a}{look})"
        w.arrays.append(a)
        w.group[a] = out
        return Draw(text, out, exact=True)
    x = w.pick(lambda t: kind_of(t) != "bfloat16")
    if x is None:
        return None
    w.arrays.append(a)
    w.group[a] = w.group[x]
    return Draw(f"{a} = {x}.detach().numpy()", writes=x, exact=w.is_exact(x))


def backward(w: Names) -> Draw | None:
    rng = w.rng
    x = w.pick(lambda t: t.requires_grad and not t.is_leaf)
    if x is None:
        return None
    keep = rng.choice(("", "", "retain_graph=True", "create_graph=True"))
    loss = rng.choice((f"{x}.sum()", f"({x} * {x}).sum()", f"{x}.mean()", f"{x}.tanh().sum()"))
    if rng.random() < 0.5:
        return Draw(f"{loss}.backward({keep})")
    leaf = w.pick(lambda t: t.requires_grad)
    out = w.name()
    also = f", {keep}" if keep else ""
    return Draw(f"{out}, = torch.autograd.grad({loss}, [{leaf}], allow_unused=True{also})", out)


def gradient(w: Names) -> Draw | None:
    """Read, use or drop a ``.grad``."""
    x = w.pick(lambda t: t.is_leaf and t.grad is not None)
    if x is None:
        return None
    out = w.name()
    if w.rng.random() < 0.3:
        return Draw(w.rng.choice((f"{x}.grad = None", f"{x}.grad.zero_()")))
    if w.rng.random() < 0.4:
        text = f"with torch.no_grad(): {x} -= 0.5 * {x}.grad"
        return Draw(text, writes=x)
    return Draw(f"{out} = {x}.grad", out)


def flush(w: Names) -> Draw | None:
    x = w.pick()
    if x is None:
        return None
    t = w.tensor(x)
    if t.numel() == 1:
        return Draw(f"show(np.array(float({x}.item())))")
    plain = f"{x}.detach()" + (".float()" if kind_of(t) == "bfloat16" else "")
    return Draw(w.rng.choice((f"show(np.array({plain}.tolist(), dtype=np.float64))",
                                 f"show(np.array({plain}.numpy(), dtype=np.float64))",
                                 f"repr({x}) and None")))  # fmt: skip


def forget(w: Names) -> Draw | None:
    if len(w.live) < 4:
        return None
    x = w.rng.choice(w.live)
    return Draw(f"del {x}", gone=x)


ORDINARY = (
    (8, fresh), (3, constant), (14, unary), (16, binary), (9, reduction), (4, product),
    (4, joined), (6, picked), (16, view), (20, write), (5, numpy), (13, backward), (5, gradient),
    (5, flush), (3, forget),
)  # fmt: skip
