"""torchvision.datasets: the data sets that tutorials use, from torchvision's folders."""

from typing import Any

from rushlight.base.left_out import LeftOut
from rushlight.vision.datasets import cifar, folder, mnist, utils
from rushlight.vision.datasets.caltech import Caltech101, Caltech256
from rushlight.vision.datasets.celeba import CelebA
from rushlight.vision.datasets.cifar import CIFAR10, CIFAR100
from rushlight.vision.datasets.cityscapes import Cityscapes
from rushlight.vision.datasets.clevr import CLEVRClassification
from rushlight.vision.datasets.coco import CocoCaptions, CocoDetection
from rushlight.vision.datasets.dtd import DTD
from rushlight.vision.datasets.emnist import EMNIST, QMNIST
from rushlight.vision.datasets.fakedata import FakeData
from rushlight.vision.datasets.fer2013 import FER2013
from rushlight.vision.datasets.fgvc_aircraft import FGVCAircraft
from rushlight.vision.datasets.flickr import Flickr8k, Flickr30k
from rushlight.vision.datasets.flowers102 import Flowers102
from rushlight.vision.datasets.folder import DatasetFolder, ImageFolder
from rushlight.vision.datasets.food101 import Food101
from rushlight.vision.datasets.gtsrb import GTSRB
from rushlight.vision.datasets.imagenet import ImageNet
from rushlight.vision.datasets.imagenette import Imagenette
from rushlight.vision.datasets.inaturalist import INaturalist
from rushlight.vision.datasets.kitti import Kitti
from rushlight.vision.datasets.lfw import LFWPairs, LFWPeople
from rushlight.vision.datasets.mnist import KMNIST, MNIST, FashionMNIST
from rushlight.vision.datasets.moving_mnist import MovingMNIST
from rushlight.vision.datasets.omniglot import Omniglot
from rushlight.vision.datasets.oxford_iiit_pet import OxfordIIITPet
from rushlight.vision.datasets.places365 import Places365
from rushlight.vision.datasets.rendered_sst2 import RenderedSST2
from rushlight.vision.datasets.small import FashionMNISTSmall
from rushlight.vision.datasets.stanford_cars import StanfordCars
from rushlight.vision.datasets.stl10 import STL10
from rushlight.vision.datasets.subfolder import Country211, EuroSAT
from rushlight.vision.datasets.sun397 import SUN397
from rushlight.vision.datasets.svhn import SVHN
from rushlight.vision.datasets.usps import SEMEION, USPS
from rushlight.vision.datasets.vision import VisionDataset
from rushlight.vision.datasets.voc import VOCDetection, VOCSegmentation
from rushlight.vision.datasets.widerface import WIDERFace

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DTD",
    "EMNIST",
    "FER2013",
    "GTSRB",
    "KMNIST",
    "MNIST",
    "QMNIST",
    "SEMEION",
    "STL10",
    "SUN397",
    "SVHN",
    "USPS",
    "CLEVRClassification",
    "Caltech101",
    "Caltech256",
    "CelebA",
    "Cityscapes",
    "CocoCaptions",
    "CocoDetection",
    "Country211",
    "DatasetFolder",
    "EuroSAT",
    "FGVCAircraft",
    "FakeData",
    "FashionMNIST",
    "FashionMNISTSmall",
    "Flickr8k",
    "Flickr30k",
    "Flowers102",
    "Food101",
    "INaturalist",
    "ImageFolder",
    "ImageNet",
    "Imagenette",
    "Kitti",
    "LFWPairs",
    "LFWPeople",
    "MovingMNIST",
    "Omniglot",
    "OxfordIIITPet",
    "Places365",
    "RenderedSST2",
    "StanfordCars",
    "VOCDetection",
    "VOCSegmentation",
    "VisionDataset",
    "WIDERFace",
    "cifar",
    "folder",
    "mnist",
    "utils",
]

_VIDEO = "it reads videos, which is not part of it"
_FLOW = "optical flow and depth from two cameras are not part of it"
_LEFT_OUT = {
    **dict.fromkeys(("HMDB51", "Kinetics", "UCF101"), _VIDEO),
    **dict.fromkeys(
        ("FlyingChairs", "FlyingThings3D", "HD1K", "KittiFlow", "Sintel", "CREStereo",
         "CarlaStereo", "ETH3DStereo", "FallingThingsStereo", "InStereo2k", "Kitti2012Stereo",
         "Kitti2015Stereo", "Middlebury2014Stereo", "SceneFlowStereo", "SintelStereo"),
        _FLOW,
    ),
    **dict.fromkeys(("LSUN", "LSUNClass"), "its files need the package lmdb"),
    "PCAM": "its files need the package h5py",
    "PhotoTour": "its patches are one of few uses; read them with numpy",
    "SBDataset": "its boundaries are sparse matrices of MATLAB; VOCSegmentation has such masks",
    "SBU": "its photographs are no longer on the network",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LEFT_OUT:
        raise LeftOut(f"torchvision.datasets.{name} is left out of Rushlight: {_LEFT_OUT[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
