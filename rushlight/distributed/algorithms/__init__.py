"""``torch.distributed.algorithms``: what of it a program alone needs."""
