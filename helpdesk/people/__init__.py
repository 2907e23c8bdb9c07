"""Departments, teams, agents, roles, end users, organizations."""
