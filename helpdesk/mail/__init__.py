"""Addresses and templates of outgoing mail."""
