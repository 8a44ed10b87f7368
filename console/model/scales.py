"""The two ordered scales of the house: how sensitive data is, and how risky an action is."""

from enum import StrEnum


class DataClass(StrEnum):
    """How sensitive data is, least first."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    RESTRICTED = "restricted"

    @property
    def rank(self) -> int:
        """0 for public to 3 for restricted; policies compare this number."""
        return _CLASSES.index(self)


_CLASSES = list(DataClass)


class RiskLevel(StrEnum):
    """How risky an action is, least first. The bounds of the score are 25, 50 and 80."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical."""
        return _LEVELS.index(self)

    @classmethod
    def of(cls, score: int) -> "RiskLevel":
        """The level of a score from 0 to 100."""
        if score >= 80:
            return cls.CRITICAL
        if score >= 50:
            return cls.HIGH
        return cls.MEDIUM if score >= 25 else cls.LOW


_LEVELS = list(RiskLevel)


def highest(first: DataClass, second: DataClass) -> DataClass:
    """The more sensitive of two classes."""
    return first if first.rank >= second.rank else second
