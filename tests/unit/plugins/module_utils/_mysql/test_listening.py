"""At which addresses a database server listens."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mysql.listening import everywhere, places

OWN, WRITER = "198.18.0.31", "198.18.0.102/24"


@pytest.mark.parametrize("given, own, writer, more, failover, found", [
    ("", OWN, "", [], "manual", [OWN, "127.0.0.1"]),
    ("", OWN, WRITER, None, "automatic", [OWN, "198.18.0.102", "127.0.0.1"]),
    ("", OWN, WRITER, ["192.0.2.31"], "mha", [OWN, "192.0.2.31", "198.18.0.102", "127.0.0.1"]),
    ("", "2001:db8::31", "2001:db8::102/64", [OWN], "manual", ["2001:db8::31", OWN, "2001:db8::102", "127.0.0.1", "::1"]),
    ("", OWN, "", ["2001:db8::31"], "manual", [OWN, "2001:db8::31", "127.0.0.1", "::1"]),
    ("", "127.0.0.1", "", [], "manual", ["127.0.0.1"]),
    # Its addresses of readers are no business of this role.
    ("", OWN, WRITER, [], "mmm", ["*"]),
    ("*", OWN, WRITER, [], "manual", ["*"]), ("198.18.0.31, 192.0.2.31", OWN, "", [], "manual", [OWN, "192.0.2.31"])])
def test_places(given, own, writer, more, failover, found):
    assert places(given, own, writer, more, failover) == found


def test_everywhere():
    assert everywhere(["*"]) and everywhere(["0.0.0.0"]) and everywhere(["::"]) and not everywhere([OWN, "::1"])
