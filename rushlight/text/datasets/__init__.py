"""torchtext.datasets: streams of samples out of files in their published layout."""

from rushlight.text.datasets.imdb import IMDB
from rushlight.text.datasets.language import PennTreebank, WikiText2, WikiText103
from rushlight.text.datasets.reviews import (
    AG_NEWS,
    AmazonReviewFull,
    AmazonReviewPolarity,
    DBpedia,
    SogouNews,
    YahooAnswers,
    YelpReviewFull,
    YelpReviewPolarity,
)
from rushlight.text.datasets.translation import Multi30k

__all__ = [
    "AG_NEWS",
    "IMDB",
    "AmazonReviewFull",
    "AmazonReviewPolarity",
    "DBpedia",
    "Multi30k",
    "PennTreebank",
    "SogouNews",
    "WikiText2",
    "WikiText103",
    "YahooAnswers",
    "YelpReviewFull",
    "YelpReviewPolarity",
]
