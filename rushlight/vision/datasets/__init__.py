"""torchvision.datasets: the data sets that tutorials use, from torchvision's folders."""

from rushlight.vision.datasets import cifar, folder, mnist, utils
from rushlight.vision.datasets.cifar import CIFAR10, CIFAR100
from rushlight.vision.datasets.fakedata import FakeData
from rushlight.vision.datasets.folder import DatasetFolder, ImageFolder
from rushlight.vision.datasets.mnist import KMNIST, MNIST, FashionMNIST
from rushlight.vision.datasets.small import FashionMNISTSmall
from rushlight.vision.datasets.vision import VisionDataset

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "KMNIST",
    "MNIST",
    "DatasetFolder",
    "FakeData",
    "FashionMNIST",
    "FashionMNISTSmall",
    "ImageFolder",
    "VisionDataset",
    "cifar",
    "folder",
    "mnist",
    "utils",
]
