# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MMM's configuration files: mmm_common.conf, the same on all hosts, mmm_agent.conf and mmm_mon.conf. Pure.

What is secret stands between @@, in the files of those alone who need it. Names in sections are letters, digits, - and _ to MMM, so
inventory names are written so.
"""

from __future__ import annotations

import re

ETC, LOG, STATE = "/etc/mysql-mmm", "/var/log/mysql-mmm", "/var/lib/mysql-mmm"
AGENT_RUN, MONITOR_RUN = "/run/mysql-mmm", "/run/mysql-mmm-monitor"
BIN, PERL, SBIN = "/usr/lib/mysql-mmm", "/usr/share/perl5/MMM", "/usr/sbin"
COMMON, AGENT, MONITOR = (ETC + "/mmm_%s.conf" % name for name in ("common", "agent", "mon"))
STATUS = STATE + "/mmm_mond.status"
AGENT_PID, MONITOR_PID = AGENT_RUN + "/mmm_agentd.pid", MONITOR_RUN + "/mmm_mond.pid"
CONTROL = SBIN + "/mmm_control"
AGENT_UNIT, MONITOR_UNIT = "mysql-mmm-agent.service", "mysql-mmm-monitor.service"
ARCHIVE = "/var/lib/mysql-mmm/mysql-mmm.tar.gz"
# Where MMM looks before it looks in ETC.
EARLIER = ("/etc", "/etc/mmm")
FILES = ("mmm_common.conf", "mmm_agent.conf", "mmm_mon.conf", "mmm_agent_log.conf", "mmm_mon_log.conf")
HEAD = "# Written by failover.stack."
WRITER, READER = "writer", "reader"
# MMM's main loop sleeps so long when nobody wakes it; a connection to a database that does not answer is given up after that.
LOOP_S, CONNECT_S = 3, 3


def name_of(host):
    """An inventory name as MMM can read it."""
    return re.sub(r"[^A-Za-z0-9_-]", "-", str(host))


def section(kind, name, values):
    """<kind name> … </kind>; what is None is left out."""
    lines = ["\t%-24s%s" % each for each in values.items() if each[1] is not None]
    return "\n".join(["<%s>" % " ".join(filter(None, (kind, name))), *lines, "</%s>" % kind, ""])


def common(cluster):
    """mmm_common.conf.

    cluster: hosts ({name: {ip, mode, peer, interface}}), port, agent_port, kill_retries, blocking, writer, readers (addresses),
    reader_hosts, sources. blocking: whether this MMM knows ways to keep clients out while it fences.
    """
    default = {"pid_path": AGENT_PID, "bin_path": BIN, "agent_port": cluster["agent_port"], "mysql_port": cluster["port"]}
    parts = [HEAD, "active_master_role\t" + WRITER, "max_kill_retries\t%d" % cluster["kill_retries"]]
    parts += ["# By its other way it would close the port by iptables for everybody while it waits.", "blocking_type\thard"] * bool(
        cluster["blocking"])
    parts += ["", section("host", "default", default)]
    for name, host in cluster["hosts"].items():
        parts.append(section("host", name, {"ip": host["ip"], "mode": host["mode"], "peer": host.get("peer"),
                                            "cluster_interface": host["interface"]}))
    parts.append(section("role", WRITER, {"hosts": ", ".join(cluster["sources"]), "ips": cluster["writer"], "mode": "exclusive"}))
    if cluster["readers"]:
        parts.append(section("role", READER, {"hosts": ", ".join(cluster["reader_hosts"]), "ips": ", ".join(cluster["readers"]),
                                              "mode": "balanced"}))
    return "\n".join(parts)


def agent(name, agent_user, replication_user):
    own = {"agent_user": agent_user, "agent_password": "@@agent@@", "replication_user": replication_user,
           "replication_password": "@@replication@@"}
    return "\n".join([HEAD, "include mmm_common.conf", "this\t" + name, "", section("host", "default", own)])


def monitor(settings):
    """mmm_mon.conf. settings: address, port, ping_addresses, flap_count, flap_s, auto_set_online_s, kill_host, monitor_user, period_s,
    trap_s, timeout_s, max_backlog_s."""
    own = {"ip": settings["address"], "port": settings["port"], "pid_path": MONITOR_PID, "bin_path": BIN, "status_path": STATUS,
           "ping_interval": 1, "ping_ips": ", ".join(settings["ping_addresses"]), "flap_count": settings["flap_count"],
           "flap_duration": settings["flap_s"], "auto_set_online": settings["auto_set_online_s"],
           "kill_host_bin": settings["kill_host"] or None, "mode": "active"}
    check = {"check_period": settings["period_s"], "trap_period": settings["trap_s"], "timeout": settings["timeout_s"],
             "max_backlog": settings["max_backlog_s"]}
    return "\n".join([HEAD, "include mmm_common.conf", "", section("monitor", "", own),
                      section("host", "default", {"monitor_user": settings["monitor_user"], "monitor_password": "@@monitor@@"}),
                      section("check", "default", check)])


def interfaces_in(text):
    """{name: interface} of a mmm_common.conf: what hosts that take no part in a run have there."""
    found, current = {}, None
    for line in text.splitlines():
        opened = re.fullmatch(r"\s*<\s*host\s+([\w-]+)\s*>\s*", line)
        current = opened[1] if opened else None if re.match(r"\s*</", line) else current
        value = re.match(r"\s*cluster_interface\s+(\S+)\s*$", line)
        if value and current:
            found[current] = value[1]
    return found


def detection_s(period_s, trap_s, timeout_s):
    """(shortest, longest) seconds from the death of a server until MMM acts: failures have to last trap_s, they are looked for every
    period_s and take up to timeout_s, and the main loop sees them when it wakes. A dead machine takes CONNECT_S more for each of two
    hosts that ask it, and what the agents' connection takes."""
    return trap_s, trap_s + 2 * period_s + timeout_s + LOOP_S
