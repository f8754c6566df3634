"""Transforms: values, printed forms, chance, errors; expected numbers are torchvision's."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.base import config
from rushlight.vision import transforms as T
from rushlight.vision.transforms import draws
from rushlight.vision.transforms import functional as F

Image = pytest.importorskip("PIL.Image")


def picture(height: int = 8, width: int = 6, channels: int = 3):
    """A PIL image whose pixels are all different."""
    values = np.arange(height * width * channels) * 7 % 256
    pixels = values.astype(np.uint8).reshape(height, width, channels)
    return Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)


def test_to_tensor() -> None:
    tensor = T.ToTensor()(picture())
    assert tensor.shape == (3, 8, 6)
    assert tensor.dtype == torch.float32
    assert tensor[1, 0, 0].item() == np.float32(7) / np.float32(255)
    assert T.ToTensor()(np.zeros((4, 5), np.uint8)).shape == (1, 4, 5)
    assert T.ToTensor()(np.zeros((4, 5, 2), np.int32)).dtype == torch.int32
    with pytest.raises(TypeError, match="PIL Image or ndarray"):
        T.ToTensor()([1])
    with pytest.raises(ValueError, match="2/3 dimensional"):
        T.ToTensor()(np.zeros(3, np.uint8))


@pytest.mark.parametrize(("mode", "dtype"), [("1", "float32"), ("L", "float32"), ("I", "int32"),
                                             ("F", "float32"), ("RGBA", "float32")])  # fmt: skip
def test_to_tensor_of_every_mode(mode: str, dtype: str) -> None:
    image = Image.new(mode, (3, 2), 1)
    tensor = T.ToTensor()(image)
    assert tensor.dtype == getattr(torch, dtype)
    assert tensor.shape == (4 if mode == "RGBA" else 1, 2, 3)
    if mode == "1":
        assert tensor[0, 0, 0].item() == 1.0


def test_there_and_back() -> None:
    image = picture()
    for convert in (T.ToTensor(), T.PILToTensor()):
        again = T.ToPILImage()(convert(image))
        assert again.mode == "RGB"
        assert np.array_equal(np.asarray(again), np.asarray(image))
    assert T.ToPILImage()(torch.zeros(1, 2, 2)).mode == "L"
    with pytest.raises(ValueError, match="> 4 channels"):
        T.ToPILImage()(torch.zeros(5, 2, 2))
    with pytest.raises(ValueError, match="Only modes"):
        T.ToPILImage("RGBA")(torch.zeros(3, 2, 2))


def test_normalize() -> None:
    image = torch.ones(3, 2, 2)
    result = T.Normalize((0.5, 0.0, 1.0), (0.5, 2.0, 1.0))(image)
    assert result[:, 0, 0].tolist() == [1.0, 0.5, 0.0]
    assert image[0, 0, 0].item() == 1.0
    T.Normalize((0.5,), (0.5,), inplace=True)(image.mul_(2))
    assert image[0, 0, 0].item() == 3.0
    with pytest.raises(TypeError, match="float tensor"):
        T.Normalize((0.5,), (0.5,))(torch.ones(3, 2, 2, dtype=torch.uint8))
    with pytest.raises(ValueError, match="division by zero"):
        T.Normalize((0.5,), (0.0,))(image)
    with pytest.raises(ValueError, match=r"\.\.\., C, H, W"):
        T.Normalize((0.5,), (0.5,))(torch.ones(3))


def test_the_fused_pair_is_the_two_steps() -> None:
    image = picture()
    steps = [T.ToTensor(), T.Normalize((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))]
    together = T.Compose(steps)(image)
    assert together.tolist() == steps[1](steps[0](image)).tolist()


def test_normalize_with_too_many_values() -> None:
    gray = torch.ones(1, 2, 2)
    normalize = T.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    with pytest.raises(RuntimeError, match="--era 2022"):
        normalize(gray)
    before = config.ERA
    config.set_era(2022)
    try:
        with pytest.warns(DeprecationWarning, match="the first are used"):
            assert normalize(gray).tolist() == [[[1.0, 1.0], [1.0, 1.0]]]
    finally:
        config.set_era(before)
    with pytest.raises(RuntimeError, match="one value a channel"):
        T.Normalize((0.5, 0.5), (0.5, 0.5))(torch.ones(3, 2, 2))


def test_gradients_flow_through_normalize_crop_and_flip() -> None:
    image = torch.ones(3, 4, 4, requires_grad=True)
    result = F.hflip(F.crop(F.normalize(image, [0.5] * 3, [0.5] * 3), 0, 0, 2, 2))
    result.sum().backward()
    assert image.grad.sum().item() == 24.0
    assert image.grad[0, 3, 3].item() == 0.0


@pytest.mark.parametrize("as_tensor", [False, True])
def test_crops_flips_and_borders_agree_on_images_and_tensors(as_tensor: bool) -> None:
    image = picture()
    pixels = np.asarray(image)
    given = T.PILToTensor()(image) if as_tensor else image

    def pixels_of(result) -> np.ndarray:
        if as_tensor:
            return result.numpy().transpose(1, 2, 0)
        return np.asarray(result)

    assert np.array_equal(pixels_of(F.crop(given, 1, 2, 3, 4)), pixels[1:4, 2:6])
    outside = pixels_of(F.crop(given, -1, -1, 3, 3))
    assert np.array_equal(outside[1:, 1:], pixels[:2, :2])
    assert not outside[0].any()
    assert np.array_equal(pixels_of(F.hflip(given)), pixels[:, ::-1])
    assert np.array_equal(pixels_of(F.vflip(given)), pixels[::-1])
    assert np.array_equal(pixels_of(F.center_crop(given, [4, 2])), pixels[2:6, 2:4])
    assert pixels_of(F.center_crop(given, [10, 10])).shape == (10, 10, 3)
    padded = pixels_of(F.pad(given, [1, 2, 3, 4]))
    assert padded.shape == (14, 10, 3)
    assert np.array_equal(padded[2:10, 1:7], pixels)
    for mode in ("edge", "reflect", "symmetric"):
        expected = np.pad(pixels, ((2, 2), (1, 1), (0, 0)), mode)
        assert np.array_equal(pixels_of(F.pad(given, (1, 2), padding_mode=mode)), expected)


@pytest.mark.parametrize(("size", "expected"), [(4, (5, 4)), ((4, 10), (4, 10)), ([12], (16, 12))])
def test_sizes_of_resize(size, expected: tuple[int, int]) -> None:
    assert F.get_dimensions(F.resize(picture(), size)) == [3, *expected]
    assert F.get_dimensions(F.resize(T.ToTensor()(picture()), size)) == [3, *expected]


def test_resize_of_a_ramp() -> None:
    ramp = torch.arange(8.0).reshape(1, 1, 8)
    half = F.resize(ramp, [1, 4], antialias=False)
    assert half.flatten().tolist() == pytest.approx([0.5, 2.5, 4.5, 6.5])
    smooth = F.resize(ramp, [1, 4]).flatten().tolist()
    assert smooth == pytest.approx([0.7142857, 2.5, 4.5, 6.2857143], abs=1e-6)
    nearest = F.resize(ramp, [1, 4], T.InterpolationMode.NEAREST)
    assert nearest.flatten().tolist() == [0.0, 2.0, 4.0, 6.0]


def test_gray() -> None:
    image = picture()
    assert T.Grayscale()(image).mode == "L"
    assert T.Grayscale(3)(image).mode == "RGB"
    tensor = T.Grayscale()(T.PILToTensor()(image))
    assert tensor.shape == (1, 8, 6)
    assert tensor[0, 0, 0].item() == int(np.float32(0.587) * 7 + np.float32(0.114) * 14)


def test_dtypes_and_ranges() -> None:
    bytes_ = torch.tensor([[[0, 128, 255]]], dtype=torch.uint8)
    floats = T.ConvertImageDtype(torch.float32)(bytes_)
    assert floats[0, 0, 2].item() == 1.0
    assert T.ConvertImageDtype(torch.uint8)(floats).tolist() == bytes_.tolist()
    with pytest.raises(RuntimeError, match="cannot be performed safely"):
        T.ConvertImageDtype(torch.int32)(floats)


def test_chance_is_torchvisions() -> None:
    image = picture()
    torch.manual_seed(0)
    crops = [T.RandomCrop.get_params(image, (3, 4)) for _ in range(5)]
    assert crops == [(2, 0, 3, 4), (5, 0, 3, 4), (1, 0, 3, 4), (1, 1, 3, 4), (1, 0, 3, 4)]
    torch.manual_seed(0)
    flips = [T.RandomHorizontalFlip()(image) is not image for _ in range(8)]
    assert flips == [True, False, True, True, True, False, True, False]
    torch.manual_seed(0)
    parts = [T.RandomResizedCrop.get_params(image, (0.08, 1.0), (3 / 4, 4 / 3)) for _ in range(5)]
    assert parts == [(1, 0, 5, 5), (2, 1, 4, 4), (1, 0, 5, 5), (2, 1, 2, 2), (2, 0, 5, 6)]


def test_printed_forms() -> None:
    composed = T.Compose([
        T.RandomResizedCrop(224), T.Resize(256), T.CenterCrop(10), T.RandomCrop(32, padding=4),
        T.RandomHorizontalFlip(), T.Pad(2), T.ToTensor(), T.Normalize([0.5], [0.25]),
        T.Lambda(lambda x: x), T.Grayscale(), T.ToPILImage(),
    ])  # fmt: skip
    assert repr(composed) == (
        "Compose(\n"
        "    RandomResizedCrop(size=(224, 224), scale=(0.08, 1.0), ratio=(0.75, 1.3333), "
        "interpolation=bilinear, antialias=True)\n"
        "    Resize(size=256, interpolation=bilinear, max_size=None, antialias=True)\n"
        "    CenterCrop(size=(10, 10))\n"
        "    RandomCrop(size=(32, 32), padding=4)\n"
        "    RandomHorizontalFlip(p=0.5)\n"
        "    Pad(padding=2, fill=0, padding_mode=constant)\n"
        "    ToTensor()\n"
        "    Normalize(mean=[0.5], std=[0.25])\n"
        "    Lambda()\n"
        "    Grayscale(num_output_channels=1)\n"
        "    ToPILImage()\n"
        ")"
    )


def test_names_of_2017() -> None:
    with pytest.warns(DeprecationWarning, match="RandomResizedCrop"):
        assert F.get_dimensions(T.RandomSizedCrop(4)(picture())) == [3, 4, 4]
    with pytest.warns(DeprecationWarning, match="Resize"):
        assert F.get_dimensions(T.Scale(4)(picture())) == [3, 5, 4]


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: T.RandomCrop(9)(picture()), ValueError, "larger than input image size"),
        (lambda: T.CenterCrop((1, 2, 3)), ValueError, "two dimensions"),
        (lambda: T.Resize(2.5), TypeError, "int or sequence"),
        (lambda: T.Pad(1, padding_mode="no"), ValueError, "Padding mode"),
        (lambda: T.Lambda(1), TypeError, "callable"),
        (lambda: T.Resize(4)(5), TypeError, "Unexpected type"),
    ],
)
def test_wrong_use(make, error, text: str) -> None:
    with pytest.raises(error, match=text):
        make()


def test_without_pillow(monkeypatch) -> None:
    import builtins

    from rushlight.vision import pillow

    real = builtins.__import__

    def no_pillow(name, *args):
        if name.startswith("PIL"):
            raise ImportError(name)
        return real(name, *args)

    pillow.image_module.cache_clear()
    monkeypatch.setattr(builtins, "__import__", no_pillow)
    with pytest.raises(ImportError, match=r"pip install 'rushlight\[vision\]'"):
        T.ToPILImage()(torch.zeros(3, 2, 2))
    pillow.image_module.cache_clear()


def test_colour() -> None:
    image = picture()
    assert np.array_equal(np.asarray(F.adjust_brightness(image, 1.0)), np.asarray(image))
    assert not np.asarray(F.adjust_brightness(image, 0.0)).any()
    bytes_ = T.PILToTensor()(image)
    assert F.adjust_brightness(bytes_, 2.0).numpy().max() == 255
    gray = F.adjust_saturation(bytes_, 0.0).numpy()
    assert np.array_equal(gray[0], gray[2])
    assert F.adjust_contrast(bytes_, 0.0).numpy().std(axis=(1, 2)).max() == 0
    assert F.adjust_hue(image, 0.25).mode == "RGB"
    with pytest.raises(ValueError, match="hue_factor"):
        F.adjust_hue(image, 0.6)
    jitter = T.ColorJitter(0.5, (0.1, 0.2), hue=0.1)
    assert repr(jitter) == (
        "ColorJitter(brightness=(0.5, 1.5), contrast=(0.1, 0.2), saturation=None, hue=(-0.1, 0.1))"
    )
    assert jitter(image).size == image.size
    with pytest.raises(ValueError, match="between"):
        T.ColorJitter(hue=1.0)


def test_erasing() -> None:
    image = torch.ones(3, 8, 8)
    torch.manual_seed(1)
    erased = T.RandomErasing(p=1.0)(image)
    zeros = int((erased.numpy() == 0).sum())
    assert zeros > 0
    assert zeros % 3 == 0
    assert image.numpy().min() == 1
    assert T.RandomErasing(p=0.0)(image) is image
    with pytest.raises(ValueError, match="number of input channels"):
        T.RandomErasing(p=1.0, value=(1, 2))(image)


def test_address_of_the_module() -> None:
    """Programs import from the file in which torchvision keeps the classes."""
    import rushlight.vision.transforms.transforms as kept
    from rushlight.vision import transforms

    for name in kept.__all__:
        assert getattr(kept, name) is getattr(transforms, name)
    assert {"Compose", "RandomCrop", "Normalize", "InterpolationMode"} <= set(kept.__all__)


def test_a_chain_normalizes_wherever_the_pair_stands() -> None:
    picture = F.to_pil_image(np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5)
    pair = [T.ToTensor(), T.Normalize((0.1, 0.2, 0.3), (0.5, 0.6, 0.7))]
    expected = pair[1](pair[0](picture))
    turned = T.Compose([T.RandomHorizontalFlip(1.0), *pair, T.RandomHorizontalFlip(1.0)])
    assert torch.equal(turned(picture), expected)
    assert torch.equal(T.Compose([T.Compose(pair)])(picture), expected)
    assert torch.equal(T.Compose([T.ToTensor()])(picture), pair[0](picture))
    assert torch.equal(T.Compose([T.ToTensor(), torch.neg])(picture), -pair[0](picture))
    with pytest.raises(TypeError, match="PIL Image or ndarray"):
        T.Compose([T.ToTensor(), T.ToTensor()])(picture)


def test_choices_follow_the_default_dtype() -> None:
    """torchvision draws in the default dtype: two words a number in float64. (From PyTorch.)"""
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(0)
        torch.rand(1)
        wanted = torch.empty(1).uniform_(2.0, 5.0).item(), torch.rand(2).tolist()
        torch.manual_seed(0)
        chosen = draws.chance(0.5)
        assert (draws.uniform(2.0, 5.0), draws.uniforms(2).tolist()) == wanted
        torch.manual_seed(0)
        assert chosen == (torch.rand(1).item() < 0.5)
        torch.manual_seed(0)
        assert T.RandomResizedCrop.get_params(
            torch.zeros(3, 32, 32), [0.08, 1.0], [3 / 4, 4 / 3]
        ) == (4, 5, 20, 26)  # fmt: skip
    finally:
        torch.set_default_dtype(torch.float32)


def test_choices_in_other_types_are_refused() -> None:
    torch.set_default_dtype(torch.bfloat16)
    try:
        with pytest.raises(NotImplementedError, match="bfloat16"):
            draws.uniform()
    finally:
        torch.set_default_dtype(torch.float32)
