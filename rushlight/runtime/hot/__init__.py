"""Functions under ``@hot`` (base/hot.py), translated from Python to machine code."""
