# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What two Tomcats 10.1.60 logged when one had a class in a session that the other lacks, and an object that is not serializable."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._deploy.journal import losses

RECORDED = pathlib.Path(__file__).resolve().parents[3] / "recorded" / "tomcat"
UNKNOWN = "gave up sessions: this version does not know the class org.apache.jsp.lost_jsp$Basket"
NOT_SERIALIZABLE = "gave up sessions: not serializable is java.lang.Object"


@pytest.mark.parametrize("name, said", [
    ("backup_manager", ["AbstractReplicatedMap " + UNKNOWN, "AbstractReplicatedMap " + NOT_SERIALIZABLE]),
    ("delta_manager_starting", ["DeltaManager %s (3 times)" % UNKNOWN]),
    ("delta_manager_sending", ["DeltaManager " + NOT_SERIALIZABLE, "DeltaSession " + NOT_SERIALIZABLE]),
])
def test_what_was_given_up_is_told_by_its_reason_and_without_session_ids(name, said):
    assert losses((RECORDED / (name + ".log")).read_text().splitlines()) == said


def test_what_was_given_up_without_a_reason_is_told_too():
    assert losses([
        "29-Nov-2026 18:53:09.131 SEVERE [Receiver[user-Channel]-1] org.apache.catalina.ha.session.DeltaManager.messageReceived "
        "Manager [localhost#]: Unable to receive message through TCP channel",
        "\tjava.io.EOFException"]) == ["DeltaManager gave up sessions: Manager [localhost#]: Unable to receive message through TCP channel"]


@pytest.mark.parametrize("lines", [
    [],
    ["29-Nov-2026 18:52:45.128 INFO [main] org.apache.catalina.ha.session.DeltaManager.x ClassNotFoundException"],
    ["29-Nov-2026 18:52:45.128 SEVERE [main] org.apache.catalina.core.StandardWrapper.x failed", "\tjava.lang.ClassNotFoundException: a.B"],
    ["29-Nov-2026 18:52:44.296 WARNING [main] org.apache.catalina.tribes.tipis.AbstractReplicatedMap.x Unable to replicate data."],
    ["no record at all: ClassNotFoundException"],
])
def test_other_lines_are_no_loss(lines):
    assert losses(lines) == []
