"""``rushlight op NAME``: the card of one operation, everything that is known about it."""

from __future__ import annotations

import ast
import difflib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

import rushlight.ops
from rushlight.cli.lowering import lowerings
from rushlight.cli.named import function_called, function_card, plain
from rushlight.ir.primitives import PRIMITIVES
from rushlight.ops.table import OPS, Op

ROOT = Path(__file__).parent.parent.parent


@click.command()
@click.argument("name", required=False)
def op(name: str | None) -> int:
    """Show the card of one operation.

    What it does, who finds it under which name, where each of its rules stands, and whether it is
    compiled for a dtype. NAME is what a program says: softmax, F.relu, Tensor.add_, fft.fft,
    linalg.eigh. Without NAME all operations are listed.
    """
    import_every_op()
    if name is None:
        for line in listing():
            click.echo(line)
        return 0
    found = OPS.get(plain(name)) or by_alias().get(plain(name))
    function = function_called(name) if found is None else None
    if found is None and function is None and name not in PRIMITIVES:
        near = difflib.get_close_matches(name, {*OPS, *PRIMITIVES}, n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise click.ClickException(f"no operation is called {name!r}{hint}")
    if found is not None:
        for line in card(found):
            click.echo(line)
    if function is not None:
        for line in function_card(*function):
            click.echo(line)
    if name in PRIMITIVES:
        click.echo(_row("primitive", f"{name}: {PRIMITIVES[name]}"))
    return 0


def import_every_op() -> None:
    """Fill the table: each file of ops/ enters its ops when it is imported."""
    for module in pkgutil.walk_packages(rushlight.ops.__path__, "rushlight.ops."):
        importlib.import_module(module.name)


def by_alias() -> dict[str, Op]:
    """The ops under their other names."""
    return {alias: each for each in OPS.values() for alias in each.aliases}


def listing() -> Iterator[str]:
    """Every op's name, a line for each file."""
    files: dict[str, list[str]] = {}
    for each in OPS.values():
        files.setdefault(_place(each.body).partition(":")[0], []).append(each.name)
    for file, ops in sorted(files.items()):
        yield f"{file}: {', '.join(sorted(ops))}"
    yield f"{len(OPS)} operations over {len(PRIMITIVES)} primitives"


def card(each: Op) -> Iterator[str]:
    """The lines of one op's card."""
    yield f"{each.name}({', '.join(map(_parameter, each.signature.parameters.values()))})"
    for line in inspect.cleandoc(each.__doc__ or "(no doc)").splitlines():
        yield f"    {line}".rstrip()
    yield ""
    yield _row("kind", ", ".join(_kinds(each)))
    yield _row("users", ", ".join(_user_names(each)))
    row = _row_of_a_factory(each)
    if row:
        yield _row("defined", row)
    yield _row("body", _place(each.body))
    rules = {
        "vjp": each.vjp_rule,
        "strides": each.stride_rule,
        "reference": each.reference_rule,
        "samples": each.samples_rule,
        "bad_inputs": each.bad_inputs_rule,
    }
    for rule, function in rules.items():
        if function is not None:
            yield _row(rule, _place(function))
        elif rule == "vjp" and each.differentiable:
            yield _row(rule, "derived from the body")
    for how, dtypes in lowerings(each):
        yield _row("runs", f"{how}: {', '.join(dtypes)}")


def _parameter(parameter: inspect.Parameter) -> str:
    star = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else ""
    text = f"{star}{parameter.name}: {parameter.annotation}"
    return (
        text if parameter.default is inspect.Parameter.empty else f"{text} = {parameter.default!r}"
    )


def _row(subject: str, text: str) -> str:
    return f"{subject:<10} {text}"


def _kinds(each: Op) -> list[str]:
    kinds = ["view" if each.view else "composite"]
    kinds.append(f"grad_fn <{each.grad_name}>" if each.differentiable else "not differentiable")
    return kinds


def _user_names(each: Op) -> list[str]:
    names = (each.name, *each.aliases)
    found = [f"torch.{name}" for name in names if each.torch]
    found += [f"Tensor.{name}" for name in names if each.method]
    found += [f"Tensor.{name}_" for name in names if each.inplace]
    found += [f"F.{name}" for name in names if each.functional]
    return found or ["(none: used by other ops)"]


def _place(function: Callable[..., Any]) -> str:
    """``rushlight/ops/activation/smooth.py:12``."""
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{shown}:{code.co_firstlineno}"


def _row_of_a_factory(each: Op) -> str:
    """Where ``name = factory(...)`` stands, for an op whose body is the factory's; else ''."""
    module = sys.modules[each.body.__module__]
    names = {name for name, value in vars(module).items() if value is each}
    for statement in ast.parse(inspect.getsource(module)).body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id in names for target in statement.targets
        ):
            return _place(each.body).rpartition(":")[0] + f":{statement.lineno}"
    return ""
