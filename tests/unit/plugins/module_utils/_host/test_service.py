# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a service lacks: packages, blocks of lines, units."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.dpkg import missing_packages
from ansible_collections.failover.stack.plugins.module_utils._host.service import (
    block_of,
    other_units,
    unit_files_changed,
    unit_needs,
)

DPKG = """installed haproxy\x20
installed default-mta-like mail-transport-agent, smtp (= 3)
config-files nginx\x20
not-installed keepalived\x20
half-configured apache2\x20
"""


@pytest.mark.parametrize("wanted, missing", [
    (["haproxy"], []),
    (["haproxy", "nginx", "keepalived"], ["nginx", "keepalived"]),
    (["apache2"], ["apache2"]),
    (["mail-transport-agent", "smtp"], []),
    (["haproxy=2.6.12-1", "haproxy:amd64"], []),
    (["nobody-knows-it"], ["nobody-knows-it"]),
])
def test_missing_packages(wanted, missing):
    assert missing_packages(wanted, DPKG) == missing


def test_a_block_between_its_markers():
    text = "127.0.0.1 localhost\n# BEGIN x\n198.18.0.51 mq1\n198.18.0.52 mq2\n# END x\n"
    assert block_of(text, "# {mark} x") == "198.18.0.51 mq1\n198.18.0.52 mq2"
    assert block_of(text, "# {mark} y") is None
    assert block_of("# END x\n# BEGIN x\n", "# {mark} x") is None


def test_units_of_a_pattern_that_nobody_wants():
    listings = """tomcat@one.service loaded active running Tomcat one
tomcat@two.service loaded inactive dead Tomcat two
tomcat@three.service loaded active running Tomcat three
tomcat@.service disabled enabled
tomcat@four.service enabled enabled
tomcat@five.service disabled enabled
"""
    assert other_units(listings, ["tomcat@one.service"]) == ["tomcat@four.service", "tomcat@three.service"]


def test_systemd_reads_anew_when_a_unit_was_written():
    assert unit_files_changed(["/etc/systemd/system/a.service.d/b.conf"])
    assert not unit_files_changed(["/etc/haproxy/haproxy.cfg"])


UNIT = {"name": "a.service", "state": "started", "enabled": True, "reads": ["/etc/a", "/etc/a.conf"], "when_stale": "none",
        "when_changed": "none", "when_missing": "none", "no_block": False}
RUNS = {"LoadState": "loaded", "ActiveState": "active", "UnitFileState": "enabled"}


@pytest.mark.parametrize("unit, shown, stale, changed, needs", [
    ({}, {}, False, [], {}),
    ({"when_missing": "reloaded"}, {}, False, [], {"state": "reloaded"}),
    ({}, {"ActiveState": "inactive"}, False, [], {"state": "started"}),
    ({}, {"ActiveState": "failed", "UnitFileState": "disabled"}, False, [], {"state": "started", "enabled": True}),
    ({"enabled": None}, {"UnitFileState": "disabled"}, False, [], {}),
    ({"enabled": False}, {}, False, [], {"enabled": False}),
    ({}, {}, True, [], {}),
    ({"when_stale": "restarted"}, {}, True, [], {"state": "restarted"}),
    ({"when_stale": "restarted", "state": "as_is"}, {}, True, [], {}),
    ({"when_changed": "reloaded"}, {}, True, [], {}),
    ({"when_changed": "reloaded"}, {}, True, ["/etc/a/deep"], {"state": "reloaded"}),
    ({"when_changed": "reloaded"}, {}, True, ["/etc/ab"], {}),
    ({"when_changed": "reloaded", "when_stale": "restarted"}, {}, True, ["/etc/a.conf"], {"state": "restarted"}),
    ({"when_changed": "restarted"}, {"ActiveState": "inactive"}, False, ["/etc/a.conf"], {"state": "started"}),
    ({"state": "stopped", "enabled": None}, {}, False, [], {"state": "stopped"}),
    ({"state": "stopped", "enabled": None}, {"ActiveState": "inactive"}, False, [], {}),
])
def test_what_a_unit_needs(unit, shown, stale, changed, needs):
    expected = {"name": "a.service", "no_block": False, **needs} if needs else {}
    assert unit_needs({**UNIT, **unit}, {**RUNS, **shown}, stale, changed, True, False) == expected


def test_in_check_mode_a_unit_that_is_not_there_is_left_out():
    assert unit_needs(UNIT, {"LoadState": "not-found"}, False, [], False, True) == {}
    assert unit_needs(UNIT, {**RUNS, "ActiveState": "inactive"}, False, [], False, True)["state"] == "started"
    assert unit_needs(UNIT, {"LoadState": "not-found"}, False, [], False, False)["state"] == "started"


def test_nothing_missing_is_no_reason():
    assert unit_needs({**UNIT, "when_missing": "reloaded"}, RUNS, False, [], False, False) == {}
