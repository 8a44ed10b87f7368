"""Verifying a log: out of the files of a data folder, or over the API with the plane's public keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from console.bootstrap import AUDIT_KEYS, secret_store
from console.cli.failures import Failure, Status
from console.cli.planes import server_settings
from console.client import LeaseholdClient
from console.model.audit import AuditRecord, AuditVerification, Checkpoint, InclusionProof
from console.model.canonical import canonical
from console.model.merkle import leaf_hash, verify_inclusion
from console.server.audit.checkpoint import is_signed
from console.server.audit.verify import LoggedRecord, verify
from console.server.identity.keys import BadKeys, KeyRing, VerifyKey, read_public_key
from console.server.identity.payloads import verified
from console.server.store.offline import OfflineLog

PAGE = 500


def verify_offline(data: Path, config: Path | None, earlier: Checkpoint | None) -> AuditVerification:
    """Verify the files of a data folder. Raises ProblemError where there is no store, Failure where its keys are missing."""
    settings, _ = server_settings(config, data)
    text = secret_store(settings, data).get(AUDIT_KEYS)
    if text is None:
        raise Failure(
            Status.FAILED,
            f"The audit keys of the plane in {data} are not here, so its checkpoints cannot be verified.",
            "Verify where the plane's keys are, or over the API.",
            code="no_keys",
        )
    ring = KeyRing.load(text)
    with OfflineLog(data / settings.store.path) as log:
        records = (LoggedRecord(seq, text, leaf, columns) for seq, text, leaf, columns in log.records())
        return verify(records, log.checkpoints(), check_signature=_checker(ring.find), earlier=earlier, tree=log.tree)


async def verify_online(client: LeaseholdClient, earlier: Checkpoint | None) -> AuditVerification:
    """Verify what the API tells: the records against the checkpoints that it has, and against an earlier one."""
    keys = _public_keys(await client.show_keys())
    checkpoints = await client.list_checkpoints(PAGE)
    mark: str | None = None
    records: list[LoggedRecord] = []
    while True:
        page = await client.list_audit(limit=PAGE, next=mark)
        records += [_logged(record) for record in page.items]
        mark = page.next
        if mark is None:
            break
    return verify(records, checkpoints.items, check_signature=_checker(keys.get), earlier=earlier)


def proof_fault(record: AuditRecord, proof: InclusionProof, signed: Checkpoint, jwks: dict[str, Any]) -> str:
    """What is wrong with the proof of a record under a checkpoint; empty when it holds (RFC 9162, section 2.1.3)."""
    leaf = leaf_hash(canonical(record))
    if proof.leaf != leaf.hex() or (proof.seq, proof.size) != (record.seq, signed.size):
        return "the proof is of another record, or of another log"
    try:
        path = [bytes.fromhex(step) for step in proof.path]
        holds = verify_inclusion(leaf, record.seq, signed.size, path, bytes.fromhex(signed.root))
    except ValueError:
        holds = False
    if not holds:
        return "the path does not lead from the record to the checkpoint's root"
    return "" if _checker(_public_keys(jwks).get)(signed) else "the checkpoint is not signed by a key of this plane"


def _logged(record: AuditRecord) -> LoggedRecord:
    text = canonical(record)
    return LoggedRecord(record.seq, text.decode(), leaf_hash(text))


def _checker(find: Callable[[str], VerifyKey | None]) -> Callable[[Checkpoint], bool]:
    source = _Keys(find)
    return lambda checkpoint: is_signed(checkpoint, lambda key_id, signature: verified(source, key_id, signature))


class _Keys:
    """A source of keys out of a function."""

    def __init__(self, find: Callable[[str], VerifyKey | None]) -> None:
        self._find = find

    def find(self, key_id: str) -> VerifyKey | None:
        """The key of an id."""
        return self._find(key_id)


def _public_keys(document: dict[str, Any]) -> dict[str, VerifyKey]:
    try:
        keys = [read_public_key(jwk) for jwk in document.get("keys", [])]
    except (BadKeys, AttributeError, TypeError):
        raise Failure(Status.FAILED, "The public keys of the plane cannot be read.", "See leasehold doctor.") from None
    return {key.key_id: key for key in keys}
