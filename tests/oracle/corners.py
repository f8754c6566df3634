"""Steps at the edges: bytes that overflow, shifts, division by zero, layouts, layers, indices.

Each function draws one step of the program, or None where nothing fits.
"""

from __future__ import annotations

from typing import Any

from tests.oracle.draw import Draw, Names, kind_of, overlaps


def whole(tensor: Any) -> bool:
    return not tensor.dtype.is_floating_point and kind_of(tensor) != "bool"


def floating(tensor: Any) -> bool:
    return bool(tensor.dtype.is_floating_point)


def integers(w: Names) -> Draw | None:
    """Arithmetic of whole numbers: it wraps around, shifts by anything, divides by zero."""
    rng, out = w.rng, w.name()
    x = w.pick(whole)
    if x is None:
        return None
    y = w.fitting(x)
    n = rng.choice((0, 1, 2, 3, -1, -2, 7, 8, 31, 40, 64, 100, 200))
    to = rng.choice(("uint8", "int8", "int16", "int32", "int64"))
    options = [f"{x} << {n}", f"{x} >> {n}", f"{x} // {n}", f"{x} % {n}", f"{x}.to(torch.{to})",
               f"({x} * 50).to(torch.{to}) * {x}.to(torch.{to})", f"{x}.to(torch.{to}) + {n % 128}",
               f"-({x}.to(torch.{to}))", f"{x}.to(torch.{to}).abs()", f"{x}.to(torch.{to}).sum()",
               f"{x}.to(torch.{to}).prod(0)", f"{x}.to(torch.{to}).cumsum(-1)",
               f"~({x}.to(torch.{to}))", f"{x}.to(torch.{to}) ** {n % 4}",
               f"torch.div({x}, {n or 3}, rounding_mode='trunc')",
               f"torch.fmod({x}, {n or 3})", f"torch.gcd({x}, {x} * 2 + 1)",
               f"torch.bitwise_and({x}, {n % 100})"]  # fmt: skip
    if whole(w.tensor(y)):
        options += [f"{x} << {y}", f"{x} >> {y}", f"{x} // {y}", f"{x} % {y}",
                    f"torch.div({x}, {y}, rounding_mode='trunc')", f"torch.fmod({x}, {y})",
                    f"{x}.to(torch.{to}) * {y}.to(torch.{to})",
                    f"{x}.to(torch.{to}) - {y}"]  # fmt: skip
    options += [f"{x} / {n}", f"{x}.float() / {x}"]
    return Draw(f"{out} = {rng.choice(options)}", out, exact=w.is_exact(x, y), at_once=False)


def halves(w: Names) -> Draw | None:
    """Quotients, remainders and means by powers of two, by nothing, and where they are floored."""
    rng, out = w.rng, w.name()
    x = w.pick(floating)
    if x is None or not w.is_exact(x):
        return None
    n = rng.choice((2, 4, 8, 0.5, 0.25, -2, 1, 0, 0.0, -0.0))
    options = [f"{x} / {n}", f"{x}.detach() // {n}", f"{x} % {n}", f"torch.fmod({x}, {n})",
               f"torch.remainder({x}, {n})", f"{x}.div({n}, rounding_mode='floor')",
               f"{x}.detach().div({n}, rounding_mode='trunc')", f"{n} / ({x} + 16)",
               f"torch.nan_to_num({x} / {n})", f"({x} / {n}).isfinite()", f"torch.sign({x} / {n})",
               f"torch.copysign({x}.detach(), {x} * {n})", f"torch.signbit({x} * {n})",
               f"{x}.frac()", f"torch.heaviside({x}.detach(), {x}.detach())",
               f"{x}.round(decimals=1)"]  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out)


def extremes(w: Names) -> Draw | None:
    """Infinities and nan: where they come from, what picks and orders them."""
    rng, out = w.rng, w.name()
    x = w.pick(floating)
    if x is None or not w.is_exact(x):
        return None
    t = w.tensor(x)
    d = w.dim(t)
    bad = rng.choice((f"({x} / 0)", f"({x} / {x})", f"torch.log({x})", f"torch.sqrt({x})",
                      f"({x} * float('inf'))", f"{x}.exp() * 1e30"))  # fmt: skip
    options = [f"{bad}.amax({d})", f"{bad}.max({d})[1]", f"{bad}.min()", f"{bad}.argmin()",
               f"{bad}.sort(dim={d}, stable=True)[0]", f"{bad}.softmax({d})",
               f"{bad}.logsumexp({d})",
               f"{bad}.clamp(-1, 1)", f"{bad}.relu()", f"{bad}.tanh()", f"{bad}.sigmoid()",
               f"F.gelu({bad})", f"F.softplus({bad})", f"F.silu({bad})", f"{bad}.erf()",
               f"torch.maximum({bad}, {x})", f"torch.fmin({bad}, {x})", f"{bad} > {x}",
               f"{bad} == {bad}", f"{bad}.isnan()", f"{bad}.cummax({d})[0]", f"{bad}.sum({d})",
               f"torch.where({bad}.isnan(), {x}, {bad}).clamp(-9, 9)", f"{bad}.any({d})",
               f"{bad}.log_softmax({d})", f"{bad}.nan_to_num(1, 2, 3)", f"{bad}.nansum({d})",
               f"{bad}.sin()", f"{bad}.atan()", f"{bad}.rsqrt()", f"{bad} ** 2", f"{bad} ** 0",
               f"F.hardtanh({bad})", f"F.elu({bad})", f"{bad}.prod({d})", f"{bad}.floor()",
               f"{bad}.bool()"]  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out)


def layout(w: Names) -> Draw | None:
    """The same numbers lying differently."""
    rng, out = w.rng, w.name()
    x = w.pick(lambda t: t.ndim == 4)
    if x is None:
        x = w.pick(lambda t: t.ndim >= 1 and t.numel() > 0)
        if x is None:
            return None
        last = w.tensor(x).shape[-1]
        return Draw(f"{out} = {x}.reshape(-1, 1, 1, {last})", out, group=x, exact=True)
    last = "memory_format=torch.channels_last"
    options = [f"{x}.contiguous({last})", f"{x}.to({last})", f"{x}.clone({last})",
               f"torch.empty_like({x}, {last}).copy_({x})",
               f"{x}.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) * 2",
               f"{x}.contiguous({last}).contiguous()",
               f"torch.zeros_like({x}.to({last})) + {x}"]  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out, group=x, exact=True)


def layers(w: Names) -> Draw | None:
    """Layers of nets on what there is."""
    rng, out = w.rng, w.name()
    x = w.pick(lambda t: floating(t) and t.ndim >= 1 and t.numel() > 0)
    if x is None:
        return None
    t = w.tensor(x)
    c, kind, d = t.shape[-1], kind_of(t), w.dim(t)
    weight = f"make({rng.randrange(999)}, ({rng.randint(1, 3)}, {c}), '{kind}')"
    options = [f"F.linear({x}, {weight})", f"F.layer_norm({x}, ({c},))", f"F.softmax({x}, {d})",
               f"F.rms_norm({x}, ({c},))", f"F.normalize({x} + 0.25, dim={d})",
               f"F.pad({x}, (1, 2))",
               f"F.pad({x}, (-1, 1), value=2.0)", f"F.relu6({x})",
               f"F.glu(torch.cat([{x}, {x}], {d}), {d})",
               f"F.mse_loss({x}, {x}.detach() * 0.5)", f"F.smooth_l1_loss({x}, {x}.detach() * 0.5)",
               f"F.huber_loss({x}, {x}.detach() + 1)", f"F.hardswish({x})", f"F.mish({x})",
               f"F.binary_cross_entropy_with_logits({x}, {x}.detach().sigmoid())"]  # fmt: skip
    if t.ndim > 1:
        k, labels = t.shape[1], (t.shape[0], *t.shape[2:])
        options += [f"F.batch_norm({x}, None, None, training=True)",
                    f"F.cross_entropy({x}, "
                    f"torch.zeros({labels}).long())",
                    f"F.nll_loss({x}.log_softmax(1), torch.ones({labels}).long())",
                    f"F.group_norm({x}, {k})",
                    f"F.prelu({x}, make(3, ({k},), '{kind}'))"]  # fmt: skip
    if t.ndim == 3:
        options += [f"F.conv1d({x}, make(5, (2, {t.shape[1]}, 2), '{kind}'), padding=1)",
                    f"F.max_pool1d({x}, 2, 1)", f"F.avg_pool1d({x}, 2, 1)",
                    f"F.conv_transpose1d({x}, make(5, ({t.shape[1]}, 2, 2), '{kind}'))",
                    f"F.scaled_dot_product_attention({x}, {x}, {x}, is_causal=True)"]  # fmt: skip
    if t.ndim == 4:
        k = t.shape[1]
        options += [f"F.conv2d({x}, make(5, (2, {k}, 3, 3), '{kind}'), padding=1)",
                    f"F.conv2d({x}, make(5, (2, {k}, 1, 1), '{kind}'), stride=2)",
                    f"F.conv2d({x}, make(5, ({k}, 1, 3, 3), '{kind}'), padding=1, groups={k})",
                    f"F.max_pool2d({x}, 2, 1, 1)", f"F.avg_pool2d({x}, 3, 2, 1)",
                    f"F.adaptive_avg_pool2d({x}, 1)", f"F.interpolate({x}, scale_factor=2)",
                    f"F.conv_transpose2d({x}, make(5, ({k}, 2, 2, 2), '{kind}'), stride=2)",
                    f"F.interpolate({x}, (3, 4), mode='bilinear')"] * 2  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out, at_once=False)


def indices(w: Names) -> Draw | None:
    """Gathers, scatters and sums by index, with indices that repeat."""
    rng, out = w.rng, w.name()
    x = w.pick(lambda t: t.ndim >= 1 and t.numel() > 0)
    if x is None:
        return None
    t = w.tensor(x)
    n = t.shape[0]
    many = rng.randint(1, 5)
    places = f"torch.tensor({[rng.randrange(n) for _ in range(many)]})"
    source = f"torch.ones({(many, *t.shape[1:])}, dtype={x}.dtype)"
    spread = f"torch.zeros({tuple(t.shape)}).long()"
    options = [f"{x}.index_add(0, {places}, {source})", f"{x}.index_fill(0, {places}, 1)",
               f"{x}.scatter_add(0, {spread}, {x})",
               f"{x}.index_copy(0, torch.tensor([0]), {x}[-1:])",
               f"{x}.scatter(0, {spread}, 2)", f"{x}.gather(0, {spread}[:1])",
               f"torch.take_along_dim({x}, {spread}, 0)", f"{x}.take(torch.tensor([0, -1]))",
               f"{x}.index_put(({places},), {source}, accumulate=True)",
               f"torch.repeat_interleave({x}, 2, 0)",
               f"{x}.rot90(1, (0, -1))" if t.ndim > 1 else f"{x}.flip(0)",
               f"{x}.unfold(0, 1, 1)", f"{x}.movedim(0, -1) * 1",
               f"torch.tril({x}.reshape({n}, -1))",
               f"{x}.diff(dim=0)", f"{x}.masked_scatter({x} > 0, {x}.flip(0))"]  # fmt: skip
    if w.is_exact(x):
        options += [f"{x}.cummax(0)[1]", f"{x}.topk(1, 0)[0]", f"{x}.argsort(dim=0, stable=True)",
                    f"{x}.detach().unique()", f"{x}.nonzero().sum(0)",
                    f"torch.bincount(({x}.reshape(-1) > 0).long())",
                    f"torch.searchsorted({x}.reshape(-1).sort()[0], {x}[0].contiguous())",
                    f"{x}.count_nonzero(0)", f"{x}.kthvalue(1, 0)[0]", f"{x}.median()",
                    f"{x}.cumprod(0)"]  # fmt: skip
    return Draw(f"{out} = {rng.choice(options)}", out, exact=w.is_exact(x))


def pairs(w: Names) -> Draw | None:
    """Complex numbers made of two real ones and taken apart again."""
    rng, out = w.rng, w.name()
    x = w.pick(lambda t: kind_of(t) in ("float32", "float64"))
    if x is None:
        return None
    t = w.tensor(x)
    y = w.pick(lambda o: o.shape == t.shape and o.dtype is t.dtype) or x
    z = f"torch.complex({x}, {y})"
    made = rng.choice((f"{z} * {z}", f"{z} * {x}", f"{z}.conj().resolve_conj()",
                       f"{z} / ({z}.abs() + 1)",
                       f"{z} + 2j", f"{z} * (1 - 2j)", f"{z}.conj() * {z}", f"{z} - {y}",
                       f"torch.stack([{z}, {z}.conj()])", f"{z}.sum(-1)",
                       f"{z}.tanh()"))  # fmt: skip
    part = rng.choice((f"({made}).real + 0", f"({made}).resolve_conj().imag * 1", f"({made}).abs()",
                       f"torch.view_as_real(({made}).resolve_conj()) * 1"))  # fmt: skip
    return Draw(f"{out} = {part}", out)


def updates(w: Names) -> Draw | None:
    """Writes in place that compute: the smooth, the masked, the indexed."""
    rng = w.rng
    x = w.pick(lambda t: not overlaps(t) and floating(t) and not (t.requires_grad and t.is_leaf))
    if x is None:
        return None
    t = w.tensor(x)
    options = [f"{x}.tanh_()", f"{x}.sigmoid_()", f"F.relu({x}, inplace=True)", f"{x}.square_()",
               f"{x}.addcmul_({x}.detach().clone(), {x}.detach().clone(), value=0.5)",
               f"{x}.lerp_(torch.ones_like({x}), 0.25)",
               f"{x}.div_(2)", f"{x}.abs_().sqrt_()", f"{x}.masked_fill_({x}.detach() > 0, 1)",
               f"{x}.pow_(2)", f"{x}.sub_({x}.detach().mean())",
               f"{x}.copy_({x}.detach().flip({[0] if t.ndim else []}))",
               f"{x}.clamp_(min=0)", f"{x}.exp_().clamp_(max=3)"]  # fmt: skip
    if t.ndim:
        options += [f"{x}.cumsum_(0)", f"{x}[...] = {x}.detach().softmax(-1)"]
        if t.shape[0]:
            ones = f"torch.ones({(2, *t.shape[1:])}, dtype={x}.dtype)"
            options += [f"{x}.index_add_(0, torch.tensor([0, 0]), {ones})",
                        f"{x}.scatter_(0, torch.zeros({(1, *t.shape[1:])}).long(), 0.5)",
                        f"{x}.index_fill_(0, torch.tensor([0]), 2)",
                        f"{x}[torch.tensor([0, 0])] += 1",
                        f"{x}.index_put_((torch.tensor([0, 0]),), {ones},"
                        " accumulate=True)"]  # fmt: skip
    text = rng.choice(options)
    if rng.random() < 0.25:
        text = f"with torch.no_grad(): {text}"
    return Draw(text, writes=x)


CORNERS = (
    (5, integers), (4, halves), (3, extremes), (4, layout), (8, layers), (6, indices), (2, pairs),
    (5, updates),
)  # fmt: skip
