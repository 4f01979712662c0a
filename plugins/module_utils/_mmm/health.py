# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with MMM, by what mmm_control says. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mmm import control

REMEDY = {
    control.AWAITING_RECOVERY: "it is back and waits for somebody's word: mmm_control set_online %s",
    control.ADMIN_OFFLINE: "somebody took it out: playbooks/mmm_maintenance.yml brings it back",
    "HARD_OFFLINE": "its machine or server does not answer",
    "REPLICATION_FAIL": "its replication is broken: look at SHOW SLAVE STATUS there",
    "REPLICATION_DELAY": "it is behind",
}


def host_problems(name, host, offline_ok=()):
    if host["state"] != control.ONLINE and not (name in offline_ok and host["state"] == control.ADMIN_OFFLINE):
        why = REMEDY.get(host["state"], "look at the monitor's log")
        yield "%s is %s: %s" % (name, host["state"], why % name if "%s" in why else why)
    if not host["agent"]:
        yield "the agent on %s does not answer: look at mysql-mmm-agent.service there" % name


def check_problems(checks, hosts):
    for name, of_host in checks.items():
        for check, said in of_host.items():
            if hosts.get(name, {}).get("state") == control.ONLINE and not control.good(said["message"]):
                yield "the monitor's check %s of %s says: %s" % (check, name, said["message"])


def problems(*seen, **wanted):
    """See found()."""
    return list(found(*seen, **wanted))


def found(shown, mode, checks, readers=(), members=(), offline_ok=()):
    """Sentences. readers: addresses that some host must have; members: names that MMM must know; offline_ok: who may be out."""
    if mode != "ACTIVE":
        yield "the monitor is %s, nobody fails over%s: mmm_control set_active" % (mode, " (%s)" % shown["cause"] if shown["cause"] else "")
    for name in members:
        if name not in shown["hosts"]:
            yield "MMM does not know %s: run site.yml" % name
    for name, host in sorted(shown["hosts"].items()):
        yield from host_problems(name, host, offline_ok)
    if control.writer(shown) is None:
        yield "nobody has the role of the writer"
    held = shown["roles"].get("reader", {})
    for address in readers:
        if address not in held:
            yield "nobody has the reader address %s" % address
    yield from check_problems(checks, shown["hosts"])
