"""A help desk whose database and static files are ready, made once for all tests that serve one."""

from pathlib import Path

import pytest

from tests.house.desk import manage

COLLECT = "from helpdesk import serving; assert serving.collect_static_files()"


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data directory with a migrated database and the static files, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    for arguments in [("migrate", "--verbosity", "0"), ("shell", "--no-imports", "-c", COLLECT)]:
        done = manage(folder, *arguments)
        assert done.returncode == 0, done.stderr
    return folder
