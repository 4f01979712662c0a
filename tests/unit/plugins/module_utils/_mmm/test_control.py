# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib

import pytest
from ansible_collections.failover.stack.plugins.module_utils._mmm import control

RECORDED = pathlib.Path(__file__).resolve().parents[3] / "recorded/mmm"


def recorded(name):
    return (RECORDED / (name + ".txt")).read_text(encoding="utf-8")


def test_all_online():
    found = control.show(recorded("show"))
    assert found["hosts"]["db1"] == {"address": "198.18.38.31", "kind": "master", "state": "ONLINE", "agent": True,
                                     "roles": [{"role": "writer", "address": "198.18.38.102"}]}
    assert found["roles"] == {"writer": {"198.18.38.102": "db1"}, "reader": {"198.18.38.111": "db3", "198.18.38.112": "db2"}}
    assert control.writer(found) == "db1" and control.holders(found, "reader") == ["db2", "db3"] and found["cause"] == ""


def test_one_is_back_and_an_agent_is_away():
    found = control.show(
        "# Warning: agent on host db1 is not reachable\n  db1(10.77.0.31) master/AWAITING_RECOVERY. Roles: \n"
        "  db2(10.77.0.32) master/ONLINE. Roles: reader(10.77.0.51), writer(10.77.0.50)\n\n")
    assert found["hosts"]["db1"]["state"] == "AWAITING_RECOVERY" and found["hosts"]["db1"]["roles"] == []
    assert not found["hosts"]["db1"]["agent"] and found["hosts"]["db2"]["agent"] and control.writer(found) == "db2"


def test_passive():
    found = control.show(recorded("passive"))
    assert found["cause"] == "Admin switched to passive mode." and len(found["hosts"]) == 3
    assert control.writer({"roles": {}}) is None


@pytest.mark.parametrize(("text", "why"), [
    ("ERROR: Can't connect to monitor daemon!", "Can't connect to monitor daemon!"),
    ("ERROR: Host 'db3' can't handle role 'writer'. Only following hosts could: db1, db2\n",
     "Host 'db3' can't handle role 'writer'. Only following hosts could: db1, db2"),
    ("ERROR: This command is only allowed in passive mode", "This command is only allowed in passive mode"),
    ("Error: Role writer has no IP.", "Role writer has no IP"),
    ("Invalid command 'move_roles writer db2'\n\nValid commands are:\n", "Invalid command 'move_roles writer db2'"),
    ("", "it says 'nothing'"), ("who knows\n", "it says 'who knows'"),
])
def test_what_exit_codes_do_not_tell(text, why):
    with pytest.raises(control.Refused) as refused:
        control.done(text)
    assert str(refused.value) == why


def test_what_was_recorded():
    assert control.done(recorded("already")) == "OK: Role is on 'db1' already. Skipping command."
    assert control.done(recorded("moved")).startswith("OK: Role 'writer' has been moved from 'db1' to 'db2'.")
    assert control.done(recorded("set_passive")) == "OK: Switched into passive mode." and control.mode_of(recorded("mode")) == "ACTIVE"
    for name, why in (("cannot", "Host 'db3' can't handle role 'writer'. Only following hosts could: db1, db2"),
                      ("invalid", "Invalid command 'nonsense'"), ("unknown", "Unknown host name 'db9'!")):
        with pytest.raises(control.Refused) as refused:
            control.done(recorded(name))
        assert str(refused.value) == why


def test_what_was_done():
    for said in ("OK: State of 'db1' changed to ONLINE. Now you can wait some time and check its new roles!",
                 "OK: This host is already ONLINE. Skipping command.", "OK: Role is on 'db1' already. Skipping command."):
        assert control.done(said + "\n") == said


def test_modes():
    assert [control.mode_of(mode + "\n") for mode in control.MODES] == list(control.MODES)
    with pytest.raises(control.Refused, match="its mode is 'UNKNOWN'"):
        control.mode_of("UNKNOWN")


def test_no_host_is_no_answer():
    with pytest.raises(control.Refused, match="it shows no host: 'nothing'"):
        control.show("\n")


def test_checks():
    found = control.checks(recorded("checks"))
    assert set(found) == {"db1", "db2", "db3"} and set(found["db2"]) == {"ping", "mysql", "rep_threads", "rep_backlog"}
    assert all(control.good(one["message"]) for host in found.values() for one in host.values())
    bad = control.checks("db1  mysql        [last change: 2026/11/30 15:00:00]  ERROR: Connect error (host = 198.18.38.31:3306, user = "
                         "m)!\n")
    assert not control.good(bad["db1"]["mysql"]["message"]) and bad["db1"]["mysql"]["since"] == "2026/11/30 15:00:00"


SHOWN = {"hosts": {"db1": {"state": "ONLINE"}, "db2": {"state": "ADMIN_OFFLINE"}, "db3": {"state": "ONLINE"}},
         "roles": {"writer": {"192.0.2.102": "db1"}, "reader": {"192.0.2.111": "db3"}}}


@pytest.mark.parametrize(("wanted", "commands"), [
    ({"host": "db1", "state": "online"}, []), ({"host": "db1", "state": "offline"}, [["set_offline", "db1"]]),
    ({"host": "db2", "state": "online"}, [["set_online", "db2"]]), ({"host": "db2", "state": "offline"}, []),
    ({"host": "db1", "role": "writer"}, []), ({"host": "db2", "role": "writer"}, [["move_role", "writer", "db2"]]),
    ({"host": "db2", "state": "online", "role": "writer"}, [["set_online", "db2"], ["move_role", "writer", "db2"]]),
    ({"mode": "active"}, []), ({"mode": "manual"}, [["set_manual"]]), ({"mode": "passive"}, [["set_passive"]])])
def test_only_what_is_missing_is_told(wanted, commands):
    assert control.plan(SHOWN, "ACTIVE", wanted) == commands
    assert control.reached(SHOWN, "ACTIVE", wanted) == (not commands)


def test_force():
    assert control.plan(SHOWN, "ACTIVE", {"host": "db2", "role": "writer"}, True) == [["move_role", "--force", "writer", "db2"]]


def test_objections():
    assert list(control.objections(SHOWN, {"host": "db9", "role": "backup"})) == [
        "host is 'db9', MMM knows db1, db2, db3: correct the name.", "role is 'backup', MMM knows reader, writer: correct the name."]
    assert list(control.objections(SHOWN, {"host": "db1", "role": "reader"})) == [
        "role is 'reader', which MMM spreads over its hosts by itself: name an exclusive role, such as writer."]
    assert list(control.objections(SHOWN, {"host": "db1", "role": "writer"})) == []
