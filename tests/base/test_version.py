"""torch.__version__ compares as versions do."""

import rushlight as torch
from rushlight.base.version import TorchVersion


def test_what_programs_ask() -> None:
    version = torch.__version__
    assert version >= "2.2" and version > "1.10" and version < (3,) and version >= (2, 0)
    assert int(version.split(".")[0]) == 2 and isinstance(version, str)


def test_order() -> None:
    version = TorchVersion("2.13.0+cpu")
    assert version > "2.13" and version < "2.13.1" and version != "2.13.0"
    assert TorchVersion("2.13.0") == "2.13"
    assert TorchVersion("2.14.0a0") < "2.14" and TorchVersion("2.14.0a0") > "2.13.1"
    assert hash(version) == hash("2.13.0+cpu")


def test_text_that_is_no_version() -> None:
    assert TorchVersion("2.13.0") < "nightly" and TorchVersion("2.13.0") != "nightly"
