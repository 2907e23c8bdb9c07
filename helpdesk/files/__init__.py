"""Stored files, attachments and signed downloads."""
