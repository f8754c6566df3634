"""Rewrites of the graph, one file each, in the order of ``compiler/pipeline.py``."""
