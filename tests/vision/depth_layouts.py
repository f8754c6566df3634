"""Data sets of motion, disparity and outlines in their published layouts, tiny."""

from __future__ import annotations

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np

from tests.vision.layouts import image, text


def flo(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    motion = np.arange(12, dtype="<f4").reshape(2, 3, 2) / 4 + value
    path.write_bytes(b"PIEH" + struct.pack("<ii", 3, 2) + motion.tobytes())


def pfm(path: Path, value: int, channels: int = 1, order: str = "<") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    head = ("Pf" if channels == 1 else "PF") + f"\n3 2\n{'-' if order == '<' else ''}1.0\n"
    numbers = (np.arange(6 * channels) - value).astype(f"{order}f4")
    path.write_bytes(head.encode() + numbers.tobytes())


def wide_png(path: Path, value: int) -> None:
    """RGB of sixteen bits, with every kind of filter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(value).integers(0, 1 << 16, (5, 4, 3)).astype(">u2")
    pixels[0, 0] = 0
    lines = [np.frombuffer(row.tobytes(), np.uint8).astype(int) for row in pixels]
    body, above = b"", np.zeros(24, int)
    for kind, line in enumerate(lines):
        left = np.concatenate([np.zeros(6, int), line[:-6]])
        corner = np.concatenate([np.zeros(6, int), above[:-6]])
        guess = left + above - corner
        far = [abs(guess - each) for each in (left, above, corner)]
        paeth = np.where(
            (far[0] <= far[1]) & (far[0] <= far[2]),
            left,
            np.where(far[1] <= far[2], above, corner),
        )
        taken = (np.zeros(24, int), left, above, (left + above) // 2, paeth)[kind]
        body += bytes([kind]) + ((line - taken) % 256).astype(np.uint8).tobytes()
        above = line
    chunks = b""
    for name, data in (
        (b"IHDR", struct.pack(">IIBBBBB", 4, 5, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(body)),
        (b"IEND", b""),
    ):
        chunks += struct.pack(">I", len(data)) + name + data
        chunks += struct.pack(">I", zlib.crc32(name + data))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)


def sintel(root: Path) -> None:
    base = root / "Sintel"
    for kind in ("training/clean", "training/final", "test/clean"):
        for number in range(3):
            image(base / kind / "alley" / f"frame_{number}.png", number)
    for number in range(2):
        flo(base / "training/flow/alley" / f"frame_{number}.flo", number)


def kitti_flow(root: Path) -> None:
    for part in ("training", "testing"):
        for number in (10, 11):
            image(root / "KittiFlow" / part / "image_2" / f"000000_{number}.png", number)
    wide_png(root / "KittiFlow/training/flow_occ/000000_10.png", 1)


def chairs(root: Path) -> None:
    base = root / "FlyingChairs"
    for number in range(1, 4):
        flo(base / "data" / f"{number:05d}_flow.flo", number)
        for side in (1, 2):
            image(base / "data" / f"{number:05d}_img{side}.ppm", 2 * number + side)
    text(base / "FlyingChairs_train_val.txt", "1\n2\n1\n")


def things(root: Path) -> None:
    base = root / "FlyingThings3D"
    for number in range(3):
        for kind in ("clean", "final"):
            image(base / f"frames_{kind}pass/TRAIN/A/0000/left" / f"{number}.png", number)
        for place, way in enumerate(("into_future", "into_past")):
            path = base / "optical_flow/TRAIN/A/0000" / way / "left" / f"{number}.pfm"
            pfm(path, 4 * number + place, 3, "<" if place else ">")


def hd1k(root: Path) -> None:
    base = root / "hd1k"
    for number in range(3):
        wide_png(base / "hd1k_flow_gt/flow_occ" / f"000001_{number:04d}.png", number)
        image(base / "hd1k_input/image_2" / f"000001_{number:04d}.png", number)
    for number in (10, 11):
        image(base / "hd1k_challenge/image_2" / f"000002_00{number}.png", number)


def plane(path: Path, value: int, mode: str = "L") -> None:
    """A grey image of given values."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    numbers = np.arange(12).reshape(3, 4) * 9 + value
    pixels = {"L": np.uint8, "I;16": np.uint16, "RGB": np.uint8}[mode]
    grey = numbers.astype(pixels)
    Image.fromarray(np.stack([grey] * 3, -1) if mode == "RGB" else grey).save(path)


def stereo(root: Path) -> None:
    """All ten."""
    carla = root / "carla-highres/trainingF/one"
    for place in range(2):
        image(carla / f"im{place}.png", place)
        pfm(carla / f"disp{place}GT.pfm", place + 3)
    for year, cameras, maps in (
        ("2012", ("colored_0", "colored_1"), ("disp_noc",)),
        ("2015", ("image_2", "image_3"), ("disp_occ_0", "disp_occ_1")),
    ):
        for part in ("training", "testing"):
            for place, camera in enumerate(cameras):
                image(root / f"Kitti{year}" / part / camera / "000000_10.png", place)
        for place, each in enumerate(maps):
            plane(root / f"Kitti{year}/training" / each / "000000_10.png", 5 + place, "I;16")
    for scene in ("Piano-perfect", "Piano-imperfect"):
        base = root / "Middlebury2014/train" / scene
        for place in range(2):
            image(base / f"im{place}.png", place)
            pfm(base / f"disp{place}.pfm", place)
    for kind in ("shapenet", "reflective", "tree", "hole"):
        for place, side in enumerate(("left", "right")):
            image(root / "CREStereo" / kind / f"a_{side}.jpg", place)
            plane(root / "CREStereo" / kind / f"a_{side}.disp.png", place)
    for folder in ("single/can/s1", "mixed/s2"):
        base = root / "FallingThings" / folder
        settings = {"camera_settings": [{"intrinsic_settings": {"fx": 768.5}}]}
        text(base / "_camera_settings.json", json.dumps(settings))
        for place, side in enumerate(("left", "right")):
            image(base / f"0.{side}.jpg", place)
            plane(base / f"0.{side}.depth.png", 7 + place, "I;16")
    for variant, scene in (("FlyingThings3D", "TRAIN/A/0"), ("Monkaa", "m")):
        base = root / "SceneFlow" / variant
        for place, side in enumerate(("left", "right")):
            image(base / "frames_cleanpass" / scene / side / "0.png", place)
            pfm(base / "disparity" / scene / side / "0.pfm", place + 2)
    base = root / "Sintel/training"
    for place, side in enumerate(("final_left", "final_right")):
        image(base / side / "s" / "0.png", place)
    plane(base / "disparities/s/0.png", 1, "RGB")
    plane(base / "occlusions/s/0.png", 0)
    plane(base / "outofframe/s/0.png", 9)
    for place, side in enumerate(("left", "right")):
        image(root / "InStereo2k/train/s" / f"{side}.png", place)
        plane(root / "InStereo2k/train/s" / f"{side}_disp.png", place, "I;16")
        for part in ("two_view_training", "two_view_test"):
            image(root / "ETH3D" / part / "s" / f"im{place}.png", place)
    pfm(root / "ETH3D/two_view_training_gt/s/disp0GT.pfm", 4)
    plane(root / "ETH3D/two_view_training_gt/s/mask0nocc.png", 0)


def phototour(root: Path) -> None:
    from PIL import Image

    folder = root / "liberty"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(2):
        pixels = rng.integers(0, 256, (128, 64), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"patches{number}.bmp")
    text(folder / "info.txt", "5 0\n5 0\n7 0\n8 0\n")
    text(folder / "m50_100000_100000_0.txt", "0 5 0 1 5 0 0\n1 5 0 2 7 0 0\n")


def sbu(root: Path) -> None:
    image(root / "dataset/b.jpg", 2)
    image(root / "dataset/c.jpg", 3)
    urls = "http://x/a.jpg\nhttp://x/b.jpg\nhttp://x/c.jpg\n"
    text(root / "dataset/SBU_captioned_photo_dataset_urls.txt", urls)
    text(root / "dataset/SBU_captioned_photo_dataset_captions.txt", "A.\nBee sits. \nSea.\n")
    text(root / "SBUCaptionedPhotoDataset.tar.gz", "")


def element(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(flags: int, shape: tuple[int, ...], name: bytes, body: bytes) -> bytes:
    head = element(6, struct.pack("<II", flags, 3)) + element(5, struct.pack("<2i", *shape))
    return element(14, head + element(1, name) + body)


def outline_mat(value: int) -> bytes:
    """GTcls: Segmentation, and twenty sparse logical Boundaries, one of them not empty."""
    inside = element(2, bytes((np.arange(6) + value).astype(np.uint8)))
    segmentation = matrix(9, (2, 3), b"", inside)
    cells = b""
    for place in range(20):
        rows, starts = ([0, 0, 1], [0, 1, 3, 3]) if place == 3 else ([], [0, 0, 0, 0])
        body = element(5, np.array(rows, "<i4").tobytes())
        body += element(5, np.array(starts, "<i4").tobytes())
        cells += matrix(5 | 0x200, (2, 3), b"", body + element(2, b"\1" * len(rows)))
    boundaries = matrix(1, (20, 1), b"", cells)
    names = b"".join(each.ljust(16, b"\0") for each in (b"Segmentation", b"Boundaries"))
    fields = element(5, struct.pack("<i", 16)) + element(1, names)
    return matrix(2, (1, 1), b"GTcls", fields + segmentation + boundaries)


def sbd(root: Path) -> None:
    for number in range(2):
        image(root / "img" / f"{number}.jpg", number)
        file = io.BytesIO(b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM")
        file.seek(128)
        file.write(outline_mat(number))
        (root / "cls").mkdir(exist_ok=True)
        (root / "cls" / f"{number}.mat").write_bytes(file.getvalue())
    text(root / "train.txt", "1\n0\n")


CASES = (
    (sintel, "D.Sintel(R)"),
    (sintel, "D.Sintel(R, pass_name='both')"),
    (sintel, "D.Sintel(R, 'test')"),
    (kitti_flow, "D.KittiFlow(R)"),
    (kitti_flow, "D.KittiFlow(R, 'test')"),
    (chairs, "D.FlyingChairs(R)"),
    (chairs, "D.FlyingChairs(R, 'val')"),
    (things, "D.FlyingThings3D(R, pass_name='both')"),
    (hd1k, "D.HD1K(R)"),
    (hd1k, "D.HD1K(R, 'test')"),
    (stereo, "D.CarlaStereo(R)"),
    (stereo, "D.Kitti2012Stereo(R)"),
    (stereo, "D.Kitti2015Stereo(R)"),
    (stereo, "D.Kitti2015Stereo(R, 'test')"),
    (stereo, "D.Middlebury2014Stereo(R, calibration='both')"),
    (stereo, "D.CREStereo(R)"),
    (stereo, "D.FallingThingsStereo(R, 'both')"),
    (stereo, "D.SceneFlowStereo(R)"),
    (stereo, "D.SceneFlowStereo(R, 'Monkaa')"),
    (stereo, "D.SintelStereo(R)"),
    (stereo, "D.InStereo2k(R)"),
    (stereo, "D.ETH3DStereo(R)"),
    (stereo, "D.ETH3DStereo(R, 'test')"),
    (phototour, "D.PhotoTour(R, 'liberty')"),
    (phototour, "D.PhotoTour(R, 'liberty', train=False)"),
    (sbu, "D.SBU(R, download=False)"),
    (sbd, "D.SBDataset(R)"),
    (sbd, "D.SBDataset(R, mode='segmentation')"),
)
