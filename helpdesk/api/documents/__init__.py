"""Reading the documents that programs send: JSON, XML, and data: URIs inside them."""
