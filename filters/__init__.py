"""Ticket filters."""
