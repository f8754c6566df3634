"""torchvision.datasets: the data sets that tutorials use, from torchvision's folders."""

from rushlight.vision.datasets import cifar, folder, mnist, utils
from rushlight.vision.datasets.caltech import Caltech101, Caltech256
from rushlight.vision.datasets.celeba import CelebA
from rushlight.vision.datasets.cifar import CIFAR10, CIFAR100
from rushlight.vision.datasets.clevr import CLEVRClassification
from rushlight.vision.datasets.coco import CocoCaptions, CocoDetection
from rushlight.vision.datasets.dtd import DTD
from rushlight.vision.datasets.emnist import EMNIST, QMNIST
from rushlight.vision.datasets.fakedata import FakeData
from rushlight.vision.datasets.fer2013 import FER2013
from rushlight.vision.datasets.fgvc_aircraft import FGVCAircraft
from rushlight.vision.datasets.flowers102 import Flowers102
from rushlight.vision.datasets.folder import DatasetFolder, ImageFolder
from rushlight.vision.datasets.food101 import Food101
from rushlight.vision.datasets.gtsrb import GTSRB
from rushlight.vision.datasets.imagenet import ImageNet
from rushlight.vision.datasets.imagenette import Imagenette
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
    "CocoCaptions",
    "CocoDetection",
    "Country211",
    "DatasetFolder",
    "EuroSAT",
    "FGVCAircraft",
    "FakeData",
    "FashionMNIST",
    "FashionMNISTSmall",
    "Flowers102",
    "Food101",
    "ImageFolder",
    "ImageNet",
    "Imagenette",
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
    "cifar",
    "folder",
    "mnist",
    "utils",
]
