"""``torch.utils.data._utils.collate``: see utils/data/collate.py."""

from rushlight.utils.data.collate import collate as collate
from rushlight.utils.data.collate import default_collate as default_collate
from rushlight.utils.data.collate import default_convert as default_convert
