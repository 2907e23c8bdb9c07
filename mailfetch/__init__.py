"""Mail that comes in: fetched from mailboxes (IMAP, POP3), handed over by LMTP, kept aside where it cannot be used."""
