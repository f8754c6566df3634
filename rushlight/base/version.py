"""Rushlight's own version: the only place that says it (pyproject.toml reads it from here)."""

VERSION = "0.1.0"
