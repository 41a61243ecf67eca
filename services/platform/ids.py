"""Identifiers in order of making: 48 bits of milliseconds and 80 random ones, as 26 characters of base32hex.

That alphabet (RFC 4648, section 7) sorts as the bits do.
"""

from __future__ import annotations

import os
import threading
import time

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # ten bits each
_SHIFTS = range(120, -1, -10)
_LAST = _PAIRS[::4]
_RUN = len(_LAST)  # ids that differ in their last pair alone, which ends in two bits that are always 0

_POOL = 4096  # random bytes asked of the system at once

_lock = threading.Lock()
_last = 0
_random = memoryview(b"")


def new_id() -> str:
    """A fresh id. In one process each is greater than the one before, also when the clock is set back."""
    global _last
    with _lock:
        _last = fresh if (fresh := _fresh()) > _last else _last + 1
        made = _last
    return _text(made)


def new_ids(count: int) -> list[str]:
    """As many fresh ids, in rising order: each of a run is the one before and one, from a random beginning."""
    global _last
    found: list[str] = []
    while len(found) < count:
        size = min(_RUN, count - len(found))
        with _lock:
            first = max(_fresh(), _last + _RUN) // _RUN * _RUN
            _last = first + size - 1
        shared = _text(first)[:-2]
        found += [shared + last for last in _LAST[:size]]
    return found


def _fresh() -> int:
    """Now, and chance. The lock is held."""
    global _random
    if len(_random) < 10:
        _random = memoryview(os.urandom(_POOL))
    fresh = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(_random[:10], "big")
    _random = _random[10:]
    return fresh


def _text(number: int) -> str:
    value = number << 2  # 128 bits in 26 characters of five
    return "".join([_PAIRS[value >> shift & 0x3FF] for shift in _SHIFTS])


def _forget() -> None:
    """A child of this process must not draw the same bytes again."""
    global _random
    _random = memoryview(b"")


os.register_at_fork(after_in_child=_forget)
