"""A plane with policy authors, and drafts for them: what tests of publications share."""

from collections.abc import Mapping
from datetime import timedelta

from console.model.actors import Role
from console.model.approvals import Approval, Publication, ReviewInput
from console.model.bundles import Bundle, BundleFile, PublicationInput
from console.model.operators import Operator
from tests.server.world import ADMIN, World, bundle_files

AUTHORS = ("paul", "pia", "pete")
STOP = """
@id("executor-is-stopped")
@reason("The executor may do nothing for now.")
forbid (principal, action, resource) when { principal.name == "executor" };
"""
STOP_FILE = "policies/stop.cedar"


async def enrol(world: World, name: str, *roles: Role, groups: tuple[str, ...] = ()) -> Operator:
    """An operator enrolled now."""
    operator = Operator(
        id=name,
        roles=roles,
        groups=groups,
        enrolled_at=world.clock.now(),
        enrolled_by="ida",
        token_expires_at=world.clock.now() + timedelta(hours=8),
    )
    world.operators[name] = await world.store.write(lambda tx: tx.put(operator, "operator.enrolled", ADMIN))
    return world.operators[name]


async def with_authors(world: World) -> World:
    """The world with its policy authors, enrolled before anything is asked."""
    for name in AUTHORS:
        await enrol(world, name, Role.POLICY_AUTHOR)
    world.clock.move(1)
    return world


def draft(world: World, changes: Mapping[str, str | None], **more: object) -> PublicationInput:
    """The sample bundle with other texts for some files (None leaves one out), as a draft of the bundle in force."""
    texts: dict[str, str | None] = {**bundle_files(), **changes}
    files = tuple(BundleFile(path=path, text=text) for path, text in texts.items() if text is not None)
    base = world.bundles.bundle
    assert base is not None
    fields = {"files": files, "base_digest": base.digest, "reason": "an incident"} | more
    return PublicationInput.model_validate(fields)


def stopping(world: World, note: str = "") -> PublicationInput:
    """A draft that forbids the executor everything; `note` makes it another digest."""
    return draft(world, {STOP_FILE: f"// {note}\n{STOP}"})


async def asked(world: World, by: str = "paul", note: str = "") -> Publication:
    """A publication that is asked for."""
    return await world.publications.request(world.operators[by], stopping(world, note))


async def review(world: World, name: str, approval: Approval, verdict: str = "approve") -> Approval:
    """A review of exactly what is asked."""
    said = {"verdict": verdict, "digest": approval.digest, "revision": approval.revision, "reason": "I read the diff."}
    return await world.approvals.review(world.operators[name], approval.id, ReviewInput.model_validate(said))


def kept(world: World, publication: Publication) -> tuple[Bundle, Approval]:
    """The bundle and the request as they are now."""
    bundle = world.store.get(Bundle, publication.bundle.id)
    approval = world.store.get(Approval, publication.approval.id)
    assert bundle is not None
    assert approval is not None
    return bundle, approval


def in_force(world: World) -> Bundle:
    """The bundle that decisions rest on."""
    assert world.bundles.bundle is not None
    assert world.bundles.active is not None
    assert world.bundles.active.digest == world.bundles.bundle.digest
    return world.bundles.bundle
