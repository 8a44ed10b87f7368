"""The driver of the terminal: Textual's own, which goes on in the screen where the first frame stands.

Owns the handing over of the screen from `launch`: it is entered once, so that what stands there is not cleared.
"""

from textual.drivers.linux_driver import LinuxDriver

from console.tui.ui.launch import ENTER, Launch


class ContinuingDriver(LinuxDriver):
    """Textual's driver. The alternate screen that the first frame has entered is not entered again."""

    def write(self, data: str) -> None:
        """Send to the terminal."""
        launch = getattr(self._app, "launch", None)
        if data == ENTER and isinstance(launch, Launch) and launch.stands:
            launch.hand_over()
        else:
            super().write(data)
