"""Sparse tensors in files, beside two that PyTorch 2.13 wrote."""

from __future__ import annotations

import base64
import copy
import io
import pickle
import zlib
from pickle import UnpicklingError

import pytest

import rushlight as torch
from rushlight.serialization.sparse import rebuild_sparse

# sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3., 4., 5.], (2, 3)) as a zip and as the old stream.
ZIP = (
    r"c-o~^&rj1(9DiL|H_99X5d;xE&O}GMv2JJ-GE6Tuag1mdJv60zYz<}QwQm?Wk(iNi^$##!{2M%Y@n7&@ym<5EiGR"
    r"WO)^)TGHxys;^0Map`SJSwe!8m0j{%TOf(t7Hrh(y_E$aX-Hw<j#_IGWyk_N9L>o{g&hg9YC4z_Gh)LppUvFwKK?"
    r"HjHKbqw2{<BACM%RJ~>hHV`g*mByU-h^1UjYFq{Ma0!JM7Ce%qfN&_u`c3kXe>KK#~08K@*;|7v-Jd_@JOZ6gh=o"
    r"q;xnh+-147^C{gD~iG-4Mo}A`>2aRh2M&hOhw3x=9pb3rFxD%8*HBHC1p-GK;;&ZnFUD$YPnZ)U}do`5CXtIVfEh"
    r"5?qgjCxx@IYy*rzE54*0{!Fbe$^jT{NR{U3BBLMM-8cnyaCkefXAjL}2s2jfF0{RYQxX7~MWWOEq*SSJe{9mwWNo"
    r"yM&hR>d@BBk>&-h%k4Pso`LlP=z8QPY9$rvpiEgmo&9)Az0y6Lbpe#lS^Mu;C%tU8_h1{Vl>##wf3=hqYGCaR`V}"
    r"J*v5^L*z}mpT_92E2?TK1>bQRrT*%rn&q#nADf6fa;MHuNJ4W2|&u`H>ThyP(9;N_Sz#^?sWsZ;SRS(4}wU*dEo>"
    r"Qq)M8E{d5eI0;fvOla-?z<lRm?G%ZNbbqdC=3ScO8qa0RQ2oo=8MbwzXbB<1K7J#<ZGf^4YiW{M-x&}k!7h|%oh}"
    r"SRVhiu{OXEaESAefrL2@nB}JABEBU-cU4Glx`JN>{vOSkvuO)%ca4<6$oU`9i799@YTm<=<1H+=sl7vIF5DiWYj7"
    r"Toa6Ar>ugy&s|XAnRZ9-hv01U}0HCOa%PJbh8@7ZxkC*zgQZMzD)xfSpzr9B%DW^v)shpNFoh3BvtgMEM5;WRf{2"
    r"`WY_AgD4C1-wJFb&ZA$|;)0J!_UirG-%ymMAp"
)
OLD = (
    r"c-nQ5%T60H6ox(HT#6}|-njI>OgB+ULj=1l5F7V8Y-Uqg(}|Tavc@^K2MHvkY!WqnhAz6~)%plXEI7jiq(;<|ZTa"
    r"{==lkt54u3Iy_51Mh?eWFe?e;kQ^q1m#4x|;Y6GBGTc#|3}PNa3p<Pe}BUcno!yw_65e4vsX!k;n2pg$c+;nbOQK"
    r"+mDpit8A3nXw+~Jd7!xRPLd{YjLftVe%m~d95grnR;W>tSt(!v}3}`ABEBb;YNvdQh1p=V;PXS%t@;ft<DmUu9z4"
    r"~FLZKh3eO<8aXyz-*{LxQPJl+}=|7wbAWk|A>aAAXERCZw8A@nWDeNQKJ*r|1n(-=1_Pd>(UU&CH=l$+ZZx0^aJT"
    r"V;=u*4gmJ+N<_@Q~9fEOW|(DLkB|_?ud$rESN)*nzZiaG+B3z49)CRS#<stY>H;yTu-AllVLCqeX77y9bZ6B~Fp|"
    r"q~y^FJmtXzp3Snd<c5dM2)5?Mj<7ilwkuQ5C-5SImopEqrtms~H`s>nW$W*GT5umXl<fxjcLWQ2xNv`argxEkpO7"
    r")mKmBW=Wv$f"
)

PLACES = torch.tensor([[0, 1, 1], [2, 0, 2]])
ELEMENTS = torch.tensor([3.0, 4.0, 5.0])


@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("text", [ZIP, OLD])
def test_reads_pytorchs(text: str, weights_only: bool) -> None:
    file = io.BytesIO(zlib.decompress(base64.b85decode(text)))
    found = torch.load(file, weights_only=weights_only)
    assert found.layout is torch.sparse_coo
    assert not found.is_coalesced()
    assert found.to_dense().tolist() == [[0.0, 0.0, 3.0], [4.0, 0.0, 5.0]]


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "int64", "bool", "complex64"])
def test_round_trip(dtype: str, legacy: bool) -> None:
    elements = torch.tensor([1, 0, 1]).to(getattr(torch, dtype))
    before = torch.sparse_coo_tensor(PLACES, elements, (2, 3))
    kept = {"a": before, "again": before, "merged": before.coalesce(), "dense": torch.ones(2)}
    file = io.BytesIO()
    torch.save(kept, file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    after = torch.load(file)
    assert after["a"] is after["again"]
    assert after["a"].dtype == before.dtype
    assert after["a"]._indices().tolist() == PLACES.tolist()
    assert after["a"]._values().tolist() == elements.tolist()
    assert after["merged"].is_coalesced()
    assert not after["a"].is_coalesced()


@pytest.mark.parametrize("legacy", [False, True])
def test_dense_axes_nothing_kept_and_gradients(legacy: bool) -> None:
    rows = torch.sparse_coo_tensor([[0, 2]], torch.arange(6.0).reshape(2, 3), (4, 3))
    empty = torch.zeros(2, 3).to_sparse()
    slope = torch.sparse_coo_tensor(PLACES, torch.ones(3, requires_grad=True), (2, 3))
    file = io.BytesIO()
    torch.save([rows, empty, slope], file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    found = torch.load(file)
    assert found[0].to_dense().tolist() == rows.to_dense().tolist()
    assert (found[1]._nnz(), tuple(found[1].shape)) == (0, (2, 3))
    assert not found[2].requires_grad


def _saved(places: list[list[int]], legacy: bool) -> io.BytesIO:
    """A file whose places are wrong: made without the checks of sparse_coo_tensor."""
    tensor = torch.sparse_coo_tensor(PLACES, ELEMENTS, (2, 3), is_coalesced=True)
    tensor._places = torch.tensor(places)
    file = io.BytesIO()
    torch.save({"damaged": tensor}, file, _use_new_zipfile_serialization=not legacy)
    file.seek(0)
    return file


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    ("places", "message"),
    [([[0, 1, 1], [3, 0, 2]], "for dim 1, size is 3 but found index 3"),
     ([[0, -1, 1], [2, 0, 2]], "for dim 0, size is 2 but found negative index -1")],
)  # fmt: skip
def test_places_outside(places, message, legacy) -> None:
    with pytest.raises(RuntimeError, match=message):
        torch.load(_saved(places, legacy))


def test_not_merged_as_the_file_says() -> None:
    found = torch.load(_saved([[1, 0, 1], [0, 2, 0]], True))["damaged"]
    assert not found.is_coalesced()
    assert found.coalesce()._values().tolist() == [4.0, 8.0]


SIZE = torch.Size((2, 3))


@pytest.mark.parametrize(
    ("layout", "data", "error"),
    [
        (torch.strided, (PLACES, ELEMENTS, SIZE), NotImplementedError),
        (torch.sparse_coo, (PLACES, ELEMENTS), UnpicklingError),
        (torch.sparse_coo, 3, UnpicklingError),
        (torch.sparse_coo, (PLACES, 3, SIZE), UnpicklingError),
        (torch.sparse_coo, (PLACES.float(), ELEMENTS, SIZE), UnpicklingError),
        (torch.sparse_coo, (PLACES, ELEMENTS, (2, -3)), UnpicklingError),
        (torch.sparse_coo, (PLACES, ELEMENTS[:2], SIZE), RuntimeError),
        (torch.sparse_coo, (PLACES, ELEMENTS, torch.Size((2,))), RuntimeError),
        (torch.sparse_coo, (PLACES[0], ELEMENTS, SIZE), RuntimeError),
        (torch.sparse_coo, (PLACES, ELEMENTS[:, None], torch.Size((2, 3, 2))), RuntimeError),
        (torch.sparse_coo, (PLACES, ELEMENTS, torch.Size((2, 2))), RuntimeError),
    ],
)
def test_damaged_data(layout, data, error) -> None:
    with pytest.raises(error):
        rebuild_sparse(layout, data)


def test_copies_and_buffers() -> None:
    sparse = torch.sparse_coo_tensor(PLACES, ELEMENTS, (2, 3))
    for copied in (
        copy.copy(sparse), copy.deepcopy(sparse), pickle.loads(pickle.dumps(sparse)),
    ):  # fmt: skip
        assert copied.to_dense().tolist() == sparse.to_dense().tolist()
        assert copied is not sparse
    layer, other = torch.nn.Module(), torch.nn.Module()
    layer.register_buffer("s", sparse)
    other.register_buffer("s", torch.zeros(2, 3).to_sparse())
    other.load_state_dict(layer.state_dict())
    assert other.s.to_dense().tolist() == sparse.to_dense().tolist()
    with pytest.raises(RuntimeError, match="between dense and sparse"):
        sparse.copy_(torch.zeros(2, 3))
