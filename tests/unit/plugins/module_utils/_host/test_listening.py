"""Which services listen at all addresses though they are not to."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.listening import everywhere


@pytest.mark.parametrize("listening, narrow, found", [
    ([("198.18.0.31", 3306), ("127.0.0.1", 3306)], [3306], []), ([("0.0.0.0", 3306)], [3306], [3306]), ([("::", 3306)], ["3306"], [3306]),
    # A proxy at a virtual address of the same machine.
    ([("198.18.0.31", 3306), ("198.18.0.102", 3306)], [3306], []),
    # Another port is nobody's business.
    ([("0.0.0.0", 22)], [3306], []), ([("::", 22), ("::", 9200), ("0.0.0.0", 9200), ("::", 3306)], [9200, 3306, 4567], [9200, 3306]),
    ([], [3306], []), ([("::", 3306)], [], [])])
def test_everywhere(listening, narrow, found):
    assert everywhere(listening, narrow) == found
