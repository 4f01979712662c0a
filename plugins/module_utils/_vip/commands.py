# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that keepalived is to run. Pure. It says nothing of a missing one, and is master without the check."""

from __future__ import annotations

import shlex

USER = "keepalived_script"


def program(text):
    """The path of a command's program."""
    try:
        return shlex.split(text)[0]
    except (ValueError, IndexError):
        return text.split(" ", 1)[0]


def of_instances(instances):
    for instance in instances or []:
        for event in ("master", "backup", "fault", "stop"):
            if instance.get("notify_" + event):
                where = "keepalived_instances (%s).notify_%s" % (instance["name"], event)
                yield where, instance["notify_" + event], instance.get("notify_user")


def of_services(services):
    for service in services or []:
        where = "keepalived_virtual_servers (%s)" % service.get("name")
        for name in ("quorum_up", "quorum_down"):
            yield "%s.%s" % (where, name), service.get(name), service.get("notify_user")
        for server in service.get("servers") or []:
            for name in ("notify_up", "notify_down"):
                yield "%s.servers (%s).%s" % (where, server.get("name"), name), server.get(name), server.get("notify_user")
            for check in server.get("checks") or []:
                yield "%s.checks (%s).script" % (where, check.get("type")), check.get("script"), check.get("user")


def commands(instances, scripts=None, services=None):
    """[{what, program, user}] of all that keepalived is told to run, each once."""
    found = list(of_instances(instances)) + list(of_services(services))
    found += [("keepalived_scripts (%s).command" % check["name"], check.get("command"), check.get("user")) for check in scripts or []]
    result = {}
    for what, text, user in found:
        if text:
            one = {"what": what, "program": program(text), "user": user or USER}
            result.setdefault((one["program"], one["user"]), one)
    return list(result.values())
