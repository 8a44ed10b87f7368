"""The screen of the console: when something has changed, only the lines on which it stands are rendered again.

Textual renders every widget whole that a change overlaps, from its cache, however few lines have changed.
"""

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget


class BandCompositor(Compositor):
    """Lays the lines of a band together instead of those of the whole screen."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """The widgets that stand in the lines of `crop`, with where they are, what of them is seen, and those lines."""
        if crop is None:
            yield from super()._get_renders(crop)
            return
        band = Region(0, crop.y, self.size.width, crop.height)
        for widget, (region, clip) in self.visible_widgets.items():
            seen = clip.intersection(band)
            part = region.intersection(seen)
            if part.width and part.height:
                yield region, seen, widget.render_lines(part.translate((-region.x, -region.y)))


class BandScreen(Screen[None]):
    """A screen over such a compositor."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Textual paints the whole screen again when the keys go to another widget; widgets that look different then say so."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._compositor = BandCompositor()
