"""Durable deliveries to the outside world."""
