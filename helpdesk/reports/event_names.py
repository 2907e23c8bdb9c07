"""Names of events as headings."""

from django.utils.translation import gettext_lazy as _

EVENT_LABELS = {
    "created": _("Opened"),
    "assigned": _("Assigned"),
    "overdue": _("Overdue"),
    "closed": _("Closed"),
    "reopened": _("Reopened"),
    "deleted": _("Deleted"),
    "transferred": _("Transferred"),
    "released": _("Released"),
    "referred": _("Referred"),
    "edited": _("Edited"),
    "merged": _("Merged"),
    "linked": _("Linked"),
    "unlinked": _("Unlinked"),
    "collab": _("Collaborators changed"),
    "resent": _("Sent again"),
    "viewed": _("Viewed"),
    "error": _("Error"),
}


def event_label(name: str) -> str:
    """Give the heading for an event; its own name for one of a plugin."""
    return str(EVENT_LABELS.get(name, name))
