"""The adapters, one module per area; importing this package registers all of them."""

from tests.conformance.adapters import numbers, queues, secrets, sign_in

__all__ = ["numbers", "queues", "secrets", "sign_in"]
