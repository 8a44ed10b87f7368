"""The roof: what happens at a plane's first start, and at its later ones."""

from pathlib import Path

from console.bootstrap import FIRST_NAME, FIRST_OPERATOR, FIRST_SECONDS, first_operator
from console.model.actors import PLANE
from console.server.identity.operators import Operators
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
