"""Backups: the whole help desk in one file, from and into any engine (docs/backup.md).

`archive` is the file's format, `saving` writes one, `restoring` fills an empty database from one.
"""
