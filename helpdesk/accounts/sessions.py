"""Sessions in Django's own table, each bound to the door that made it (setting SESSION_ENGINE)."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.base_session import AbstractBaseSession

DOOR_KEY = "_door"


class SessionStore(DatabaseSessionStore):
    """A session that is unknown at every door but its own."""

    def __init__(self, session_key: str | None = None, door: str = "") -> None:
        """Take the key that the browser presented and the name of the door where it was presented."""
        super().__init__(session_key)
        self.door = door

    def load(self) -> dict[str, Any]:
        """Give the data; a session of another door is treated like one that does not exist."""
        data: dict[str, Any] = super().load()
        if data.pop(DOOR_KEY, "") == self.door:
            return data
        self._session_key = None
        return {}

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        """Write the door into the row."""
        return super().create_model_instance({**data, DOOR_KEY: self.door})
