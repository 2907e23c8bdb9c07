"""The adapters, one module per area; importing this package registers all of them."""

from tests.conformance.adapters import numbers, people, queues, secrets, sign_in

__all__ = ["numbers", "people", "queues", "secrets", "sign_in"]
