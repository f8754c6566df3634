"""draw.py imports real PyTorch: no module to look for doctests in."""

collect_ignore = ["draw.py"]
