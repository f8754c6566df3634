"""What imports real PyTorch: no modules to look for doctests in."""

collect_ignore = ["draw.py", "draw_refused.py"]
