"""Reading the audit log: records page by page, and proofs that a record is in the tree of a checkpoint."""

from collections.abc import Iterator
from typing import Final

from console.model import merkle
from console.model.audit import AuditRecord, Checkpoint, InclusionProof
from console.model.problems import ProblemError
from console.server.ports import Store, Value

_AT_ONCE: Final = 1_000


def records(store: Store, *, after: int = -1, **equals: Value) -> Iterator[AuditRecord]:
    """Every record behind a seq, in order, a page in memory at a time; fields select as in `ports.Store.audit`."""
    while page := store.audit(after, _AT_ONCE, **equals):
        yield from page
        after = page[-1].seq


def inclusion_proof(store: Store, seq: int, checkpoint: Checkpoint) -> InclusionProof:
    """The proof that a record is in the tree of a checkpoint (RFC 9162, section 2.1.3).

    It reads every leaf hash below the checkpoint; run it in a thread when the log is long.
    Raises ProblemError `not_found` when the checkpoint does not cover the record.
    """
    if not 0 <= seq < checkpoint.size <= store.audit_size():
        raise ProblemError("not_found", f"Audit record {seq} is not covered by the checkpoint of {checkpoint.size}.")
    leaves = store.leaves(0, checkpoint.size)
    return InclusionProof(
        seq=seq,
        size=checkpoint.size,
        leaf=leaves[seq].hex(),
        path=tuple(step.hex() for step in merkle.inclusion_path(leaves, seq)),
        root=checkpoint.root,
    )


def proves(proof: InclusionProof) -> bool:
    """Whether an inclusion proof holds."""
    try:
        path = [bytes.fromhex(step) for step in proof.path]
        leaf, root = bytes.fromhex(proof.leaf), bytes.fromhex(proof.root)
    except ValueError:
        return False
    return merkle.verify_inclusion(leaf, proof.seq, proof.size, path, root)
