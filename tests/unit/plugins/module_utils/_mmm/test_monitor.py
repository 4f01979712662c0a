# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mmm import control
from ansible_collections.failover.stack.plugins.module_utils._mmm.monitor import Monitor

SHOW = "  db1(192.0.2.31) master/ONLINE. Roles: writer(192.0.2.102)\n"


def test_it_is_asked_within_a_time():
    asked = []

    def run(words):
        asked.append(words)
        return 0, {"show": SHOW, "mode": "ACTIVE\n", "checks": ""}[words[-1]], ""

    monitor = Monitor(run, "/usr/sbin/mmm_control", 7)
    shown, mode = monitor.look()
    assert control.writer(shown) == "db1" and mode == "ACTIVE" and monitor.checks() == {}
    assert asked[0] == ["timeout", "7", "/usr/sbin/mmm_control", "show"]


@pytest.mark.parametrize(("answer", "why"), [
    ((124, "", ""), "the monitor did not answer 'show' within 7 s"),
    ((1, "ERROR: Can't connect to monitor daemon!\n", ""), "mmm_control show ended with 1: ERROR: Can't connect to monitor daemon!"),
    ((127, "", ""), "mmm_control show ended with 127: it says nothing")])
def test_who_says_nothing(answer, why):
    with pytest.raises(control.Refused) as refused:
        Monitor(lambda words: answer, "mmm_control", 7).ask("show")
    assert str(refused.value) == why
