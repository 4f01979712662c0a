# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd unit of a program of this collection: all are started, restarted and fenced in alike. Pure."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._agents import fence

ONLINE = "network-online.target"
PYTHON = "/usr/bin/python3 -BI"
PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./\[\]-]+")


def quoted(word):
    """As one word of ExecStart, see systemd.service(5): quotes, backslashes, percent signs and dollars keep their meaning."""
    word = str(word).replace("%", "%%").replace("$", "$$")
    if PLAIN.fullmatch(word):
        return word
    return '"%s"' % word.replace("\\", "\\\\").replace('"', '\\"')


def unit(entry, options):
    """The unit's text. options: those of the lookup program_unit, all of them."""
    program = [PYTHON, quoted(options["directory"] + "/run.py"), entry]
    command = [*program, *map(quoted, options["arguments"])]
    lines = ["# Written by Ansible (failover.stack).", "[Unit]", "Description=" + options["description"], "After=network.target"]
    order = {"after": [*options["after"], *options["replaces"]], "before": options["before"], "conflicts": options["replaces"]}
    lines += ["%s=%s" % (name.capitalize(), " ".join(units)) for name, units in order.items() if units]
    lines += ["Wants=" + ONLINE] if ONLINE in options["after"] else []
    # A program that watches something is not given up after some starts that failed.
    lines += ["StartLimitIntervalSec=0", "", "[Service]", "ExecStart=" + " ".join(command), "Restart=always",
              "RestartSec=%dms" % options["restart_ms"]]
    if options["ended"]:
        last = " ".join([*program, *map(quoted, options["ended"])])
        # Asked before a Python is started: it holds up the next start.
        lines.append("ExecStopPost=-" + ('/bin/sh -c "[ -e %s ] || exec %s"' % (options["ended_unless"], last)
                                         if options["ended_unless"] else last))
    if options["notifies"]:
        lines.append("Type=notify")
    if options["watchdog_s"]:
        # One that was stopped does nothing with another signal.
        lines += ["NotifyAccess=main", "WatchdogSec=%d" % options["watchdog_s"], "WatchdogSignal=SIGKILL"]
    if options["urgent"]:
        lines += ["# It must not starve when the machine is busy.", "Nice=-10", "OOMScoreAdjust=-900"]
    return "\n".join([*lines, *rights(options), "", "[Install]", "WantedBy=multi-user.target", ""])


def rights(options):
    """Who it is and what it may."""
    lines, capabilities = [], " ".join(options["capabilities"])
    if options["user"]:
        lines += ["User=" + options["user"]] + (["AmbientCapabilities=" + capabilities] if capabilities else [])
    if options["runtime_directory"]:
        lines += ["RuntimeDirectory=" + options["runtime_directory"], "RuntimeDirectoryPreserve=" + options["runtime_directory_preserve"],
                  "RuntimeDirectoryMode=" + options["runtime_directory_mode"]]
    return lines + fence.lines(
        options["capabilities"], options["families"], options["calls"], options["namespaces"], options["writes_code"],
        options["shares_view"], options["private_tmp"], list(map(quoted, options["writable"])))
