"""The driver of the terminal: Textual's own, which goes on in the screen where the first frame stands.

Owns the handing over of the screen from `launch`: it is entered once, so that what stands there is not cleared.
"""

from textual.drivers.linux_driver import LinuxDriver

from console.tui.ui.launch import ENTER, Launch


class ContinuingDriver(LinuxDriver):
    """Textual's driver. The alternate screen that the first frame has entered is not entered again."""

    def start_application_mode(self) -> None:
        """Take the terminal; what is given back, also to the shell of a console in the background, is what was found."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual's own has no types
        launch = getattr(self._app, "launch", None)
        if isinstance(launch, Launch) and launch.found is not None:
            self.attrs_before = launch.found

    def write(self, data: str) -> None:
        """Send to the terminal."""
        launch = getattr(self._app, "launch", None)
        if data == ENTER and isinstance(launch, Launch) and launch.stands:
            launch.hand_over()
        else:
            super().write(data)
