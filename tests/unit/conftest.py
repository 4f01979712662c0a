# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's main() with arguments, as a task would give them, and the one thing that is played: what its host answers to commands."""

from __future__ import annotations

import json
import os
import platform
import types

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible.plugins.action import ActionBase

HOST = "db2"


@pytest.fixture(autouse=True)
def umask():
    """What a program sets when it begins must not last for the tests after it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def play(capsys, monkeypatch):
    """play(module, arguments, check=…, diff=…) -> the result of a task on host db2, without the arguments that Ansible adds to it.

    Warnings, which each core collects in its own way, are in `warnings` where there are any.
    """
    warned = []
    monkeypatch.setattr(platform, "node", lambda: HOST)
    monkeypatch.setattr(AnsibleModule, "warn", lambda self, text, *more, **others: warned.append(text))

    def run(module, arguments=None, check=False, diff=False, fails=False):
        given = dict(arguments or {}, _ansible_check_mode=check, _ansible_diff=diff)
        capsys.readouterr()
        warned.clear()
        with patch_module_args(given), pytest.raises(SystemExit) as end:
            module.main()
        said = capsys.readouterr().out
        # From core 2.22 on a module tells the controller which of its arguments are secrets; neither goes into a task's result.
        result = {key: value for key, value in json.loads(said).items() if key != "invocation" and not key.startswith("_ansible_")}
        result.update({"warnings": list(warned)} if warned else {})
        assert bool(end.value.code) == fails == bool(result.get("failed")), said
        return result

    return run


@pytest.fixture
def refused(play):
    """refused(module, arguments, …) -> the sentence with which a task fails."""
    return lambda module, arguments=None, **how: play(module, arguments, fails=True, **how)["msg"]


class Commands:
    """What a host's commands answer: {how a command begins: text, (code, out, err) or a function of the whole command}.

    The longest beginning that fits counts. A command that nobody foresaw fails the test. `ran` has all of them, one string each.
    """

    def __init__(self):
        self.answers, self.ran, self.stdin = {}, [], []

    def __call__(self, args, **more):
        command = args if isinstance(args, str) else " ".join(args)
        self.ran.append(command)
        self.stdin.append(more.get("data"))
        fitting = [begin for begin in self.answers if command.startswith(begin)]
        assert fitting, "nobody foresaw the command: %s" % command
        answer = self.answers[max(fitting, key=len)]
        answer = answer(command) if callable(answer) else answer
        return (0, answer, "") if isinstance(answer, str) else answer

    def began(self, *beginnings):
        """Those that begin so, in their order."""
        return [command for command in self.ran if command.startswith(beginnings)]


@pytest.fixture
def commands(monkeypatch):
    """The answers to AnsibleModule.run_command, see Commands."""
    played = Commands()
    monkeypatch.setattr(AnsibleModule, "run_command", lambda self, args, **more: played(args, **more))
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda self, name, required=False, opt_dirs=None: name)
    return played


class Database:
    """What a database server answers: {how a statement begins: rows or a function of the values}, and its global variables.

    `did` has all statements with their values. `down` is the failure of whoever connects.
    """

    def __init__(self):
        self.answers, self.globals, self.did, self.down, self.open = {}, {}, [], None, 0

    def connect(self, login, *more):
        if self.down:
            raise self.down  # pylint: disable=raising-bad-type
        self.open += 1
        return self

    def rows(self, statement, values=()):
        self.did.append((statement, tuple(values or ())))
        if statement.startswith("SHOW GLOBAL VARIABLES WHERE"):
            return [{"Variable_name": name, "Value": self.globals[name]} for name in values if name in self.globals]
        fitting = [begin for begin in self.answers if statement.startswith(begin)]
        assert fitting, "nobody foresaw the statement: %s %s" % (statement, values)
        answer = self.answers[max(fitting, key=len)]
        return answer(*values) if callable(answer) else answer

    def run(self, statement, values=()):
        self.rows(statement, values)

    def variables(self, *names):
        return {row["Variable_name"].lower(): row["Value"] for row in self.rows("SHOW GLOBAL VARIABLES WHERE", names)}

    def close(self):
        self.open -= 1

    def began(self, *beginnings):
        """Statements that begin so, in their order, values put in."""
        return [statement % values if values else statement for statement, values in self.did if statement.startswith(beginnings)]


@pytest.fixture
def database(monkeypatch):
    """The answers of every server that is connected to, see Database."""
    from ansible_collections.failover.stack.plugins.module_utils._sql import connection

    played = Database()
    monkeypatch.setattr(connection, "connect", played.connect)
    return played


class Action:
    """An action plugin on the controller, whose modules answer one after the other; `called` has (module, arguments)."""

    def __init__(self, source, arguments, answers, check, **task):
        self.called, self.answers = [], list(answers)
        given = {"args": dict(arguments), "check_mode": check, "async_val": 0, "poll": 0, **task}
        self.removed = []
        shell = types.SimpleNamespace(tmpdir="/tmp/of-the-task")
        self.plugin = source.ActionModule.__new__(source.ActionModule)
        self.plugin._task = types.SimpleNamespace(**given)
        self.plugin._connection = types.SimpleNamespace(_shell=shell)
        self.plugin._remove_tmp_path = self.removed.append
        self.plugin._execute_module = self.execute

    def execute(self, module_name=None, module_args=None, task_vars=None, **more):
        self.called.append((module_name, dict(module_args)))
        assert self.answers, "nobody foresaw this call: %s %s" % self.called[-1]
        answer = self.answers.pop(0)
        answer = answer(module_name, module_args) if callable(answer) else answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self):
        return self.plugin.run(None, {"inventory_hostname": HOST})


@pytest.fixture
def act(monkeypatch):
    """act(action's module, arguments, [answers of the modules that it calls], check=…) -> an Action; its run() is the task's result."""
    monkeypatch.setattr(ActionBase, "run", lambda self, tmp=None, task_vars=None: {})
    return lambda source, arguments, answers, check=False, **task: Action(source, arguments, answers, check, **task)


class Clock:
    """Time that passes only when somebody sleeps; `later` has what happens then: {seconds from now: function}."""

    def __init__(self):
        self.now, self.later = 1000.0, {}

    def monotonic(self):
        return self.now

    def time(self):
        return 1795000000.0 + self.now

    def sleep(self, seconds):
        self.now += seconds
        for when in [when for when in sorted(self.later) if when <= self.now - 1000]:
            self.later.pop(when)()


@pytest.fixture
def clock(monkeypatch):
    """clock(module, …) -> the Clock by which these modules go from now on."""
    made = Clock()

    def give(*modules):
        for module in modules:
            monkeypatch.setattr(module, "time", made)
        return made

    return give
