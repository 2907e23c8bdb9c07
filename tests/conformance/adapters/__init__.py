"""The adapters, one module per area; importing this package registers all of them."""

from tests.conformance.adapters import lifecycle, numbers, people, queues, secrets, sign_in

__all__ = ["lifecycle", "numbers", "people", "queues", "secrets", "sign_in"]
