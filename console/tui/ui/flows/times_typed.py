"""Times as they are typed into forms: `15m`, `2h`, `900s`; and the ladder on which `←` and `→` step."""

from datetime import UTC, datetime, timedelta

from console.tui.present.cells import span_of_time

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LADDER = (10, 30, 60, 120, 300, 600, 900, 1_800, 2_700, 3_600, 5_400, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400)
_FORM = "write the time as 15m, 2h or 900s"


def seconds_of(text: str) -> int:
    """Seconds of `15m`, `2h`, `1h30m`, `900s` or `900`. Raises ValueError."""
    total, number = 0, ""
    for character in text.strip().lower().replace(" ", ""):
        if character.isdigit() and character.isascii():
            number += character
        elif character in _UNITS and number:
            total, number = total + int(number[:6]) * _UNITS[character], ""
        else:
            raise ValueError(f"for: {_FORM}")
    total += int(number[:6]) if number else 0
    if not total:
        raise ValueError(f"for: {_FORM}")
    return total


def stepped_time(text: str, by: int, most: int) -> str:
    """The next time up or down the ladder, never above `most` seconds; what cannot be read begins at the top."""
    rungs = [rung for rung in _LADDER if rung < most] + [most]
    try:
        now = seconds_of(text)
    except ValueError:
        return span_of_time(most)
    above = [rung for rung in rungs if rung > now]
    below = [rung for rung in rungs if rung < now]
    if by > 0:
        return span_of_time(above[0] if above else most)
    return span_of_time(below[-1] if below else rungs[0])


def begins_at(text: str, now: datetime) -> datetime | None:
    """When a grant begins: nothing or `now` is None; `30m` is from now; `08:00` is the next such time in UTC; else ISO 8601.

    Raises ValueError.
    """
    typed = text.strip()
    if typed.lower() in ("", "now"):
        return None
    try:
        return now + timedelta(seconds=seconds_of(typed))
    except ValueError:
        pass
    try:
        hour, minute = (int(part) for part in typed.upper().removesuffix("Z").split(":"))
        at = now.astimezone(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise ValueError("from: write now, 30m, 08:00 (UTC) or 2026-03-01T08:00Z") from None
    if at.tzinfo is None:
        raise ValueError("from: name the zone, as in 2026-03-01T08:00Z")
    return at.astimezone(UTC)


def stepped_beginning(text: str, by: int) -> str:
    """`now`, then later and later on a short ladder."""
    rungs = ("now", "15m", "30m", "1h", "2h", "4h", "8h", "1d")
    at = rungs.index(text.strip().lower()) if text.strip().lower() in rungs else 0
    return rungs[max(0, min(len(rungs) - 1, at + by))]
