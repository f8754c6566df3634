"""What PyTorch's tensors are in a pickle that no torch.save wrote (pickle.dump, joblib)."""

from __future__ import annotations

import base64
import importlib
import io
import pickle
import zlib
from typing import Any

import rushlight as torch

# pickle.dumps({"turned": torch.arange(6.0).view(2, 3).t(), "weight": Parameter(ones(2)),
# "half": ones(1).bfloat16(), "layout": torch.strided}) by PyTorch 2.13.
PICKLED = (
    b"c-q~R%Wl&^6o!3k0s{@DT+6jkF5wo^TcWOr5bDO_W;WiSk!w%mL9U&DJT7XbO5LQiJOc}s@CZn((idaKNmUiK4*-^R"
    b"#xwKlc+U6h%(k@!qwZG>!;pnYSp+kbnF!+sEhJBJLIqnXcoI>`(mWG%eU8AYk2JX&f-WO8$%2TkifoOpY)F<9*dYzG"
    b"h=n;}ss12v{29|Q2HV!)D@pc$556t$|C;_Z`0;M4p%!27|Frd3o@PRwrYAC)g;_$^naFvT!qgIfTx}&>%7jstMm$Ji"
    b"4R(E^kH67lH0PTvhrI=-?vJU(JkEr~m}~jAn(<Vk;yS*glVoWZRo5vB{oA@<)#_n6FoxxkWmT5^Fsc!zUsIZ;h54oS"
    b"LTjP9*j#EgF-#ox3fOMtjfC@Fr~3%wII$TtH0Z-;u>C^Cj(R(KqQmzN#!5SqK=O1Jl^s+)oa*DW2jUv8?OHoH<C?C$"
    b"gR^^~B9yRDDnL1TD<URX^ooa)VEmDXn#4H|6J@&3jCW&+^C!653q-KSBohRau~m=l*zqU-8^7k;?ZsAW_AkGz<NZ1m"
    b"E5EFxUa5c!vGU}ihf952_HadcV)b#=HT#&_i#7IZ64yQ4*exeFzu=aK+hq-LkgQ_*0B`MI!~3%2JKH*`BihaO;@lC!"
    b"=E)r~6f45!Az$3lXzzNM>EoV<`wFe1`ap+=L$q}X6(5fpWFspio*djoOz<G#n}KcyLc2`Tp@QIP$?4$A5<F7Z+_OF!"
    b"9-bGCKTz;^4*"
)


class Ours(pickle.Unpickler):
    """``torch`` is Rushlight, as it is under ``rushlight run``."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "torch":
            return getattr(importlib.import_module("rushlight" + module[5:]), name)
        return super().find_class(module, name)


def test_tensors_and_parameters() -> None:
    found = Ours(io.BytesIO(zlib.decompress(base64.b85decode(PICKLED)))).load()
    assert found["turned"].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    assert found["turned"].stride() == (1, 3)
    assert isinstance(found["weight"], torch.nn.Parameter) and found["weight"].requires_grad
    assert found["half"].dtype is torch.bfloat16 and found["half"].tolist() == [1.0]
    assert found["layout"] is torch.strided
    from rushlight._tensor import Tensor

    assert Tensor is torch.Tensor
