"""Networks: torchvision's names, counts and first values, and a training step of each family."""

from __future__ import annotations

import hashlib
import warnings

import pytest

import rushlight as torch
from rushlight.vision import models

# md5 of names, shapes, dtypes and bytes of the state after manual_seed(7), made by torchvision
# 0.28 on PyTorch 2.13; entries of the state; parameters.
MADE_BY_TORCHVISION = {
    "mc3_18": ("f5bf681a8a3918c87c8ae3f942e689ae", 122, 11695440),
    "s3d": ("981bc4802251c65b2c800d7a022de06f", 464, 8320048),
    "mnasnet0_5": ("4f5fac4aa9fc591f0d6354c7234a1f59", 314, 2218512),
    "mobilenet_v2": ("459e99c08fd1306056a220245a6793d5", 314, 3504872),
    "mobilenet_v3_small": ("0a51ca78911d7e4c1daaa9d5d24a3add", 244, 2542856),
    "regnet_y_400mf": ("46536d0bd88faa4e4d97a541bfc78caa", 384, 4344144),
    "resnet18": ("102372a992ba8064a2cabd4798b16707", 122, 11689512),
    "shufflenet_v2_x0_5": ("c464f651e545f69c0c5d6dd62ad3c867", 338, 1366792),
    "squeezenet1_1": ("b3254a18f06062a64d2ce20d69301b6a", 52, 1235496),
}
SMALL = {
    "convnext_tiny": 32,
    "densenet121": 32,
    "efficientnet_b0": 32,
    "mnasnet0_5": 32,
    "mobilenet_v3_small": 32,
    "regnet_x_400mf": 32,
    "resnext50_32x4d": 32,
    "shufflenet_v2_x0_5": 32,
    "squeezenet1_0": 32,
    "swin_t": 32,
}
CLIPS = {"r2plus1d_18": (2, 16, 16), "swin3d_t": (2, 32, 40)}


def count(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def digest(model) -> str:
    made = hashlib.md5(usedforsecurity=False)
    for name, value in model.state_dict().items():
        for part in (name, str(tuple(value.shape)), str(value.dtype)):
            made.update(part.encode())
        made.update(value.numpy().tobytes())
    return made.hexdigest()


@pytest.mark.parametrize("name", sorted(MADE_BY_TORCHVISION))
def test_first_values(name: str) -> None:
    torch.manual_seed(7)
    model = models.get_model(name)
    values, entries, parameters = MADE_BY_TORCHVISION[name]
    assert (len(model.state_dict()), count(model)) == (entries, parameters)
    assert digest(model) == values


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_step(name: str) -> None:
    model = models.get_model(name, num_classes=3)
    images = torch.randn(2, 3, SMALL[name], SMALL[name])
    if name in ("squeezenet1_0", "densenet121"):
        images = torch.randn(2, 3, 64, 64)
    loss = torch.nn.functional.cross_entropy(model(images), torch.tensor([0, 2]))
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    assert bool(torch.isfinite(loss))


@pytest.mark.parametrize("name", sorted(CLIPS))
def test_a_step_over_clips(name: str) -> None:
    model = models.get_model(name, num_classes=3)
    scores = model(torch.randn(2, 3, *CLIPS[name]))
    assert tuple(scores.shape) == (2, 3)
    scores.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_grid_that_does_not_fit() -> None:
    with pytest.raises(ValueError, match="not divisible by partition size 7"):
        models.maxvit_t(input_size=(200, 200))
    small = {"stem_channels": 4, "block_channels": [8], "block_layers": [1], "head_dim": 4}
    model = models.MaxVit((16, 16), partition_size=2, stochastic_depth_prob=0.0, **small)
    assert tuple(model(torch.randn(1, 3, 16, 16)).shape) == (1, 1000)
    with pytest.raises(NotImplementedError, match="quantised"):
        models.quantization.resnet18  # noqa: B018


def test_clips_of_pooled_attention() -> None:
    block = models.video.mvit.MSBlockConfig
    blocks = [
        block(1, 8, 8, [3, 3, 3], [3, 3, 3], [1, 1, 1], [1, 2, 2]),
        block(2, 8, 16, [3, 3, 3], [3, 3, 3], [1, 2, 2], [1, 1, 1]),
    ]
    clip = torch.randn(2, 3, 4, 32, 32)
    for relative in (False, True):
        model = models.video.MViT(
            (32, 32), 4, blocks, residual_pool=relative, residual_with_cls_embed=False,
            rel_pos_embed=relative, proj_after_attn=relative, num_classes=3,
        )  # fmt: skip
        scores = model(clip)
        assert tuple(scores.shape) == (2, 3)
        scores.sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
    with pytest.raises(ValueError, match="Unsupported input dimension"):
        model(clip[0, 0])
    with pytest.raises(ValueError, match="block_setting is empty"):
        models.video.MViT((32, 32), 4, [], False, False, False, False)


def test_flow_of_two_images() -> None:
    torch.manual_seed(0)
    raft = models.optical_flow.raft
    encoder = {"layers": (4, 4, 4, 4, 8), "norm_layer": None}
    model = models.optical_flow.raft_small(
        feature_encoder=raft.FeatureEncoder(**encoder),
        context_encoder=raft.FeatureEncoder(**{**encoder, "layers": (4, 4, 4, 4, 160)}),
        corr_block=raft.CorrBlock(num_levels=2, radius=3),
        mask_predictor=raft.MaskPredictor(in_channels=96, hidden_size=4),
    )
    first = torch.rand(1, 3, 32, 40)
    flows = model(first, first.roll(3, 2), num_flow_updates=2)
    assert [tuple(flow.shape) for flow in flows] == [(1, 2, 32, 40)] * 2
    sum(flow.abs().mean() for flow in flows).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    with pytest.raises(ValueError, match="divisible by 8"):
        model(first[..., :36], first[..., :36])
    with pytest.raises(ValueError, match="too small"):
        model(first[..., :24, :], first[..., :24, :])
    weights = models.optical_flow.Raft_Small_Weights.DEFAULT
    pair = weights.transforms()(torch.full((3, 8, 8), 255, dtype=torch.uint8), torch.zeros(3, 8, 8))
    assert [float(each.mean()) for each in pair] == [1.0, -1.0]


def test_clips_are_prepared() -> None:
    clip = torch.full((2, 5, 3, 40, 60), 128, dtype=torch.uint8)
    made = models.video.R3D_18_Weights.DEFAULT.transforms()(clip)
    assert made.shape == (2, 3, 5, 112, 112)
    assert made[0, :, 0, 0, 0].tolist() == pytest.approx([0.3061, 0.4845, 0.5784], abs=1e-4)


def test_parameter_counts() -> None:
    assert count(models.resnet50(num_classes=10)) == 23_528_522


def test_auxiliary_scores() -> None:
    model = models.googlenet(num_classes=4, init_weights=False)
    scores = model(torch.randn(2, 3, 64, 64))
    assert scores._fields == ("logits", "aux_logits2", "aux_logits1")
    assert [tuple(each.shape) for each in scores] == [(2, 4)] * 3
    assert tuple(model.eval()(torch.randn(2, 3, 64, 64)).shape) == (2, 4)
    with pytest.warns(FutureWarning, match="init_weights=True"):
        models.GoogLeNet(num_classes=2, aux_logits=False)


def test_transform_input() -> None:
    scaled = models.inception.from_imagenet_scale(torch.zeros(1, 3, 1, 1))
    assert scaled.flatten().tolist() == pytest.approx([-0.03, -0.088, -0.188], abs=1e-6)


def test_stochastic_depth_grows() -> None:
    chances = [
        layer.stochastic_depth.p
        for layer in models.efficientnet_b0().modules()
        if isinstance(layer, models.efficientnet.MBConv)
    ]
    assert chances == pytest.approx([0.0125 * place for place in range(16)])


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="expected value 32 but got 2"):
        models.resnext50_32x4d(groups=2)
    with pytest.raises(ValueError, match="1_0 or 1_1 expected"):
        models.SqueezeNet("2_0")
    with pytest.raises(ValueError, match="should not be empty"):
        models.MobileNetV3([], 8)
    with pytest.raises(AssertionError, match="Wrong image height! Expected 224 but got 32"):
        models.vit_b_32()(torch.zeros(1, 3, 32, 32))
    with pytest.raises(TypeError, match="unexpected keyword"):
        models.resnet18(colour=1)


def test_positions_stretch() -> None:
    state = {"encoder.pos_embedding": torch.arange(10.0).reshape(1, 5, 2), "heads.head.bias": 1}
    made = models.vision_transformer.interpolate_embeddings(
        48, 16, state, interpolation_mode="bilinear", reset_heads=True
    )
    assert list(made) == ["encoder.pos_embedding"]
    middle = made["encoder.pos_embedding"][0, :, 0].tolist()
    assert middle == [0.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0, 6.0, 7.0, 8.0]


def test_intermediate_layers() -> None:
    body = models._utils.IntermediateLayerGetter(models.resnet18(), {"layer1": "a", "layer3": "b"})
    assert list(dict(body.named_children()))[-1] == "layer3"
    found = body(torch.zeros(1, 3, 32, 32))
    assert [(name, tuple(x.shape)) for name, x in found.items()] == [
        ("a", (1, 64, 8, 8)),
        ("b", (1, 256, 2, 2)),
    ]
    with pytest.raises(ValueError, match="not present"):
        models._utils.IntermediateLayerGetter(models.resnet18(), {"layer9": "a"})


def test_mnasnet_reads_the_first_version() -> None:
    old = models.MNASNet(0.5, num_classes=2)
    old._take_old_stem = models.MNASNet._take_old_stem.__get__(old)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        old._take_old_stem()
    state = old.state_dict()
    new = models.MNASNet(0.5, num_classes=2)
    with pytest.warns(UserWarning, match="first version"):
        new.load_state_dict(state)
    assert new.layers[0].weight.shape[0] == 32


def test_feature_extractor() -> None:
    model = models.resnet18(num_classes=2).eval()
    x = torch.randn(1, 3, 32, 32)
    names = {"layer1.0.relu_1": "early", "layer2": "middle", "layer3.1.bn2": "late"}
    extract = models.feature_extraction.create_feature_extractor(model, names)
    found = extract(x)
    assert list(found) == ["early", "middle", "late"]
    early = model.layer1[0](model.maxpool(model.relu(model.bn1(model.conv1(x)))))
    assert torch.equal(found["early"], early)
    assert torch.equal(found["middle"], model.layer2(model.layer1[1](early)))
    assert set(dict(extract.named_parameters())) == set(dict(model.named_parameters()))
    assert not model.layer2._forward_hooks
    late = model.layer3[1].bn2(found["late"])  # no longer watched
    assert late.shape == found["late"].shape


def test_feature_extractor_by_mode() -> None:
    model = models.squeezenet1_1(num_classes=2)
    extract = models.feature_extraction.create_feature_extractor(
        model, train_return_nodes=["features.3"], eval_return_nodes=["features.0"]
    )
    x = torch.randn(1, 3, 32, 32)
    assert list(extract(x)) == ["features.3"]
    assert list(extract.eval()(x)) == ["features.0"]
    assert not model.classifier[0].training
    for wrong in ({"return_nodes": ["nothing"]}, {}, {"train_return_nodes": ["features"]}):
        with pytest.raises(ValueError, match=r"node: 'nothing'|should be specified"):
            models.feature_extraction.create_feature_extractor(model, **wrong)
    with pytest.raises(NotImplementedError, match="named_modules"):
        models.feature_extraction.get_graph_node_names(model)


def test_segmentation() -> None:
    model = models.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None, num_classes=3)
    assert count(model) == 3_218_478
    scores = model.eval()(torch.randn(1, 3, 40, 56))
    assert {name: tuple(x.shape) for name, x in scores.items()} == {"out": (1, 3, 40, 56)}
    deep = models.segmentation.deeplabv3_mobilenet_v3_large(weights_backbone=None, aux_loss=True)
    assert count(deep) == 11_029_328
    assert set(deep.eval()(torch.randn(1, 3, 32, 32))) == {"out", "aux"}
    with pytest.raises(NotImplementedError, match="auxiliary loss"):
        models.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None, aux_loss=True)
