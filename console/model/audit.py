"""Audit records and checkpoints: what the log holds and what is signed over it."""

from pydantic import Field

from console.model.actors import Actor
from console.model.base import Digest, Input, Instant, Json, Reason, Shape


class AuditRecord(Shape):
    """One record of the audit log. `seq` counts from 0 and is its leaf's index in the Merkle tree.

    `body` is complete: it carries the changed entity, so that every figure shown can be walked back to records.
    `texts` maps the name of a free text to its salted digest; the text itself is kept apart and can be erased.
    """

    seq: int
    at: Instant
    kind: str
    actor: Actor
    object: str
    object_id: str
    agent_id: str | None = None
    task_id: str | None = None
    body: dict[str, Json]
    texts: dict[str, Digest] = Field(default_factory=dict)


class Checkpoint(Shape):
    """A signed statement: the tree of `size` records has this root (RFC 9162, section 4.10).

    `peaks` are the hashes of the perfect subtrees that make up the tree, largest first: with them, verification of a
    rebuilt log can name the records between which it differs. `signature` is a compact JWS over the rest.
    """

    size: int
    root: str
    peaks: tuple[str, ...]
    at: Instant
    log: str
    key_id: str = ""
    signature: str = ""


class AuditFault(Shape):
    """What verification found wrong, and at which record."""

    code: str
    seq: int | None
    last_seq: int | None = None
    text: str


class AuditVerification(Shape):
    """The result of verifying the whole log."""

    ok: bool
    size: int
    root: str
    checkpoints: int
    faults: tuple[AuditFault, ...] = ()


class InclusionProof(Shape):
    """A proof that a record is in the tree of a checkpoint (RFC 9162, section 2.1.3). Hashes in hex."""

    seq: int
    size: int
    leaf: str
    path: tuple[str, ...]
    root: str


class Checkpoints(Shape):
    """Checkpoints, newest first, and how many records the log holds now."""

    items: tuple[Checkpoint, ...]
    size: int


class FreeTextView(Shape):
    """A free text that the log knows by its digest. `text` is absent once it was erased."""

    digest: Digest
    text: str | None = None


class TextErasing(Input):
    """Why a free text is erased. The reason stays in the log: it must not repeat what is erased."""

    reason: Reason
