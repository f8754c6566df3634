"""The hash that compiled code is named and checked by.

``hashlib`` would load OpenSSL for it, 3 ms of every import; its ``blake2b`` is this one.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # an interpreter without it has another behind the same name
    from hashlib import blake2b

DIGEST_BYTES = 32


def digest(content: bytes) -> bytes:
    """32 bytes that no other content has.

    >>> digest(b"").hex()[:16]
    '0e5751c026e543b2'
    """
    return blake2b(content, digest_size=DIGEST_BYTES).digest()
