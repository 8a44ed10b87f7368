"""The entrance to the console: what the roof calls. Textual is loaded here, and the screen painted, before any network."""

from console.tui.ui.options import ConsoleOptions


def run(options: ConsoleOptions) -> None:
    """Run the console in this terminal until the operator leaves it."""
    from console.tui.ui.app import Console  # noqa: PLC0415 - so that the options can be made without Textual

    # Another profile is another console: nothing of one plane is carried over to the next.
    chosen: ConsoleOptions | None = options
    while chosen is not None:
        chosen = Console(chosen).run()


__all__ = ["ConsoleOptions", "run"]
