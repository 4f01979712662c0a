from __future__ import annotations

import pathlib
import re

from ansible_collections.failover.stack.plugins.lookup.scouter import LookupModule

ROOT = pathlib.Path(__file__).resolve().parents[4]


def test_the_role_asks_for_parts_that_exist_and_for_all_of_them():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "roles/scouter").rglob("*.yml"))
    assert set(re.findall(r"failover[.]stack[.]scouter', '(\w+)'", text)) == set(LookupModule.parts)
