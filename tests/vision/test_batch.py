"""Whole batches of bytes against one image at a time: the same pixels, the same choices."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import DataLoader, default_collate
from rushlight.vision import transforms as T
from rushlight.vision import tv_tensors
from rushlight.vision.datasets.vision import PixelDataset
from rushlight.vision.transforms import batch as batch_module
from rushlight.vision.transforms import v2 as V
from rushlight.vision.transforms.batch import plan
from rushlight.vision.transforms.batch_stages import Form
from rushlight.vision.transforms.fixed_point import resize_bytes, rows_first

Image = pytest.importorskip("PIL.Image")
GRAY, COLOUR = 1, 3


class Noise(PixelDataset):
    """Forty images of noise, 20 x 24."""

    def __init__(self, channels: int, transform) -> None:
        super().__init__(None, transform=transform)
        shape = (40, 20, 24, channels)
        self.data = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def pixels(self):
        return self.data

    def batch_labels(self, indices):
        return torch.tensor(list(indices))

    def sample(self, index: int):
        picture = self.data[index]
        return Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture), index

    def __len__(self) -> int:
        return len(self.data)


FLOATS = (V.ToImage(), V.ToDtype(torch.float32, scale=True))


class Mirrored(T.RandomHorizontalFlip):
    pass


CHAINS = {
    "crop, flip": lambda: [T.RandomCrop(16, padding=4), T.RandomHorizontalFlip(), T.ToTensor()],
    "fill": lambda: [T.RandomCrop((20, 24), padding=(1, 2), fill=9), T.ToTensor()],
    "reflect": lambda: [T.RandomCrop(18, 3, padding_mode="reflect"), T.ToTensor()],
    "edge": lambda: [T.Pad((1, 2, 3, 4), padding_mode="edge"), T.ToTensor()],
    "needed": lambda: [T.RandomCrop(30, pad_if_needed=True), T.ToTensor()],
    "whole": lambda: [T.RandomCrop((20, 24)), T.RandomVerticalFlip(0.3), T.ToTensor()],
    "resize": lambda: [T.Resize((31, 17)), T.CenterCrop(15), T.ToTensor()],
    "shorter edge": lambda: [T.Resize(32, T.InterpolationMode.BICUBIC), T.ToTensor()],
    "lanczos": lambda: [T.Resize((31, 17), T.InterpolationMode.LANCZOS), T.ToTensor()],
    "resized tensors": lambda: [T.PILToTensor(), T.Resize(13), T.RandomResizedCrop((9, 30))],
    "resized floats": lambda: [T.ToTensor(), T.RandomResizedCrop(9, antialias=False)],
    "gray": lambda: [T.Grayscale(3), T.RandomGrayscale(0.4), T.ToTensor()],
    "after": lambda: [T.ToTensor(), T.Normalize(0.2, 0.3), T.RandomCrop(16, 2, fill=0.25)],
    "bytes": lambda: [T.PILToTensor(), T.RandomHorizontalFlip(), T.ConvertImageDtype(torch.float)],
    "erase": lambda: [T.RandomCrop(16), T.ToTensor(), T.RandomErasing(0.8, value="random")],
    "erase by value": lambda: [T.ToTensor(), T.RandomErasing(value=3), T.RandomVerticalFlip()],
    "rotation": lambda: [T.RandomRotation(9), T.RandomHorizontalFlip(), T.ToTensor()],
    "resized crop": lambda: [T.RandomResizedCrop(12), T.ToTensor(), T.Normalize(0.2, 0.3)],
    "jitter": lambda: [T.ColorJitter(0.4, 0.3, 0.2, 0.1), T.ToTensor(), T.RandomErasing()],
    "own": lambda: [lambda x: x.rotate(30), Mirrored(), T.ToTensor(), T.RandomVerticalFlip()],
    "large": lambda: [T.Resize(90), T.RandomCrop(80), T.ToTensor(), T.Normalize(0.2, 0.3)],
    "tensors": lambda: [T.ToTensor(), T.RandomRotation(9), T.Normalize(0.2, 0.3)],
    "to mode": lambda: [lambda x: x.convert("RGBA"), T.ToTensor()],
    "v2": lambda: [V.RandomCrop(16, padding=4), V.RandomHorizontalFlip(), *FLOATS],
    "v2 first": lambda: [
        V.ToImage(),
        V.RandomCrop((22, 24), (0, 1)),
        V.RandomHorizontalFlip(),
        V.ToDtype(torch.float32, scale=True),
        V.Normalize([0.2], [0.3]),
    ],
    "v2 needed": lambda: [V.RandomCrop((40, 10), pad_if_needed=True, fill=7), *FLOATS],
    "v2 gray": lambda: [V.Grayscale(3), V.RandomGrayscale(0.4), V.Resize((31, 17)), *FLOATS],
    "v2 turned": lambda: [V.ToImage(), V.RandomRotation(9), *FLOATS[1:], V.RandomErasing()],
    "v2 plain": lambda: [V.PILToTensor(), V.ToDtype(torch.float32), V.Normalize([20.0], [30.0])],
    "v2 chain": lambda: [V.Compose([V.RandomResizedCrop(9)]), *FLOATS, V.ToPureTensor()],
    "v2 resized": lambda: [V.ToImage(), V.Resize((33, 18)), V.RandomResizedCrop(40), FLOATS[1]],
    "v2 nearest": lambda: [V.ToImage(), V.Resize(17, "nearest"), V.RandomResizedCrop(8, (1, 1))],
    "affine": lambda: [T.RandomAffine(9, (0.1, 0.2)), T.RandomPerspective(0.6), T.ToTensor()],
    "moved floats": lambda: [T.ToTensor(), T.RandomAffine(9, shear=8), T.RandomRotation(4, fill=1)],
    "expanded": lambda: [T.RandomRotation((30, 30), expand=True), T.ToTensor()],
    "bent": lambda: [T.PILToTensor(), T.ElasticTransform(9.0, 0.5), T.GaussianBlur(3)],
    "augmented": lambda: [T.AutoAugment(), T.RandAugment(), T.PILToTensor()],
    "augmented tensors": lambda: [T.PILToTensor(), T.TrivialAugmentWide(), T.RandAugment(fill=3)],
    "v2 augmented": lambda: [V.ToImage(), V.AutoAugment(), V.RandAugment(), FLOATS[1]],
    "v2 pictures": lambda: [V.TrivialAugmentWide(), V.RandomAffine(8, fill={"others": 3}), *FLOATS],
    "v2 affine": lambda: [V.ToImage(), V.RandomAffine(9, (0.1, 0.2)), V.RandomPerspective(0.6)],
    "v2 colours": lambda: [V.ToImage(), V.ColorJitter(0.4, 0.3, 0.2, 0.1), V.RandomEqualize()],
    "v2 distorted": lambda: [V.ToImage(), V.RandomPhotometricDistort(), V.GaussianBlur(3)],
    "v2 tones": lambda: [V.RandomInvert(), V.RandomPosterize(3), V.RandomSolarize(99), *FLOATS],
    "nested": lambda: [T.Compose([T.RandomHorizontalFlip(0.7)]), T.ToTensor()],
}


@pytest.mark.parametrize("channels", [GRAY, COLOUR])
@pytest.mark.parametrize("name", CHAINS)
def test_a_batch_is_what_the_single_samples_are(name: str, channels: int) -> None:
    data = Noise(channels, T.Compose(CHAINS[name]()))
    indices = [3, 1, 39, 1, 7, 20, 33, 2]
    torch.manual_seed(5)
    batch = data.fetch_batch(indices)
    after = torch.rand(1).item()
    torch.manual_seed(5)
    images, labels = default_collate([data[each] for each in indices])
    assert batch is not None
    assert batch[0].dtype == images.dtype
    assert np.array_equal(batch[0].numpy(), images.numpy())
    assert batch[1].tolist() == labels.tolist()
    assert after == torch.rand(1).item()


@pytest.mark.parametrize(
    "transform",
    [
        None,
        T.RandomHorizontalFlip(),  # gives images, not tensors
        T.Compose([T.ToTensor(), T.Lambda(lambda x: x + 1)]),
        T.Compose([T.RandomRotation(5)]),
        T.Compose([T.ToTensor(), T.RandomErasing(value=(1, 2))]),
    ],
)
def test_what_is_not_known_is_left_to_single_samples(transform) -> None:
    assert Noise(COLOUR, transform).fetch_batch([0, 1]) is None


def test_images_of_several_sizes_are_collated_as_ever() -> None:
    sizes = iter(range(9, 99))
    chain = [lambda image: image.resize((next(sizes), 9)), T.ToTensor()]
    with pytest.raises(RuntimeError, match="stack expects each tensor to be equal size"):
        Noise(COLOUR, T.Compose(chain)).fetch_batch([0, 1])


def test_a_function_may_use_its_memory_again() -> None:
    kept = torch.zeros(1, 2, 2)
    chain = T.Compose([lambda image: kept.add_(1), T.Normalize(0.0, 1.0)])
    batch = Noise(GRAY, chain).fetch_batch([0, 1, 2])
    assert batch[0][:, 0, 0, 0].tolist() == [1.0, 2.0, 3.0]


def test_kinds_that_are_kept_are_left_to_single_samples() -> None:
    with tv_tensors.set_return_type("TVTensor"):
        assert Noise(GRAY, V.Compose(FLOATS)).fetch_batch([0, 1]) is None


def test_portions_are_one_batch(monkeypatch) -> None:
    monkeypatch.setattr(batch_module, "PORTION", 7000)
    for name in ("crop, flip", "erase", "rotation", "after"):
        test_a_batch_is_what_the_single_samples_are(name, COLOUR)


def test_a_crop_that_does_not_fit_says_so() -> None:
    loader = DataLoader(Noise(GRAY, T.Compose([T.RandomCrop(50), T.ToTensor()])), batch_size=2)
    with pytest.raises(ValueError, match=r"crop size \(50, 50\) is larger than input image"):
        next(iter(loader))


def test_a_target_transform_is_left_to_single_samples() -> None:
    data = Noise(GRAY, T.ToTensor())
    data.target_transform = str
    assert data.fetch_batch([0]) is None


def test_the_data_are_not_changed() -> None:
    data = Noise(
        COLOUR, T.Compose([T.RandomHorizontalFlip(1.0), T.RandomGrayscale(1.0), T.ToTensor()])
    )
    before = data.data.copy()
    data.fetch_batch([0, 1, 2])
    assert np.array_equal(before, data.data)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_resize_is_pillows(mode: str) -> None:
    rng = np.random.default_rng(1)
    for _ in range(12):
        height, width, new_height, new_width = (int(each) for each in rng.integers(1, 60, 4))
        values = rng.choice(np.array([0, 1, 128, 255], np.uint8), (3, height, width))
        if rows_first((height, width), (new_height, new_width), mode) is None:
            pytest.fail("Pillow does it in a third way")
        for each, mine in zip(
            values, resize_bytes(values, new_height, new_width, mode), strict=True
        ):
            theirs = Image.fromarray(each).resize(
                (new_width, new_height), Image.Resampling[mode.upper()]
            )
            assert np.array_equal(mine, np.asarray(theirs))


def test_a_plan_counts_the_words() -> None:
    chain = T.Compose([T.RandomCrop(8, 1), T.RandomHorizontalFlip(), T.ToTensor()])
    stages = plan(chain, Form(3, 8, 8, "image"))
    assert stages is not None
    assert [stage.words for stage in stages] == [2, 1, 0]
