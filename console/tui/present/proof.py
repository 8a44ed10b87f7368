"""The proof of an audit record, verified here: nothing is believed of it but what can be recomputed (RFC 9162, 2.1.3.2).

Loads models, so it is imported with the first proof that is asked for.
"""

from dataclasses import dataclass

from console.model import merkle
from console.model.audit import AuditRecord, Checkpoint, Checkpoints, InclusionProof
from console.model.canonical import canonical
from console.tui.present.cells import day_and_instant, figure
from console.tui.present.spans import Line, Span, Tone
from console.tui.present.words import muted, said, under


@dataclass(frozen=True, slots=True)
class Proven:
    """What came of a proof: whether it holds, in words, and what may be done."""

    holds: bool
    words: str
    hint: str = ""
    tone: Tone = Tone.DANGER


def leaf_of(record: AuditRecord) -> str:
    """The leaf hash of a record in hex: over the canonical JSON of exactly what is shown (RFC 9162, section 2.1.1)."""
    return merkle.leaf_hash(canonical(record)).hex()


def covering(record: AuditRecord, checkpoints: Checkpoints) -> Checkpoint | Proven:
    """The last checkpoint, or why it cannot prove the record."""
    if not checkpoints.items:
        return Proven(False, "No checkpoint was signed yet, so nothing can be proven.", "An auditor takes one.", Tone.WARN)
    last = checkpoints.items[0]
    if record.seq >= last.size:
        words = f"Not covered yet: the last checkpoint ends before record {figure(last.size)}."
        return Proven(False, words, "V again after the next checkpoint.", Tone.WARN)
    return last


def judge(record: AuditRecord, checkpoint: Checkpoint, proof: InclusionProof) -> Proven:
    """Whether a proof shows that this very record is in the tree of this checkpoint."""
    try:
        peaks = tuple(bytes.fromhex(one) for one in checkpoint.peaks)
        root, leaf = bytes.fromhex(checkpoint.root), bytes.fromhex(proof.leaf)
        path = [bytes.fromhex(step) for step in proof.path]
    except ValueError:
        return Proven(False, "WRONG: the checkpoint or the proof is not made of hashes.", _KEEP)
    if len(peaks) != checkpoint.size.bit_count() or merkle.root(peaks) != root:
        return Proven(False, f"WRONG: the checkpoint of {figure(checkpoint.size)} contradicts itself.", _KEEP)
    if (proof.seq, proof.size) != (record.seq, checkpoint.size):
        words = f"WRONG: the proof is of record {proof.seq} in {proof.size}, not of record {record.seq} in {checkpoint.size}."
        return Proven(False, words, _KEEP)
    ours = merkle.leaf_hash(canonical(record))
    if ours != leaf:
        words = f"WRONG: the record as shown hashes to {ours.hex()[:16]}…, and the log has {proof.leaf[:16]}… in its place."
        return Proven(False, words, _KEEP)
    if not merkle.verify_inclusion(ours, record.seq, checkpoint.size, path, root):
        return Proven(
            False, f"WRONG: the path does not lead to the root of the checkpoint of {figure(checkpoint.size)}.", _KEEP
        )
    words = f"Proven up to checkpoint {figure(checkpoint.size)}."
    signed = (
        f"Signed {day_and_instant(checkpoint.at)} by key {checkpoint.key_id[:8]}…; leasehold audit verify checks the signature."
    )
    return Proven(True, words, signed, Tone.OK)


_KEEP = "Keep what you see, and run leasehold audit verify where the data is."


def proof_lines(proven: Proven) -> tuple[Line, ...]:
    """What came of a proof, for the detail of its record."""
    sign = "✓" if proven.holds else "▲" if proven.tone is Tone.WARN else "✗"
    head = said("PROOF", Span(f"{sign} {proven.words}", proven.tone, strong=True))
    return (head, under(muted(proven.hint))) if proven.hint else (head,)
