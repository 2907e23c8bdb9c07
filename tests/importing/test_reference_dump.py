"""Imported, the reference database reads as it does adopted: every count, table and numbered fact, on each engine.

The tests are those of adoption; here the models work on what `import_osticket` made, and bytes are compared with the
database that they came from.
"""

import pytest

from tests.adoption import test_reference_dump as adopted

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("reference")]

globals().update({name: value for name, value in vars(adopted).items() if name.startswith("test_")})
