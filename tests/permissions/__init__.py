"""Who may do what: every service against every kind of actor, in a table that people can read (`matrix.csv`).

A new service fails until it has a line here. Say how it is called in the module of its area below `calls/` (one lambda
that takes a `World`), run `OSTLER_WRITE_MATRIX=1 pytest tests/permissions` and read what it wrote before committing:
the table is the promise, not the program. A function that checks nobody, because the services that call it have, goes
into `unchecked.py` with the reason.
"""
