from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils import _drill_files as files


def test_pack_and_unpack():
    assert files.unpack(files.pack({"a": [1, 2]})) == {"a": [1, 2]}
