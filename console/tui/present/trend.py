"""A trend as a small block plot in lines of text. Pure; a span without a value is a gap and never a nothing."""

from collections.abc import Sequence

from console.tui.present.cells import span_of_time
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import dim, muted, said, under

HEIGHT = 4
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_LABEL = 7


def trend_lines(values: Sequence[float | None], step_seconds: int, reason: str, unit: str = "") -> list[Line]:
    """The plot, oldest at the left, with its highest value and how far it reaches; or why there is none."""
    if reason:
        return [said("TREND", muted(reason))]
    held = [one for one in values if one is not None]
    if not held:
        return [said("TREND", muted("nothing of this kind in any span that the record holds"))]
    top = max(held)
    # Where all is nothing there is no height to show.
    rows = plot_rows(values, top) if top > 0 else plot_rows(values, top)[-1:]
    labels = [_short(top, unit), *([""] * (len(rows) - 2)), "0"] if top > 0 else ["0"]
    lines: list[Line] = []
    for number, (label, row) in enumerate(zip(labels, rows, strict=True)):
        spans = (dim(f"{label:>{_LABEL}} │"), Span(row, Tone.INFO, whole=True))
        lines.append(Line(spans, label="" if number else "TREND", hang=bool(number)))
    reach = span_of_time(step_seconds * len(values))
    lines.append(under(muted(f"{reach} to now, {span_of_time(step_seconds)} a column; · is no observation")))
    return lines


def plot_rows(values: Sequence[float | None], top: float) -> list[str]:
    """The rows of the plot, highest first: a column for each value, `·` at the foot of one that is not known."""
    rows = []
    for row in range(HEIGHT - 1, -1, -1):
        marks = ""
        for value in values:
            if value is None:
                marks += "·" if row == 0 else " "
                continue
            share = value / top if top > 0 else 0.0
            eighths = round(share * HEIGHT * 8) - row * 8
            # Something that was observed is never an empty column, not even when it is nothing.
            least = 1 if row == 0 else 0
            marks += _EIGHTHS[min(8, max(least, eighths))]
        rows.append(marks)
    return rows


def _short(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    ending = {"seconds": "s", "milliseconds": "ms", "days": "d"}.get(unit, "")
    return f"{value:.3g}{ending}" if abs(value) < 100_000 else f"{value / 1000:.0f}k{ending}"
