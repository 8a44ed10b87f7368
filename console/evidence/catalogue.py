"""Framework catalogues and the product's own three rows, loaded from the package's data and checked against the metrics.

Owns the catalogues' shape. Ids of a catalogue with `ids_are_local` are this project's slugs and are always shown as such.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import Field

from console.evidence.metrics import definitions
from console.model.base import Input
from console.model.canonical import digest

Relevance = Literal["direct", "partial", "none"]


class Control(Input):
    """One entry of a framework. `coverage` says how far this console can evidence it from its own record."""

    id: str
    title: str
    group: str = ""
    level: str = ""
    summary: str
    coverage: Relevance
    evidence: tuple[str, ...]
    not_evidenced: str = ""
    threats: tuple[str, ...] = ()
    related_not_in_published_appendix: tuple[str, ...] = ()
    id_v1_0: str = ""
    id_v1_1_1: str = ""
    source: str


class Framework(Input):
    """A framework's own facts: who publishes it, which edition, and how far the list here was checked."""

    id: str
    title: str
    publisher: str
    version: str
    published: str
    url: str
    verified: Literal["primary", "secondary"]
    verified_from: tuple[str, ...]
    licence: str
    notes: str
    retrieved: str
    ids_are_local: bool
    control_count: int
    groups: dict[str, str] = Field(default_factory=dict)


class Catalogue(Input):
    """A framework with its controls, in the publisher's order."""

    framework: Framework
    control: tuple[Control, ...]

    @property
    def id(self) -> str:
        return self.framework.id

    @property
    def digest(self) -> str:
        """The SHA-256 digest over the canonical JSON (RFC 8785) of the whole catalogue."""
        return digest(self)

    def find(self, control_id: str) -> Control:
        """One control. Raises KeyError where the framework has no such id."""
        for control in self.control:
            if control.id == control_id:
                return control
        raise KeyError(control_id)


class SeedRow(Input):
    """A row that the product was asked for, word for word, and what the published lists say instead.

    References are `framework:control`.
    """

    seed_framework: str
    seed_reference: str
    seed_claim: str
    verdict: str
    why: tuple[str, ...]
    primary: tuple[str, ...]
    also: tuple[str, ...]
    not_this: tuple[str, ...]
    headline_evidence: tuple[str, ...]
    how_to_show: str


class SeedMeta(Input):
    """When the rows were checked, and what came of it."""

    checked: str
    conclusion: str


class SeedMapping(Input):
    """The three rows."""

    meta: SeedMeta
    row: tuple[SeedRow, ...]


def check(catalogue: Catalogue, metrics: Iterable[str]) -> None:
    """Raise ValueError, naming the entry, where a catalogue is not sound.

    Ids are unique and as many as stated; evidence names known metrics; what is out of scope names none, and every group is
    one of those listed, where any are.
    """
    known, seen = set(metrics), set[str]()
    for control in catalogue.control:
        where = f"{catalogue.id}:{control.id}"
        if control.id in seen:
            raise ValueError(f"{where} stands twice")
        seen.add(control.id)
        if unknown := sorted(set(control.evidence) - known):
            raise ValueError(f"{where} names {', '.join(unknown)}, which no metric defines")
        if control.coverage == "none" and control.evidence:
            raise ValueError(f"{where} is out of scope and names evidence")
        if catalogue.framework.groups and control.group not in catalogue.framework.groups:
            raise ValueError(f"{where} is of the group {control.group!r}, which is not listed")
    if len(seen) != catalogue.framework.control_count:
        raise ValueError(f"{catalogue.id} has {len(seen)} entries and states {catalogue.framework.control_count}")


@cache
def catalogues() -> dict[str, Catalogue]:
    """Every catalogue, by id: the four of the product's rows first, then the others by id. Raises ValueError if not sound."""
    found: dict[str, Catalogue] = {}
    for entry in files("console.evidence").joinpath("catalogues").iterdir():
        if entry.name.endswith(".toml"):
            catalogue = Catalogue.model_validate(tomllib.loads(entry.read_text(encoding="utf-8")))
            check(catalogue, definitions())
            if f"{catalogue.id}.toml" != entry.name:
                raise ValueError(f"{entry.name} holds {catalogue.id}")
            found[catalogue.id] = catalogue
    first = ("owasp_agentic_2026", "owasp_nhi_2025", "csa_maestro", "nist_ai_rmf_1_0")
    return {key: found[key] for key in sorted(found, key=lambda key: (first.index(key) if key in first else len(first), key))}


@cache
def seed_mapping() -> SeedMapping:
    """The product's three rows. Raises ValueError where one names a control or a metric that is not known."""
    text = files("console.evidence").joinpath("seed_mapping.toml").read_text(encoding="utf-8")
    mapping = SeedMapping.model_validate(tomllib.loads(text))
    for row in mapping.row:
        for reference in (*row.primary, *row.also, *row.not_this):
            try:
                resolve(reference)
            except KeyError:
                raise ValueError(f"{row.seed_framework} points at {reference}, which is in no catalogue") from None
        if unknown := sorted(set(row.headline_evidence) - set(definitions())):
            raise ValueError(f"{row.seed_framework} names {', '.join(unknown)}, which no metric defines")
    return mapping


def resolve(reference: str) -> tuple[Catalogue, Control]:
    """What `framework:control` points at. Raises KeyError where nothing is there."""
    framework, _, control = reference.partition(":")
    catalogue = catalogues()[framework]
    return catalogue, catalogue.find(control)
