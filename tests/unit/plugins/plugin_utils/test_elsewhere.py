# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules on other hosts: real ones on this machine, and what becomes of those that fail or cannot be reached."""

from __future__ import annotations

import contextvars
import json
import os
import pathlib
import subprocess
import sys
import threading
import types

import pytest
import yaml
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.failover.stack.plugins.plugin_utils.elsewhere import AT_ONCE, Elsewhere

ROOT = pathlib.Path(__file__).resolve().parents[4]
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# In a process of its own, since loading plugins changes how this one imports. Prints what modules have told, and who is who.
TASK = """
import json, sys, types
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from ansible_collections.failover.stack.plugins.plugin_utils.elsewhere import Elsewhere

given, loader = json.loads(sys.argv[1]), DataLoader()
inventory = InventoryManager(loader, sources=[given["inventory"]])
manager = VariableManager(loader, inventory)
task = {"name": "of the play", "ansible.builtin.debug": {"msg": "x"}, **given["task"]}
play = Play.load({"name": "x", "hosts": "all", "gather_facts": False, "tasks": [task]}, variable_manager=manager, loader=loader)
[task] = [one for block in play.compile() for one in block.block if one.name == "of the play"]
made = Elsewhere(types.SimpleNamespace(_task=task, _templar=Templar(loader, {}), _play_context=PlayContext(play=play), _loader=loader))

def user(host):
    connection = made.handler(host, "ansible.builtin.ping", {}, 0)[0]._connection
    return connection.become.get_option("become_user") if connection.become else ""

told = [made.run_all(calls) for calls in given["calls"]]
print("TOLD " + json.dumps([told, {host: user(host) for host in given["users"]}], default=str))
"""


def really(tmp_path, hosts, calls=(), users=(), **task):
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    given = {"inventory": str(tmp_path / "inventory.yml"), "calls": calls, "users": users, "task": task}
    done = subprocess.run([sys.executable, "-c", TASK, json.dumps(given)], check=False, capture_output=True, text=True, env=dict(
        os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible" / "collections"), ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg")))
    [line] = [line for line in done.stdout.splitlines() if line.startswith("TOLD ")] or pytest.fail(done.stdout + done.stderr)
    return json.loads(line[5:])


def test_a_module_runs_on_the_host_that_is_named_with_its_own_variables(tmp_path):
    there, none = str(tmp_path / "there"), str(tmp_path / "none")
    hosts = {"one": dict(LOCAL, ansible_host="{{ 'localhost' }}"), "two": LOCAL, "beamed": {"ansible_connection": "teleport"},
             "nowhere": dict(LOCAL, ansible_host="{{ not_defined_anywhere }}")}
    (both, alone), _users = really(tmp_path, hosts, [
        [["two", "ansible.builtin.ping", {"data": "from two"}],
         ["one", "ansible.builtin.file", {"path": there, "state": "touch", "mode": "0600"}],
         # An action plugin of its own name runs as that; a module's own failure is its result.
         ["one", "ansible.builtin.assert", {"that": [True], "success_msg": "said"}],
         ["two", "ansible.builtin.file", {"path": none, "state": "file"}]],
        [["gone", "ansible.builtin.ping", {}], ["beamed", "ansible.builtin.ping", {}], ["nowhere", "ansible.builtin.ping", {}]]])
    assert both[0]["ping"] == "from two" and both[1]["changed"] is True and os.stat(there).st_mode & 0o777 == 0o600
    assert both[2]["msg"] == "said" and both[3]["failed"] is True and "absent" in both[3]["msg"]
    assert [one["failed"] for one in alone] == [True] * 3
    assert alone[0]["msg"] == "gone: the inventory has no host 'gone': correct the drill's hosts"
    assert alone[1]["msg"] == "beamed: there is no connection plugin 'teleport'"
    assert alone[2]["msg"].startswith("nowhere: ") and "not_defined_anywhere" in alone[2]["msg"]


def test_who_somebody_is_there_is_that_hosts_business_and_else_the_tasks(tmp_path):
    hosts = {"plain": LOCAL, "su": dict(LOCAL, ansible_become="{{ 'yes' }}", ansible_become_method="su", ansible_become_user="app"),
             "nobody": dict(LOCAL, ansible_become="no")}
    assert really(tmp_path, hosts, users=["plain", "su", "nobody"])[1] == {"plain": "", "su": "app", "nobody": ""}
    assert really(tmp_path, hosts, users=["plain", "su", "nobody"], become=True, become_user="drill", become_method="sudo")[1] == {
        "plain": "drill", "su": "app", "nobody": ""}


# --- What fails ---------------------------------------------------------------------

class Handler:
    def __init__(self, does):
        self.does, self.ended, self._connection = does, [], types.SimpleNamespace(close=lambda: self.ended.append("closed"))

    def run(self, task_vars):
        found = self.does()
        if isinstance(found, BaseException):
            raise found
        return found

    def cleanup(self):
        self.ended.append("cleaned")


@pytest.fixture
def faked(monkeypatch):
    """Elsewhere whose hosts do what they are told, and their handlers."""
    def make(**hosts):
        made = Elsewhere.__new__(Elsewhere)
        made.lock, handlers = threading.Lock(), {name: Handler(does) for name, does in hosts.items()}
        made.handler = lambda host, _module, _arguments, _background_s: (handlers[host], {})
        return made, handlers
    return make


@pytest.mark.parametrize("raised, told", [
    (AnsibleConnectionFailure("timed out"), {"failed": True, "unreachable": True, "msg": "db1 cannot be reached: timed out"}),
    (AnsibleError("no such module"), {"failed": True, "msg": "db1: no such module"})])
def test_who_fails_is_a_result_and_leaves_nothing_open(faked, raised, told):
    made, handlers = faked(db1=lambda: raised)
    assert made.run("db1", "ping", {}) == told and handlers["db1"].ended == ["cleaned", "closed"]


@pytest.mark.parametrize("raised", [KeyError("x"), KeyboardInterrupt()])
def test_a_defect_and_an_interruption_come_through_and_leave_nothing_open(faked, raised):
    made, handlers = faked(db1=lambda: raised)
    with pytest.raises(type(raised)):
        made.run("db1", "ping", {})
    assert handlers["db1"].ended == ["cleaned", "closed"]


def test_all_are_on_their_way_at_the_same_time_and_answer_in_their_order(faked):
    """Each waits for all others: one after the other they would never end."""
    names = ["h%d" % n for n in range(AT_ONCE)]
    meeting, task = threading.Barrier(AT_ONCE), contextvars.ContextVar("task")
    task.set("the drill")

    def does(name):
        def act():
            meeting.wait(120)
            return {"host": name, "task": task.get()}
        return act

    made, _handlers = faked(**{name: does(name) for name in names})
    assert made.run_all([(name, "ping", {}) for name in names]) == [{"host": name, "task": "the drill"} for name in names]
    assert made.run_all([]) == []


def test_one_that_cannot_be_reached_keeps_nobody_from_answering(faked):
    made, _handlers = faked(a=lambda: {"ok": 1}, b=lambda: AnsibleConnectionFailure("no route"), c=lambda: {"ok": 3})
    assert made.run_all([(name, "ping", {}) for name in "abc"]) == [
        {"ok": 1}, {"failed": True, "unreachable": True, "msg": "b cannot be reached: no route"}, {"ok": 3}]


def test_hosts_are_told_apart_while_handlers_are_made(faked):
    """Making one is not for two threads at once."""
    made, handlers = faked(a=lambda: {}, b=lambda: {})
    inside = []

    def handler(host, *_given):
        assert not inside and made.lock.locked()
        inside.append(host)
        inside.remove(host)
        return handlers[host], {}

    made.handler = handler
    assert made.run_all([("a", "ping", {}), ("b", "ping", {})] * 20) == [{}] * 40
