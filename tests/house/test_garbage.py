"""The garbage collector of a test run."""

import gc


def test_it_leaves_alone_what_was_there_before_the_first_test() -> None:
    assert gc.get_freeze_count() > 50_000
    assert gc.isenabled()
