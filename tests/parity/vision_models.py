"""Vision models seen from outside, in either world: ``python vision_models.py FILE NAME ...``.

With torchvision where the process has it, with ours otherwise (``observe`` is called directly).
"""

from __future__ import annotations

import hashlib
import sys
import warnings

import numpy as np

# What networks over clips look at: frames, height, width.
CLIPS = {
    "r3d_18": (8, 56, 56), "mc3_18": (8, 56, 56), "r2plus1d_18": (8, 56, 56), "s3d": (16, 224, 224),
    "swin3d_t": (9, 60, 60), "swin3d_s": (4, 56, 56), "swin3d_b": (18, 40, 66),
    "mvit_v1_b": (16, 224, 224), "mvit_v2_s": (16, 224, 224),
}  # fmt: skip


def perturbed(name: str, value, rng):
    """Norms, biases and zeros moved: a fresh network hides what multiplies by one."""
    values = value.numpy().copy()
    if values.dtype == np.float32 and (values.ndim <= 1 or not values.any()):
        values += (0.1 * np.abs(rng.standard_normal(values.shape))).astype(np.float32)
    return values


def observe(torch, models, names) -> dict[str, np.ndarray]:
    """Digest of the first values, and scores of an image, by name."""
    warnings.simplefilter("ignore")
    seen = {}
    for name in names:
        segmentation = name.startswith(("fcn_", "deeplabv3_", "lraspp_"))
        options = {"weights": None, "weights_backbone": None} if segmentation else {}
        torch.manual_seed(7)
        model = models.get_model(name, **options).eval()
        state = model.state_dict()
        made = hashlib.md5(usedforsecurity=False)
        rng = np.random.default_rng(0)
        for key, value in list(state.items()):
            made.update(f"{key} {tuple(value.shape)} {value.dtype}".encode())
            made.update(value.numpy().tobytes())
            state[key] = torch.from_numpy(np.ascontiguousarray(perturbed(key, value, rng)))
        seen[f"{name} state"] = np.array([len(state), made.hexdigest()])
        seen[f"{name} next draw"] = torch.rand(3).numpy()
        model.load_state_dict(state)
        side = 299 if name == "inception_v3" else 224
        shape = (1, 3, *CLIPS.get(name, (side, side)))
        image = rng.standard_normal(shape).astype(np.float32)
        images = [torch.from_numpy(image)]
        if name.startswith("raft_"):
            images.append(torch.from_numpy(np.roll(image, (3, -5), (2, 3)) * np.float32(0.9)))
        with torch.no_grad():
            scores = model(*images)
        chosen = scores["out"] if segmentation else scores[-1] if len(images) > 1 else scores
        seen[f"{name} scores"] = chosen.numpy()
    return seen


if __name__ == "__main__":
    import torch
    import tvstub  # noqa: F401  (declares the operators torchvision wants)
    from torchvision import models

    np.savez(sys.argv[1], **observe(torch, models, sys.argv[2:]))
