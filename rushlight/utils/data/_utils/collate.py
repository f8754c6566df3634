"""``torch.utils.data._utils.collate``: see utils/data/collate.py."""

import re

from rushlight.utils.data.collate import collate as collate
from rushlight.utils.data.collate import collate_float_fn as collate_float_fn
from rushlight.utils.data.collate import collate_int_fn as collate_int_fn
from rushlight.utils.data.collate import collate_numpy_array_fn as collate_numpy_array_fn
from rushlight.utils.data.collate import collate_numpy_scalar_fn as collate_numpy_scalar_fn
from rushlight.utils.data.collate import collate_str_fn as collate_str_fn
from rushlight.utils.data.collate import collate_tensor_fn as collate_tensor_fn
from rushlight.utils.data.collate import default_collate as default_collate
from rushlight.utils.data.collate import (
    default_collate_err_msg_format as default_collate_err_msg_format,
)
from rushlight.utils.data.collate import default_collate_fn_map as default_collate_fn_map
from rushlight.utils.data.collate import default_convert as default_convert

np_str_obj_array_pattern = re.compile(r"[SaUO]")  # kinds of NumPy arrays that are no numbers
