"""Keys in their order: each is dealt with wholly before the next one is routed, so that what is typed ahead lands rightly.

Textual routes a key to what has the focus when it arrives, also while the key before it is about to move the focus:
`:contain` typed in one burst would reach the table. Owns the keys that wait.
"""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.worker import Worker

if TYPE_CHECKING:
    from console.tui.ui.app import Console

_MOST = 512
"""How many keys may wait; what is typed beyond them is dropped."""
_LOST_AFTER = 0.5
"""After how many seconds a key whose passing was never told counts as dealt with: its widget has left."""
_PREPARING = 1.5
"""For how many seconds keys wait for the screen that a key is about to open."""
_LOOK_AGAIN = 0.01


class KeyPassed(Message):
    """Follows a key on its way up, behind it in every queue: when it arrives, the key was dealt with."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeyOrder:
    """The part of the application that routes keys one after the other."""

    keys_waiting: deque[events.Key]
    performing: bool = False
    """Whether a key's action runs now, whose jobs the next key waits for."""
    _jobs_awaited: tuple[Worker[Any], ...] = ()
    _preparing_since: float | None = None
    _routed: tuple[int, float] | None = None
    _number: int = 0
    _looking: bool = False

    async def take_key(self: "Console", key: events.Key) -> None:  # type: ignore[misc]  # a part of the application
        """Route a key now, or when those before it have been dealt with."""
        if len(self.keys_waiting) < _MOST:
            self.keys_waiting.append(key)
        await self.route_keys()

    async def on_key_passed(self: "Console", message: KeyPassed) -> None:  # type: ignore[misc]  # a part of the application
        """A key was dealt with: the next."""
        if self._routed is not None and self._routed[0] == message.number:
            self._routed = None
            await self.route_keys()

    async def route_keys(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        """Route as many of the keys that wait as may be routed now."""
        while self.keys_waiting and not self._must_wait():
            key = self.keys_waiting.popleft()
            target = self.focused or self.screen
            self._number += 1
            self._routed = (self._number, monotonic())
            await App.on_event(self, key)
            if not key.is_forwarded or not target.post_message(KeyPassed(self._number)):
                self._routed = None
        if self.keys_waiting and not self._looking:
            self._looking = True
            self.set_timer(_LOOK_AGAIN, self._look_again)

    def wait_for(self: "Console", worker: Worker[Any]) -> None:  # type: ignore[misc]  # a part of the application
        """Keys wait for a job that an action has begun, for as long as it opens no screen, and not for ever."""
        self._jobs_awaited = (*self._jobs_awaited, worker)

    def in_order(self: "Console", do: Callable[[], None]) -> None:  # type: ignore[misc]  # a part of the application
        """Do something whose jobs the next key waits for."""
        before, self.performing = self.performing, True
        try:
            do()
        finally:
            self.performing = before

    async def _look_again(self: "Console") -> None:  # type: ignore[misc]  # a part of the application
        self._looking = False
        await self.route_keys()

    def _must_wait(self: "Console") -> bool:  # type: ignore[misc]  # a part of the application
        now = monotonic()
        if self._routed is not None and now - self._routed[1] < _LOST_AFTER:
            return True
        # A screen that is opened takes the keys that follow, once it is there to take them.
        preparing = len(self.screen_stack) == 1 and any(not one.is_finished for one in self._jobs_awaited)
        if not preparing and self.screen.is_mounted:
            self._jobs_awaited, self._preparing_since = (), None
            return False
        if self._preparing_since is None:
            self._preparing_since = now
        return now - self._preparing_since < _PREPARING
