"""What administrators do to the program itself."""

from helpdesk.administration.services.email_addresses import AddressDraft, delete_address, store_address
from helpdesk.administration.services.jobs import run_job_now, switch_job
from helpdesk.administration.services.mail_accounts import (
    MailboxDraft,
    SmtpDraft,
    delete_account,
    store_mailbox,
    store_smtp,
    try_account,
)
from helpdesk.administration.services.mailboxes import (
    discard_quarantined,
    fetch_mailbox_now,
    resume_mailbox,
    retry_quarantined,
    try_mailbox,
)
from helpdesk.administration.services.outbox import discard_deliveries, retry_deliveries

__all__ = [
    "AddressDraft",
    "MailboxDraft",
    "SmtpDraft",
    "delete_account",
    "delete_address",
    "discard_deliveries",
    "discard_quarantined",
    "fetch_mailbox_now",
    "resume_mailbox",
    "retry_deliveries",
    "retry_quarantined",
    "run_job_now",
    "store_address",
    "store_mailbox",
    "store_smtp",
    "switch_job",
    "try_account",
    "try_mailbox",
]
