"""Finding tickets by words: one interface, three engines.

`words` reads what somebody typed, `engines` looks it up (MySQL's FULLTEXT on the table that PHP shares, tsvector on
PostgreSQL, FTS5 on SQLite), `hits` leads from documents to tickets. `language` is what people
type on the search page.
"""
