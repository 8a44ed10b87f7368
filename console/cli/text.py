"""Text for the terminal: everything from outside is made inert here, and instants and spans are put into words."""

from datetime import UTC, datetime

from console.tui.present.inert import inert, inert_prose


def one_line(text: str) -> str:
    """One line of foreign text, as it may reach a terminal."""
    return inert(text).text


def prose(text: str) -> str:
    """Foreign prose, as it may reach a terminal, line by line."""
    return inert_prose(text).text


def fenced(text: str) -> str:
    """An agent's own words behind a bar on each line, with the hidden characters counted."""
    found = inert_prose(text)
    lines = [f"  | {line}" for line in found.text.split("\n")]
    if found.suspicious:
        hidden = f"{found.hidden} hidden characters" if found.hidden else "letters that pass for others"
        lines.append(f"  ({hidden}: this text may not be what it seems)")
    return "\n".join(lines)


def moment(at: datetime | None) -> str:
    """An instant in UTC, to the second."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def span(seconds: float) -> str:
    """A span in two parts at most, such as `1h 04m` or `45s`."""
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    whole = int(left)
    if whole < 60:
        return f"{sign}{whole}s"
    if whole < 3600:
        return f"{sign}{whole // 60}m {whole % 60:02d}s"
    if whole < 86_400:
        return f"{sign}{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{sign}{whole // 86_400}d {whole % 86_400 // 3600:02d}h"


def left(at: datetime | None, now: datetime) -> str:
    """How long until an instant; empty once it is past."""
    if at is None:
        return ""
    seconds = (at - now).total_seconds()
    return span(seconds) if seconds > 0 else ""


def joined(parts: object) -> str:
    """Several words as one cell."""
    return ", ".join(str(part) for part in parts) if isinstance(parts, tuple | list | set | frozenset) else str(parts)
