"""``torch.fx.experimental``: what of it libraries ask for."""
