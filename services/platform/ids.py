"""Identifiers in order of making: 48 bits of milliseconds and 80 random ones, as 26 characters of base32hex.

That alphabet (RFC 4648, section 7) sorts as the bits do.
"""

from __future__ import annotations

import os
import threading
import time

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # ten bits each
_TRIPLES = [pair + third for pair in _PAIRS for third in ALPHABET]  # fifteen
_SHIFTS = range(105, -1, -15)

_POOL = 4096  # random bytes asked of the system at once

_lock = threading.Lock()
_last = 0
_random = memoryview(b"")


def new_id() -> str:
    """A fresh id. In one process each is greater than the one before, also when the clock is set back."""
    global _last, _random
    milliseconds = time.time_ns() // 1_000_000
    with _lock:
        if len(_random) < 10:
            _random = memoryview(os.urandom(_POOL))
        fresh = milliseconds << 80 | int.from_bytes(_random[:10], "big")
        _random = _random[10:]
        _last = fresh if fresh > _last else _last + 1
        value = _last << 2  # 128 bits in 26 characters of five
    return _PAIRS[value >> 120] + "".join([_TRIPLES[value >> shift & 0x7FFF] for shift in _SHIFTS])


def _forget() -> None:
    """A child of this process must not draw the same bytes again."""
    global _random
    _random = memoryview(b"")


os.register_at_fork(after_in_child=_forget)
