"""What knows the format of osTicket's database."""
