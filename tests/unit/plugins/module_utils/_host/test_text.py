from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._host.text import text_of


def test_what_is_there(tmp_path):
    (tmp_path / "a").write_bytes(b"a\xff\n")
    assert (text_of(tmp_path / "a"), text_of(tmp_path / "none"), text_of(tmp_path)) == ("a\ufffd\n", "", "")
