from __future__ import annotations

import threading

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.every import every


def test_answers_in_their_order():
    assert every(lambda n: n * 2, [3, 1, 2]) == [6, 2, 4]
    assert every(lambda n: n, []) == []


def test_all_have_it_though_the_first_fails_at_once():
    # One worker: whoever comes after the failure has not begun yet.
    had = []

    def act(thing):
        if thing == 1:
            raise RuntimeError("the first")
        had.append(thing)

    with pytest.raises(RuntimeError, match="the first"):
        every(act, [1, 2, 3], workers=1)
    assert had == [2, 3]


def test_all_at_the_same_moment():
    meeting = threading.Barrier(3, timeout=20)
    assert len(every(lambda _thing: meeting.wait(), range(3), workers=3)) == 3
