"""torch.nested says what is not there."""

import pytest

import rushlight as torch

ARGUMENTS = {"to_padded_tensor": (torch.ones(1), 0.0)}


@pytest.mark.parametrize("name", torch.nested.__all__)
def test_every_name_says_what_to_do_instead(name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"torch\.nested\.{name}: .*pad_sequence"):
        getattr(torch.nested, name)(*ARGUMENTS.get(name, (torch.ones(1),)))
