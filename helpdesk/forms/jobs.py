"""Recurring jobs of texts that osTicket's tables cannot hold."""

from celery import shared_task

from helpdesk.forms import cdata
from helpdesk.forms.models import FormAnswer
from helpdesk.legacy.originals import put_back, sweep, table_of


def put_originals_back() -> dict[str, int]:
    """Put originals into their columns where the tables hold every character by now; give their number per table."""
    restored = put_back()
    if table_of(FormAnswer) in restored:
        for object_type in cdata.TABLES:
            cdata.rebuild(object_type)
    return restored


@shared_task
def tidy_originals() -> int:
    """Put originals back that need no side table any more, remove idle ones; gives the number of those touched."""
    return sum(put_originals_back().values()) + sweep()
