"""Tickets, queues and the pages that show them."""
