"""Which leases this process is minting just now. Nobody else settles these; everything `pending` besides is an orphan."""

from collections.abc import Callable


class Minting:
    """The ids of the leases that are being minted. Changed and read on the event loop's thread."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.on_end: Callable[[], None] | None = None

    def begin(self, lease_id: str) -> None:
        """From now on, leave this lease alone."""
        self.ids.add(lease_id)

    def end(self, lease_id: str) -> None:
        """From now on, whatever is left of it is everybody's."""
        self.ids.discard(lease_id)
        if self.on_end is not None:
            self.on_end()
