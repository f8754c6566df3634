"""Measurements beside PyTorch: ``python -m benchmarks --help``. A workload is ten lines.

READ FIRST: workload.py (what one is), training.py, language.py and chains.py (some of them;
catalogue.py has all), pair.py (how two processes take turns). No module here that a child process
loads imports rushlight or torch itself: the child hands one of them in.
"""
