"""Descriptions of osTicket's tables."""
