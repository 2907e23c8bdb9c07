"""Tables as files: CSV and spreadsheets, written row by row, with no cell that a spreadsheet would carry out."""
