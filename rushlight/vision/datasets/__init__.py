"""torchvision.datasets: the data sets that tutorials use, from torchvision's folders."""

from rushlight.vision.datasets import cifar, folder, mnist, samplers, utils, video_utils
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
from rushlight.vision.datasets.films import HMDB51, UCF101, Kinetics
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
from rushlight.vision.datasets.lsun import LSUN, LSUNClass
from rushlight.vision.datasets.mnist import KMNIST, MNIST, FashionMNIST
from rushlight.vision.datasets.moving_mnist import MovingMNIST
from rushlight.vision.datasets.omniglot import Omniglot
from rushlight.vision.datasets.optical_flow import (
    HD1K,
    FlyingChairs,
    FlyingThings3D,
    KittiFlow,
    Sintel,
)
from rushlight.vision.datasets.oxford_iiit_pet import OxfordIIITPet
from rushlight.vision.datasets.pcam import PCAM
from rushlight.vision.datasets.phototour import PhotoTour
from rushlight.vision.datasets.places365 import Places365
from rushlight.vision.datasets.rendered_sst2 import RenderedSST2
from rushlight.vision.datasets.sbd import SBDataset
from rushlight.vision.datasets.sbu import SBU
from rushlight.vision.datasets.small import FashionMNISTSmall
from rushlight.vision.datasets.stanford_cars import StanfordCars
from rushlight.vision.datasets.stereo import (
    CarlaStereo,
    CREStereo,
    ETH3DStereo,
    FallingThingsStereo,
    InStereo2k,
    Kitti2012Stereo,
    Kitti2015Stereo,
    Middlebury2014Stereo,
    SceneFlowStereo,
    SintelStereo,
)
from rushlight.vision.datasets.stl10 import STL10
from rushlight.vision.datasets.subfolder import Country211, EuroSAT
from rushlight.vision.datasets.sun397 import SUN397
from rushlight.vision.datasets.svhn import SVHN
from rushlight.vision.datasets.usps import SEMEION, USPS
from rushlight.vision.datasets.vision import VisionDataset
from rushlight.vision.datasets.voc import VOCDetection, VOCSegmentation
from rushlight.vision.datasets.widerface import WIDERFace
from rushlight.vision.datasets.wrapped import wrap_dataset_for_transforms_v2

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DTD",
    "EMNIST",
    "FER2013",
    "GTSRB",
    "HD1K",
    "HMDB51",
    "KMNIST",
    "LSUN",
    "MNIST",
    "PCAM",
    "QMNIST",
    "SBU",
    "SEMEION",
    "STL10",
    "SUN397",
    "SVHN",
    "UCF101",
    "USPS",
    "CLEVRClassification",
    "CREStereo",
    "Caltech101",
    "Caltech256",
    "CarlaStereo",
    "CelebA",
    "Cityscapes",
    "CocoCaptions",
    "CocoDetection",
    "Country211",
    "DatasetFolder",
    "ETH3DStereo",
    "EuroSAT",
    "FGVCAircraft",
    "FakeData",
    "FallingThingsStereo",
    "FashionMNIST",
    "FashionMNISTSmall",
    "Flickr8k",
    "Flickr30k",
    "Flowers102",
    "FlyingChairs",
    "FlyingThings3D",
    "Food101",
    "INaturalist",
    "ImageFolder",
    "ImageNet",
    "Imagenette",
    "InStereo2k",
    "Kinetics",
    "Kitti",
    "Kitti2012Stereo",
    "Kitti2015Stereo",
    "KittiFlow",
    "LFWPairs",
    "LFWPeople",
    "LSUNClass",
    "Middlebury2014Stereo",
    "MovingMNIST",
    "Omniglot",
    "OxfordIIITPet",
    "PhotoTour",
    "Places365",
    "RenderedSST2",
    "SBDataset",
    "SceneFlowStereo",
    "Sintel",
    "SintelStereo",
    "StanfordCars",
    "VOCDetection",
    "VOCSegmentation",
    "VisionDataset",
    "WIDERFace",
    "cifar",
    "folder",
    "mnist",
    "samplers",
    "utils",
    "video_utils",
    "wrap_dataset_for_transforms_v2",
]
