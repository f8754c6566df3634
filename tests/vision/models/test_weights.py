"""Published weights: their enums, the register of models, downloads, and files others wrote."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import models

CHECKPOINTS = Path(__file__).parents[4] / "shared" / "data" / "checkpoints"


def test_enum() -> None:
    weights = models.ResNet50_Weights
    assert weights.DEFAULT is weights.IMAGENET1K_V2
    assert repr(weights.IMAGENET1K_V1) == "ResNet50_Weights.IMAGENET1K_V1"
    assert weights.verify("IMAGENET1K_V1") is weights.IMAGENET1K_V1
    assert weights.verify("ResNet50_Weights.DEFAULT") is weights.IMAGENET1K_V2
    assert weights.verify(None) is None
    with pytest.raises(TypeError, match="expected ResNet50_Weights but received AlexNet_Weights"):
        weights.verify(models.AlexNet_Weights.DEFAULT)
    assert weights.IMAGENET1K_V1.url.endswith("resnet50-0676ba61.pth")
    meta = weights.IMAGENET1K_V1.meta
    assert (len(meta["categories"]), meta["num_params"]) == (1000, 25557032)
    assert (meta["categories"][0], meta["min_size"]) == ("tench", (1, 1))
    assert models.get_weight("ViT_B_16_Weights.DEFAULT").meta["min_size"] == (224, 224)


def test_transforms() -> None:
    preset = models.EfficientNet_V2_L_Weights.DEFAULT.transforms()
    assert repr(preset) == (
        "ImageClassification(\n    crop_size=[480]\n    resize_size=[480]\n"
        "    mean=[0.5, 0.5, 0.5]\n    std=[0.5, 0.5, 0.5]\n"
        "    interpolation=InterpolationMode.BICUBIC\n)"
    )
    image = torch.full((3, 300, 260), 128, dtype=torch.uint8)
    made = models.ResNet18_Weights.DEFAULT.transforms()(image)
    assert made.shape == (3, 224, 224)
    assert made[:, 0, 0].tolist() == pytest.approx([0.0741, 0.2052, 0.4265], abs=1e-4)


def test_register() -> None:
    assert {"resnet18", "swin_v2_t", "regnet_y_128gf"} <= set(models.list_models())
    assert models.list_models(include=["vgg1*"], exclude="*_bn") == [
        "vgg11", "vgg13", "vgg16", "vgg19",
    ]  # fmt: skip
    assert models.get_model_weights(models.googlenet) is models.GoogLeNet_Weights
    assert models.get_model_builder("ResNet18") is models.resnet18
    with pytest.raises(ValueError, match="Unknown model resnet19"):
        models.get_model("resnet19")
    with pytest.raises(ValueError, match="Invalid weight name"):
        models.get_weight("ResNet18_Weights")
    with pytest.raises(ValueError, match="couldn't be retrieved"):
        models.get_weight("No_Weights.DEFAULT")
    with pytest.raises(ValueError, match="already registered"):
        models.register_model("resnet18")(lambda: None)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """The state of a squeezenet1_1, at the address where torchvision's lies."""
    model = models.squeezenet1_1()
    source = tmp_path / "source.pth"
    torch.save(model.state_dict(), source)
    digits = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
    address = source.rename(tmp_path / f"squeezenet1_1-{digits}.pth").as_uri()
    monkeypatch.setattr(torch.hub, "_chosen", str(tmp_path / "hub"))
    value = models.SqueezeNet1_1_Weights.IMAGENET1K_V1.value
    monkeypatch.setattr(value, "url", address)
    return model


def test_weights_are_loaded(published, capsys) -> None:
    model = models.squeezenet1_1(weights="DEFAULT", progress=False)
    assert "Downloading:" in capsys.readouterr().out
    for ours, theirs in zip(model.parameters(), published.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    models.squeezenet1_1(weights=models.SqueezeNet1_1_Weights.DEFAULT)
    assert capsys.readouterr().err == ""  # it is there
    with pytest.raises(ValueError, match="'num_classes' expected value 1000 but got 10"):
        models.squeezenet1_1(weights="DEFAULT", num_classes=10)


def test_pretrained(published) -> None:
    with (
        pytest.warns(UserWarning, match="'pretrained' is deprecated since 0.13"),
        pytest.warns(UserWarning, match="passing `weights=SqueezeNet1_1_Weights.IMAGENET1K_V1`"),
    ):
        model = models.squeezenet1_1(pretrained=True)
    assert torch.equal(model.features[0].weight, published.features[0].weight)
    with (
        pytest.warns(UserWarning, match="Using 'weights' as positional"),
        pytest.warns(UserWarning, match="passing `weights=None`"),
    ):
        models.squeezenet1_1(False)
    with (
        pytest.warns(UserWarning, match="'weights' and 'progress' as positional"),
    ):
        models.squeezenet1_1(None, False)
    with pytest.raises(ValueError, match="No weights available for model vit_h_14"):
        models.vit_h_14(pretrained=True)


@pytest.mark.skipif(not CHECKPOINTS.exists(), reason="the checkpoints are not here")
def test_published_weights_fit() -> None:
    model = models.mobilenet_v2()
    result = model.load_state_dict(torch.load(CHECKPOINTS / "mobilenet_v2-b0353104.pth"))
    assert not result.missing_keys
    assert not result.unexpected_keys
    rows = np.linspace(-1, 1, 96, dtype=np.float32)
    image = np.stack(
        [np.add.outer(rows, rows), np.multiply.outer(rows, rows), np.add.outer(rows, -rows)]
    )
    with torch.no_grad():
        scores = model.eval()(torch.from_numpy(image[None]))[0]
    # What torchvision gives for the same file and image.
    assert scores[:4].tolist() == pytest.approx([-2.47312, 4.1592, -2.18693, -1.26674], abs=1e-4)
    assert int(scores.argmax()) == 862
