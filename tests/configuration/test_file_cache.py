"""The directory cache counts right, whoever counts with it."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from helpdesk.configuration.file_cache import WRITES_BETWEEN_LOOKS, CountingFileBasedCache
from helpdesk.settings import CACHE_URL, CACHES

PROCESS = """
import sys
from django.conf import settings
settings.configure()
from helpdesk.configuration.file_cache import CountingFileBasedCache
cache = CountingFileBasedCache(sys.argv[1], {})
for _ in range(50):
    cache.incr("count")
print(sum(cache.add(f"lock {number}", 1) for number in range(50)))
"""


@pytest.fixture
def cache(tmp_path: Path) -> CountingFileBasedCache:
    return CountingFileBasedCache(str(tmp_path), {})


@pytest.mark.skipif(bool(CACHE_URL), reason="this run has Redis")
def test_it_is_the_cache_of_a_help_desk_without_redis() -> None:
    assert CACHES["default"]["BACKEND"].endswith(CountingFileBasedCache.__name__)


def test_processes_count_together_and_only_one_gets_a_lock(cache: CountingFileBasedCache, tmp_path: Path) -> None:
    cache.set("count", 0)
    processes = [
        subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    locks_taken = [int(process.communicate()[0]) for process in processes]
    assert cache.get("count") == 150
    assert sum(locks_taken) == 50


def test_threads_do_too(cache: CountingFileBasedCache) -> None:
    cache.set("count", 0)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: cache.incr("count"), range(200)))
        assert sum(pool.map(lambda _: cache.add("lock", 1), range(50))) == 1
    assert cache.get("count") == 200


def test_counting_does_not_prolong_the_life_of_a_number(cache: CountingFileBasedCache) -> None:
    with time_machine.travel(time.time(), tick=False) as clock:
        cache.set("count", 1, 900)
        for _ in range(8):
            clock.shift(timedelta(seconds=110))
            cache.incr("count")
        assert cache.get("count") == 9
        clock.shift(timedelta(seconds=21))
        assert cache.get("count") is None


def test_a_number_without_end_stays(cache: CountingFileBasedCache) -> None:
    cache.set("count", 5, None)
    with time_machine.travel(time.time(), tick=False) as clock:
        assert cache.decr("count") == 4
        clock.shift(timedelta(days=400))
        assert cache.get("count") == 4


def test_what_is_not_there_cannot_be_counted(cache: CountingFileBasedCache) -> None:
    with pytest.raises(ValueError, match="not found"):
        cache.incr("count")
    with pytest.raises(ValueError, match="not found"):
        cache.decr("count")


def test_the_directory_may_disappear(cache: CountingFileBasedCache, tmp_path: Path) -> None:
    for path in tmp_path.iterdir():
        path.unlink()
    tmp_path.rmdir()
    assert cache.add("lock", 1)


def test_writing_does_not_list_all_files_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[object] = []
    list_it = os.scandir

    def scandir(path: str) -> object:
        listed.append(path)
        return list_it(path)

    monkeypatch.setattr(os, "scandir", scandir)
    cache = CountingFileBasedCache(str(tmp_path), {})
    for number in range(2 * WRITES_BETWEEN_LOOKS):
        cache.set(f"key_{number}", 1)
    assert len(listed) == 2


def test_it_holds_little_more_than_it_may(tmp_path: Path) -> None:
    most = 3 * WRITES_BETWEEN_LOOKS
    cache = CountingFileBasedCache(str(tmp_path), {"OPTIONS": {"MAX_ENTRIES": most}})
    held = []
    for number in range(2 * most + 1):
        cache.set(f"key_{number}", 1)
        held.append(sum(1 for _file in tmp_path.iterdir()))
    assert max(held) <= most + WRITES_BETWEEN_LOOKS
    assert min(held[most + WRITES_BETWEEN_LOOKS :]) < most
