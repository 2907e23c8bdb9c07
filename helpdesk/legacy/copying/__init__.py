"""Copying whole tables: the rows of any table in one form that is the same on every engine.

`shapes` says what a table consists of, `codec` writes a row as bytes and adds rows up to a sum, `reading` and `writing`
speak to the databases. The import from osTicket and the backup are made of these.
"""
