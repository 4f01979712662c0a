from __future__ import annotations

import pathlib
import re

import yaml
from ansible_collections.failover.stack.plugins.lookup.monitoring import LookupModule
from ansible_collections.failover.stack.plugins.module_utils._monitoring.targets import WATCHED

ROOT = pathlib.Path(__file__).resolve().parents[4]


def test_the_role_asks_for_parts_that_exist_and_for_all_of_them():
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "roles/monitoring").rglob("*.yml"))
    assert set(re.findall(r"failover[.]stack[.]monitoring', '(\w+)'", text)) == set(LookupModule.parts)


def test_what_is_asked_of_hosts_is_what_is_read_of_them():
    defaults = yaml.safe_load((ROOT / "roles/monitoring/defaults/main.yml").read_text(encoding="utf-8"))
    asked = defaults["monitoring_watched"].rpartition("hostvars, [")[2]
    assert re.findall(r"'(\w+)'", asked) == list(WATCHED)
