"""A help desk with a long history, made from a seed, and how fast its pages are (`make bench`; docs/operations.md)."""
