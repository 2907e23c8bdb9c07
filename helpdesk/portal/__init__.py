"""Layouts, navigation and home pages of both portals."""
