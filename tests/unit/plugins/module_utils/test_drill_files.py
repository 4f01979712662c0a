from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils import _drill_files as files


def test_pack_and_unpack():
    assert files.unpack(files.pack({"a": [1, 2]})) == {"a": [1, 2]}


def test_secrets_are_concealed_wherever_they_stand():
    value = {"of s3cret": ["s3cret and s3cret-longer", 1, None, ("s3cret",)], "plain": {"ok": True}}
    assert files.concealed(value, ["", "s3cret", "s3cret-longer"]) == {
        "of (not shown)": ["(not shown) and (not shown)", 1, None, ["(not shown)"]], "plain": {"ok": True}}
