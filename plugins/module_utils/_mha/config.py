# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MHA's configuration files. No password is in them: MHA would hand it on in argument lists; FailoverMha.pm adds it. Pure."""

from __future__ import annotations

LIBEXEC = "/usr/local/libexec/failover-stack"
PROGRAM = LIBEXEC + "/agents/mha"
BIN, PERL = LIBEXEC + "/mha/bin", LIBEXEC + "/mha/perl"
ETC, HOME = "/etc/failover-mha", "/var/lib/failover-mha"
WORK, MANAGER = HOME + "/work", HOME + "/manager"
DEFAULT_CONF, APP_CONF = ETC + "/masterha_default.cnf", MANAGER + "/app.cnf"
MANAGER_CONFIG, MEMBER_CONFIG = ETC + "/manager.json", ETC + "/member.json"
PASSWORD = ETC + "/password"
# There from the moment MHA begins to move the writer's part until somebody has it.
AT_WORK = MANAGER + "/at_work"
SOCKET = "/run/failover-mha/member.sock"
SCRIPTS = {"master_ip_failover_script": "failover", "master_ip_online_change_script": "online", "shutdown_script": "shutdown",
           "secondary_check_script": "secondary"}
HEAD = "# Written by failover.stack."
# How many times longer than a connection a command that does nothing may take on a busy machine, before MHA counts the member as dead.
COMMAND_TIMES = 4
# Perl, and what it starts, find our copies and programs first.
ENVIRONMENT = {"PATH": BIN + ":/usr/bin:/bin", "PERL5LIB": PERL, "LC_ALL": "C", "HOME": HOME, "USER": "mha", "LOGNAME": "mha"}
MANAGER_ENVIRONMENT = dict(ENVIRONMENT, PERL5OPT="-MFailoverMha")


def default_conf(values):
    """masterha_default.cnf. For a whole command MHA waits as long as for a connection.

    values: user, replication_user, ssh_user, ssh_port, ssh_connect_s, ping_interval_s, logs.
    """
    found = {
        "user": values["user"], "repl_user": values["replication_user"], "ssh_user": values["ssh_user"], "ssh_port": values["ssh_port"],
        "ssh_connection_timeout": COMMAND_TIMES * values["ssh_connect_s"],
        "ping_interval": values["ping_interval_s"], "ping_type": "SELECT",
        "manager_workdir": MANAGER, "remote_workdir": WORK, "master_binlog_dir": ",".join(values["logs"]),
        **{name: "%s/mha-%s" % (BIN, kind) for name, kind in SCRIPTS.items()}}
    return "\n".join([HEAD, "[server default]", *("%s=%s" % each for each in found.items()), ""])


def app_conf(members, candidates, listed, port):
    """app.cnf with those of `listed`, by inventory name: {name: address} of all. The first candidate that has everything takes over."""
    lines = [HEAD, "[server default]", "port=%s" % port]
    for number, (name, address) in enumerate(members.items(), 1):
        if name in listed:
            lines += ["", "# %s" % name, "[server%d]" % number, "hostname=%s" % address, "ip=%s" % address,
                      "candidate_master=1" if name in candidates else "no_master=1"]
    return "\n".join([*lines, ""])


def listed_in(text, members):
    """Who stands in such a file."""
    found = {line.partition("=")[2] for line in text.splitlines() if line.startswith("ip=")}
    return [name for name, address in members.items() if address in found]
