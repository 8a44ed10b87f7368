"""The one error of this folder: something that was configured or kept cannot be used, and what to do next.

The roof may import it; it is told on the terminal, never on the wire.
"""


class SettingsError(Exception):
    """What is wrong, and the next step. Neither ever holds a secret."""

    def __init__(self, detail: str, next_step: str = "") -> None:
        self.detail = detail
        self.next_step = next_step
        super().__init__(f"{detail} {next_step}".strip())
