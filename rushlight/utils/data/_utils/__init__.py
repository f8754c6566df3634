"""``torch.utils.data._utils``, an address that programs import ``default_collate`` from."""
