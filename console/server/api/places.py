"""A bounded number of places for what takes long. Whoever takes one gives it back."""

from console.model.problems import ProblemError


class Places:
    """So many places and no more. `full` is the sentence for who comes too late."""

    def __init__(self, most: int, full: str) -> None:
        self._most = most
        self._full = full
        self.taken = 0

    def take(self) -> None:
        """Take a place. Raises ProblemError `rate_limited` when there is none."""
        if self.taken >= self._most:
            raise ProblemError("rate_limited", self._full)
        self.taken += 1

    def give_back(self) -> None:
        """Give a place back."""
        self.taken -= 1
