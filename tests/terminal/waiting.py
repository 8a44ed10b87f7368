"""Waiting for a condition with a bound. No test of a terminal sleeps and hopes."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
EVERY = 0.05


def until(
    look: Callable[[], Found | None], what: str, seconds: float = 60.0, *, seen: Callable[[], str] | None = None
) -> Found:
    """What `look` finds, as soon as that is true. Raises AssertionError with what was `seen` last after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= end:
            raise AssertionError(f"waited {seconds:g} s for {what}" + (f"\n{seen()}" if seen is not None else ""))
        time.sleep(EVERY)


def is_met(look: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition is met within so many seconds."""
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() >= end:
            return False
        time.sleep(EVERY)
    return True
