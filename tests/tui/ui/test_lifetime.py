"""The watch over the terminal: it waits, tells of a hangup at once, and ends what does not end by itself."""

import os
import queue

from console.tui.ui.lifetime import GRACE_SECONDS, watch_hangup

SECONDS = 10.0


def test_a_hangup_is_told_once_and_ends_the_process_that_goes_on() -> None:
    master, slave = os.openpty()
    told: queue.Queue[str] = queue.Queue()
    thread = watch_hangup(slave, lambda: told.put("gone"), end=lambda status: told.put(f"end {status}"))
    os.write(master, b"keys are no hangup")
    assert thread.is_alive()
    assert told.empty()
    os.close(master)
    assert told.get(timeout=SECONDS) == "gone"
    assert told.get(timeout=GRACE_SECONDS + SECONDS) == "end 129"
    thread.join(SECONDS)
    assert told.empty()
    os.close(slave)
