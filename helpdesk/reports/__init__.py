"""Statistics: what happened in a period, per day and per department, help topic or agent."""
