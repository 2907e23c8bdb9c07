"""The import: copying osTicket's MySQL database into the configured one, whatever its engine (docs/importing.md).

`source` reads osTicket's side, `values` turns what it sends into copied rows, `target` judges the other side,
`importer` does the work and `outcome` says what came of it. Never writes to osTicket's database.
"""
