"""Settings, the system log, translations: `configuration.current().text("helpdesk_title")`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helpdesk.configuration.snapshot import Snapshot


def current() -> "Snapshot":
    """Give the settings of namespace `core`; costs no query while warm (see `selectors`)."""
    from helpdesk.configuration import selectors

    return selectors.current()
