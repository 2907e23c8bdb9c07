"""What administrators do to the program itself."""

from helpdesk.administration.services.jobs import run_job_now, switch_job
from helpdesk.administration.services.mailboxes import (
    discard_quarantined,
    fetch_mailbox_now,
    resume_mailbox,
    retry_quarantined,
    try_mailbox,
)
from helpdesk.administration.services.outbox import discard_deliveries, retry_deliveries

__all__ = [
    "discard_deliveries",
    "discard_quarantined",
    "fetch_mailbox_now",
    "resume_mailbox",
    "retry_deliveries",
    "retry_quarantined",
    "run_job_now",
    "switch_job",
    "try_mailbox",
]
