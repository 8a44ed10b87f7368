"""The roof: what happens at a plane's first start, and at its later ones."""

from pathlib import Path

import pytest

from console.bootstrap import FIRST_NAME, FIRST_OPERATOR, FIRST_SECONDS, first_operator, log_check
from console.model.actors import PLANE
from console.model.problems import ProblemError
from console.server.audit.checkpoint import take
from console.server.identity.keys import KeyRing
from console.server.identity.operators import Operators
from console.server.identity.payloads import PayloadSigner
from console.server.store.folder import DATABASE
from console.server.store.sqlite import SqliteStore
from console.settings.secrets import SecretFolder
from tests.server.world import TestClock


async def test_whoever_holds_the_keys_is_never_locked_out(tmp_path: Path) -> None:
    clock = TestClock()
    store = SqliteStore.open(tmp_path / "store", clock)
    operators, keys = Operators(store), SecretFolder(tmp_path / "keys")
    try:
        await first_operator(operators, keys, clock.now())
        first = keys.get(FIRST_OPERATOR) or ""
        assert operators.authenticate(first, clock.now()).id == FIRST_NAME

        await first_operator(operators, keys, clock.now())
        assert keys.get(FIRST_OPERATOR) == first, "a token that still holds stays"

        clock.move(FIRST_SECONDS + 1)
        await first_operator(operators, keys, clock.now())
        second = keys.get(FIRST_OPERATOR) or ""
        assert second != first
        assert operators.authenticate(second, clock.now()).id == FIRST_NAME

        await operators.remove(FIRST_NAME, PLANE)
        clock.move(FIRST_SECONDS + 1)
        await first_operator(operators, keys, clock.now())
        assert keys.get(FIRST_OPERATOR) == second, "one who was removed stays removed"
        assert not operators.list()
    finally:
        await store.close()


async def test_the_plane_verifies_its_log_from_the_files_with_its_own_keys(tmp_path: Path) -> None:
    clock = TestClock()
    ring = KeyRing.create(clock.now())
    store = SqliteStore.open(tmp_path, clock)
    try:
        await take(store, PayloadSigner(ring))
        ring.rotate(clock.now(), 3600)
        result = log_check(tmp_path, PayloadSigner(ring))()
        assert (result.ok, result.checkpoints) == (True, 1)
        stranger = log_check(tmp_path, PayloadSigner(KeyRing.create(clock.now())))()
        assert [fault.code for fault in stranger.faults] == ["signature"]
    finally:
        await store.close()
    (tmp_path / DATABASE).write_bytes(b"no database" * 1000)
    with pytest.raises(ProblemError, match="cannot be read"):
        log_check(tmp_path, PayloadSigner(ring))()
