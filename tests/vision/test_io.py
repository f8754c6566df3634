"""Image files to tensors and back."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import io

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def picture() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 9, 7), dtype=np.uint8))


def test_png_keeps_every_pixel(picture, tmp_path: Path) -> None:
    io.write_png(picture, tmp_path / "x.png")
    assert io.read_image(tmp_path / "x.png").tolist() == picture.tolist()
    assert io.decode_png(io.encode_png(picture[:1])).tolist() == picture[:1].tolist()
    assert io.decode_image(str(tmp_path / "x.png"), "gray").shape == (1, 9, 7)
    assert io.read_image(tmp_path / "x.png", io.ImageReadMode.RGB_ALPHA).shape == (4, 9, 7)
    assert io.ImageReadMode.RGBA is io.ImageReadMode.RGB_ALPHA


def test_jpeg_is_pillows(picture, tmp_path: Path) -> None:
    smooth = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8).repeat(3, 2, 2)
    io.write_jpeg(smooth, tmp_path / "x.jpg", quality=90)
    with Image.open(tmp_path / "x.jpg") as other:
        assert np.array_equal(io.read_image(tmp_path / "x.jpg").numpy().transpose(1, 2, 0), other)
    gray = io.decode_jpeg(io.read_file(tmp_path / "x.jpg"), io.ImageReadMode.GRAY)
    assert gray.shape == (1, 16, 16)
    several = io.decode_jpeg(io.encode_jpeg([smooth, smooth]))
    assert len(several) == 2


def test_sixteen_bits_palettes_and_turned_photographs(tmp_path: Path) -> None:
    deep = np.array([[0, 300], [65535, 7]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    with pytest.raises(NotImplementedError, match="16 bits"):
        io.read_image(tmp_path / "deep.png")
    Image.new("P", (2, 3)).save(tmp_path / "p.png")
    assert io.read_image(tmp_path / "p.png").shape == (1, 3, 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (8, 4)).save(tmp_path / "t.jpg", exif=exif)
    assert io.read_image(tmp_path / "t.jpg").shape == (3, 4, 8)
    assert io.read_image(tmp_path / "t.jpg", apply_exif_orientation=True).shape == (3, 8, 4)


def test_gifs_move(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (3, 2), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    moving = io.decode_gif(io.read_file(tmp_path / "x.gif"))
    assert moving.shape == (2, 3, 2, 3)
    assert moving[1, :, 0, 0].tolist() == [0, 0, 255]


def test_files(tmp_path: Path) -> None:
    io.write_file(tmp_path / "x", torch.tensor([1, 2, 255], dtype=torch.uint8))
    assert (tmp_path / "x").read_bytes() == b"\x01\x02\xff"
    assert io.read_file(tmp_path / "x").tolist() == [1, 2, 255]
    with pytest.raises(RuntimeError, match="No such file"):
        io.read_image(tmp_path / "none.png")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: io.decode_image(torch.zeros(5, dtype=torch.uint8)), "bytes are not"),
        (lambda x: io.decode_image(torch.zeros(0, dtype=torch.uint8)), "non empty"),
        (lambda x: io.decode_jpeg(io.encode_png(x)), "not JPEG"),
        (lambda x: io.decode_png(io.encode_png(x)[:60]), "damaged"),
        (lambda x: io.encode_png(x.float()), "should be uint8"),
        (lambda x: io.encode_jpeg(x[:2]), "channels should be 1 or 3"),
        (lambda x: io.write_file("x", x), "one-dimensional"),
    ],
)
def test_errors(call, says: str, picture) -> None:
    with pytest.raises(RuntimeError, match=says):
        call(picture)


def test_quality_has_a_range(picture) -> None:
    with pytest.raises(ValueError, match="between 1 and 100"):
        io.encode_jpeg(picture, quality=0)


def packed(picture, kind: str, **options):
    file = BytesIO()
    picture.save(file, kind, **options)
    return torch.frombuffer(bytearray(file.getvalue()), dtype=torch.uint8)


def test_a_palette_unchanged_is_its_places() -> None:
    picture = Image.fromarray(np.array([[0, 2], [1, 3]], np.uint8))
    picture.putpalette([9, 8, 7, 200, 100, 50, 0, 255, 0, 1, 2, 3])
    data = packed(picture, "PNG")
    assert io.decode_png(data).tolist() == [[[0, 2], [1, 3]]]
    assert io.decode_png(data, "RGB")[:, 0, 1].tolist() == [0, 255, 0]
    # As libpng: 15 bits, rounded down.
    assert io.decode_png(data, "GRAY").tolist() == [[[8, 149], [124, 1]]]
    assert io.decode_image(packed(picture, "GIF"), "GRAY").shape == (3, 2, 2)


def test_jpeg_has_no_alpha_and_its_cmyk_is_inverted() -> None:
    grey = Image.new("L", (4, 4), 90)
    with pytest.raises(RuntimeError, match="not supported for JPEG"):
        io.decode_jpeg(packed(grey, "JPEG"), "RGB_ALPHA")
    inks = Image.new("CMYK", (4, 4), (10, 20, 30, 40))
    assert io.decode_jpeg(packed(inks, "JPEG", quality=100)).shape == (4, 4, 4)
    assert (
        abs(
            io.decode_jpeg(packed(inks, "JPEG"))[:, 0, 0].int() - torch.tensor([245, 235, 225, 215])
        ).max()
        <= 3
    )
    with pytest.raises(RuntimeError, match="damaged"):
        io.decode_jpeg(packed(inks, "JPEG")[:60])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="No such file or directory"):
        io.read_image(tmp_path / "none.png")


def test_avif_there_and_back() -> None:
    features = pytest.importorskip("PIL.features")
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    pixels = np.full((20, 30, 3), (200, 100, 50), np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "AVIF", quality=95)
    data = torch.tensor(list(file.getvalue()), dtype=torch.uint8)
    decoded = io.decode_avif(data)
    assert decoded.shape == (3, 20, 30) and decoded.dtype is torch.uint8
    np.testing.assert_allclose(decoded.float().mean((1, 2)), [200, 100, 50], atol=4)
    with pytest.raises(RuntimeError, match="the bytes are not AVIF"):
        io.decode_avif(data[40:])
