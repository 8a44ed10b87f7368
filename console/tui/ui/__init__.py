"""The only place that imports Textual: application, actions, screens, widgets, styles and themes.

Importing anything in here first sets the frame rate, which Textual reads while it is imported.
"""

import os

# At Textual's own 60 frames a key waits up to 17 ms for its paint; at 240 it waits 4, for no more processor time.
os.environ.setdefault("TEXTUAL_FPS", "240")

from console.tui.ui.run import run

__all__ = ["run"]
