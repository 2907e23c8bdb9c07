"""SLA plans and schedules."""
