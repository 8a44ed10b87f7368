"""The customers, orders, payment methods and notes of the estate: a real SQLite database, filled from the seed.

Owns its schema. Only the resource server `crm` opens it.
"""

import random
import sqlite3
from pathlib import Path
from typing import Final

from console.demo.plans import BAITED, CUSTOMERS, ORDERS, customer
from console.demo.poison import poisoned_text

_SCHEMA: Final = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, reference TEXT NOT NULL, name TEXT NOT NULL, mail TEXT NOT NULL,
                        street TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, item TEXT NOT NULL,
                     cents INTEGER NOT NULL, status TEXT NOT NULL, remark TEXT NOT NULL);
CREATE TABLE payment_methods (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, kind TEXT NOT NULL,
                              account TEXT NOT NULL, expires TEXT NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customers, text TEXT NOT NULL,
                    written_by TEXT NOT NULL);
CREATE INDEX orders_by_customer ON orders (customer);
CREATE INDEX notes_by_customer ON notes (customer);
"""
_FIRST: Final = ("Ada", "Bruno", "Chiara", "Dimitri", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Liam", "Mira")
_LAST: Final = ("Abel", "Baker", "Costa", "Dahl", "Evers", "Fontana", "Gruber", "Holm", "Jansen", "Keller", "Lindt", "Moreau")
_CITIES: Final = ("Aarhus", "Bergen", "Bologna", "Ghent", "Graz", "Leeds", "Lyon", "Malmo", "Porto", "Riga", "Turku", "Zadar")
_STREETS: Final = ("Mill Lane", "Harbour Road", "High Street", "Station Square", "Orchard Way", "Castle Hill")
_ITEMS: Final = ("desk lamp", "oak chair", "bicycle pump", "rain jacket", "tea set", "wall clock", "garden hose", "wool rug")
_NOTES: Final = (
    "Called about a late parcel; was told the new date.",
    "Prefers mail over telephone.",
    "Moved house; the address was checked.",
    "Asked for the invoice again; it was sent.",
    "Praised the packaging.",
)
_STATUSES: Final = ("paid", "shipped", "delivered", "delivered", "settled")


def fill(path: Path, seed: int) -> None:
    """Make the database at a path that does not exist yet. Raises sqlite3.Error."""
    chance = random.Random(f"{seed}/records")  # noqa: S311 - a seed that can be repeated is what is wanted
    database = sqlite3.connect(path)
    try:
        database.executescript(_SCHEMA)
        numbers = range(1, CUSTOMERS + 1)
        people = {number: (chance.choice(_FIRST), chance.choice(_LAST)) for number in numbers}
        database.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?)",
            [
                (number, customer(number), f"{first} {last}", f"{first}.{last}{number}@mail.example".lower(),
                 f"{chance.choice(_STREETS)} {chance.randint(1, 180)}", chance.choice(_CITIES))
                for number, (first, last) in people.items()
            ],
        )  # fmt: skip
        database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", list(_orders(chance)))
        database.executemany(
            "INSERT INTO payment_methods VALUES (?, ?, ?, ?, ?)",
            [
                (number, number, chance.choice(("card", "card", "account")), f"{chance.randrange(10**15, 10**16)}",
                 f"20{chance.randint(27, 31)}-{chance.randint(1, 12):02d}")
                for number in numbers
            ],
        )  # fmt: skip
        database.executemany("INSERT INTO notes (customer, text, written_by) VALUES (?, ?, ?)", list(_notes(chance)))
        database.commit()
    finally:
        database.close()


def _orders(chance: random.Random) -> list[tuple[int, int, str, int, str, str]]:
    rows = []
    for number in range(1, ORDERS + 1):
        # The first orders belong to the customers in whose records text of strangers lies, one each.
        who = number if number <= BAITED else chance.randint(BAITED + 1, CUSTOMERS)
        remark = poisoned_text(number) if number <= BAITED else ""
        rows.append((number, who, chance.choice(_ITEMS), chance.randint(900, 48_000), chance.choice(_STATUSES), remark))
    return rows


def _notes(chance: random.Random) -> list[tuple[int, str, str]]:
    rows = [(number, chance.choice(_NOTES), "desk") for number in range(1, CUSTOMERS + 1) for _ in range(chance.randint(0, 3))]
    rows += [(number, poisoned_text(number), "web form") for number in range(1, BAITED + 1)]
    return rows
