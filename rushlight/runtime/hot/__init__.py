"""Functions under ``@hot`` (base/hot.py), translated from Python to machine code.

``begin`` says when, ``link`` puts translations to work. ``translation`` writes the LLVM text of a
function; what it is made of stacks up in the order ``writer`` (text, references), ``part``,
``names``, ``displays``, ``conditions``, ``calls``, ``statements``, ``loops``, ``errors``. ``scope``
says what names mean, ``layouts`` where slots lie, ``prelude`` how CPython's objects look, ``keys``
what translations are kept under.
"""
