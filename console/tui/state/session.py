"""Who sits at the console and what mode it is in: SAFE, ARMED or READ-ONLY.

Owns arming. Pure: times are monotonic seconds handed in.
"""

from dataclasses import dataclass, field, replace

from console.tui.state.connection import Connection

ARMED_FOR = 300.0
"""Idle seconds after which arming ends by itself."""


@dataclass(frozen=True, slots=True)
class Session:
    """The operator at the console. `armed_until` is monotonic; None is SAFE. `expires_at` is seconds since the epoch."""

    operator: str
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    expires_at: float | None = None
    environment: str = ""
    read_only: bool = False
    armed_until: float | None = None
    connection: Connection = field(default_factory=Connection)

    def armed_for(self, now: float) -> float:
        """Seconds for which it stays armed; 0 when SAFE or READ-ONLY."""
        return 0.0 if self.read_only or self.armed_until is None else max(0.0, self.armed_until - now)

    def mode(self, now: float) -> str:
        """`READ-ONLY`, `ARMED` or `SAFE`."""
        if self.read_only:
            return "READ-ONLY"
        return "ARMED" if self.armed_for(now) > 0 else "SAFE"


def arm(session: Session, now: float) -> Session:
    """Armed for five idle minutes; a read-only session cannot be armed."""
    return session if session.read_only else replace(session, armed_until=now + ARMED_FOR)


def disarm(session: Session) -> Session:
    """SAFE at once."""
    return replace(session, armed_until=None)


def touched(session: Session, now: float) -> Session:
    """A key was pressed: an armed session stays armed for another five minutes. One that has lapsed stays SAFE."""
    return replace(session, armed_until=now + ARMED_FOR) if session.armed_for(now) > 0 else disarm(session)
