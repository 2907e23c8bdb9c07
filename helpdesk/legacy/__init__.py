"""Everything that knows the format of osTicket's database, and nothing of the domain behind it."""
