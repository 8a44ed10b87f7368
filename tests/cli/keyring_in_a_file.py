"""A keyring for tests: it keeps its secrets in the file that LEASEHOLD_TEST_KEYRING names. The program is told of it by the
keyring library's own variable, PYTHON_KEYRING_BACKEND.
"""

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend


class FileKeyring(KeyringBackend):
    """Secrets in one JSON file."""

    priority = 1  # type: ignore[assignment]

    def _all(self) -> dict[str, str]:
        path = Path(os.environ["LEASEHOLD_TEST_KEYRING"])
        return json.loads(path.read_text()) if path.exists() else {}

    def _save(self, secrets: dict[str, str]) -> None:
        Path(os.environ["LEASEHOLD_TEST_KEYRING"]).write_text(json.dumps(secrets))

    def get_password(self, service: str, username: str) -> str | None:
        return self._all().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._save(self._all() | {f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        self._save({name: secret for name, secret in self._all().items() if name != f"{service}/{username}"})
