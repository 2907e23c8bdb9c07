"""Threads, entries, events, collaborators and referrals."""
