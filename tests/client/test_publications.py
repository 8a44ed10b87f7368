"""Publishing and rolling back by the typed client, against the real application."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from console.client import Conflict, Invalid, LeaseholdClient, NotAllowed
from console.model.actors import PLANE, Role
from console.model.approvals import ReviewInput
from console.model.bundles import BundleFile, PublicationInput
from console.model.operators import OperatorInput
from tests.server.api.plane import URL, Plane, open_plane


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with open_plane(tmp_path / "plane") as made:
        yield made


def operator(plane: Plane, name: str) -> LeaseholdClient:
    return LeaseholdClient(URL, URL, lambda: plane.tokens[name], transport=httpx.ASGITransport(app=plane.api))


async def test_two_authors_publish_and_roll_back(plane: Plane) -> None:
    plane.tokens["pia"] = (
        await plane.services.operators.enrol(OperatorInput(name="pia", roles=(Role.POLICY_AUTHOR,)), PLANE)
    ).token
    plane.world.clock.move(1)
    paul, pia = operator(plane, "paul"), operator(plane, "pia")
    first = (await paul.show_current_bundle()).bundle
    files = (*first.files, BundleFile(path="policies/note.cedar", text="// a note\n"))
    asked = PublicationInput(files=files, base_digest=first.digest, reason="a note")
    publication = await paul.request_publication(asked, key="once")
    approval = publication.approval
    shown = (await pia.show_approval(approval.id)).publication
    assert shown is not None
    assert [one.path for one in shown.files] == ["policies/note.cedar"]
    review = ReviewInput(verdict="approve", digest=approval.digest, revision=1, reason="read")
    with pytest.raises(NotAllowed) as own:
        await paul.review_approval(approval.id, review)
    assert own.value.code == "self_review"
    assert (await pia.review_approval(approval.id, review)).consumed_by == publication.bundle.id
    assert (await pia.roll_back(first.id, "not now")).restores == 1
    with pytest.raises(Conflict) as unchanged:
        await paul.request_publication(asked.model_copy(update={"files": first.files}))
    assert unchanged.value.code == "nothing_changed"
    broken = (*first.files, BundleFile(path="policies/note.cedar", text="forbid ("))
    with pytest.raises(Invalid) as refused:
        await paul.request_publication(asked.model_copy(update={"files": broken}))
    assert refused.value.facts["findings"]
