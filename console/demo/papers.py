"""The documents of the estate: a real folder, filled from the seed. A document is as many rows as it has paragraphs.

Owns the label in a document's first line (`Class: confidential`), by which it can be more sensitive than its folder.
"""

import random
from pathlib import Path
from typing import Final

from console.demo.plans import CONTRACTS, REPORTS
from console.demo.poison import poisoned_text
from console.model.scales import DataClass

_LABEL: Final = "Class: "
_CLAUSES: Final = (
    "The supplier delivers within ten working days of each order.",
    "Either side may end this contract with thirty days' notice.",
    "Liability is capped at the price of the last twelve months.",
    "Prices are reviewed every January, by agreement.",
    "What is learned of the other's business stays with both sides.",
    "Disputes go to a mediator before they go to court.",
)
_SENTENCES: Final = (
    "Demand rose in the north and stood still in the south.",
    "Two new makers entered the market with plain goods at low prices.",
    "Customers ask for repair more often than a year ago.",
    "Freight costs fell for the third month in a row.",
)


def fill(folder: Path, seed: int) -> None:
    """Write the documents into a folder that does not exist yet. Raises OSError."""
    chance = random.Random(f"{seed}/papers")  # noqa: S311 - a seed that can be repeated is what is wanted
    for name, text in _documents(chance).items():
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def rows_in(text: str) -> int:
    """How many paragraphs a document has; at least one."""
    return max(1, sum(1 for part in text.split("\n\n") if part.strip()))


def label_of(text: str) -> DataClass | None:
    """The class that a document's first line names, if it does."""
    first = text.partition("\n")[0].strip()
    name = first.removeprefix(_LABEL)
    return DataClass(name) if first.startswith(_LABEL) and name in set(DataClass) else None


def _documents(chance: random.Random) -> dict[str, str]:
    found = {
        "public/index.md": _text(chance, "Markets", _SENTENCES, 4),
        "handbook/figures.md": _text(chance, "Figures", _SENTENCES, 6),
        "handbook/contracts-guide.md": _text(chance, "How to read a contract", _CLAUSES, 5),
        "handbook/board-calendar.md": _text(chance, "When the board meets", _SENTENCES, 3),
        "contracts/portal-terms.md": _text(chance, "Terms of a portal", (*_CLAUSES, poisoned_text(7)), 40)
        + f"\n\n{poisoned_text(7)}\n",
    }
    for number in range(1, REPORTS + 1):
        found[f"public/market-{number:02d}.md"] = _text(chance, f"Market {number}", _SENTENCES, chance.randint(3, 9))
        found[f"board/minutes-{number:02d}.md"] = _text(chance, f"Minutes {number}", _SENTENCES, chance.randint(5, 14))
        margins = _text(chance, f"Margins {number}", _SENTENCES, 5)
        found[f"handbook/margins-{number:02d}.md"] = f"{_LABEL}{DataClass.CONFIDENTIAL.value}\n\n{margins}"
    for number in range(1, CONTRACTS + 1):
        found[f"contracts/supplier-{number:02d}.md"] = _text(chance, f"Supplier {number}", _CLAUSES, chance.randint(20, 50))
    return found


def _text(chance: random.Random, title: str, sentences: tuple[str, ...], paragraphs: int) -> str:
    body = "\n\n".join(chance.choice(sentences) for _ in range(paragraphs))
    return f"# {title}\n\n{body}\n"
