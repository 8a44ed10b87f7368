"""Answers of policy that are kept for questions that are asked again. It owns no fact: the engine would answer the same."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from console.policy.question import Answer


class KeptAnswers:
    """A bounded number of answers, the least recently asked out first. Any thread may use it.

    Whoever keeps an answer names in its key everything that the answer depends on.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._guard = threading.Lock()
        self.hits = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Answer | None:
        """The answer to this very question, if it is kept."""
        with self._guard:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                self.hits += 1
            return found

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer."""
        with self._guard:
            self._kept[key] = answer
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
