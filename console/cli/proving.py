"""`leasehold audit prove`: one record, proven here against the newest signed checkpoint. Part of `leasehold audit`."""

import click

from console.cli.failures import Failure, Status
from console.cli.happenings import sentence
from console.cli.session import Session, connected
from console.cli.text import moment
from console.cli.verifying import proof_fault


@click.command()
@click.argument("seq", type=click.IntRange(0))
@connected
async def prove(session: Session, seq: int) -> None:
    """Prove that a record is in the log as it was signed: its bytes, its path, the root, and the plane's signature.

    RFC 9162, section 2.1.3. Everything is reckoned here; nothing is taken from the plane's word but its public keys.
    """
    async with session.client() as client:
        page = await client.list_audit(limit=1, next=str(seq - 1) if seq else None)
        record = next((one for one in page.items if one.seq == seq), None)
        signed = next(iter((await client.list_checkpoints(1)).items), None)
        if record is None or signed is None or signed.size <= seq:
            detail = f"There is no record {seq}." if record is None else f"No checkpoint covers record {seq} yet."
            raise Failure(Status.FAILED, detail, "A new checkpoint is signed by leasehold audit checkpoint.", code="not_found")
        proof = await client.prove_record(seq, signed.size)
        fault = proof_fault(record, proof, signed, await client.show_keys())
    if session.out.as_json:
        session.out.document({"ok": not fault, "fault": fault, "record": record, "proof": proof, "checkpoint": signed})
    else:
        entity = record.body.get("entity")
        body = entity if isinstance(entity, dict) else record.body
        who = record.actor.name or record.actor.id
        told = sentence(record.kind, body, who, object=record.object, object_id=record.object_id)
        session.out.say(f"Record {seq}, {moment(record.at)}: {told}")
        where = f"the checkpoint of {signed.size} records, signed {moment(signed.at)} by key {signed.key_id}"
        session.out.say(f"NOT PROVEN: {fault}" if fault else f"Proven: it is in {where}, root {signed.root}.")
    if fault:
        raise click.exceptions.Exit(Status.FAILED)
