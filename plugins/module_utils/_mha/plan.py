# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mha writes on a database host and on the manager's, worked out of its variables. Pure.

Every function takes the role's variables as the host sees them: `members` is mha_members, `_info` the internal __mha_info.
"""

from __future__ import annotations

import json
import os

from ansible_collections.failover.stack.plugins.module_utils._mha import config
from ansible_collections.failover.stack.plugins.module_utils._mha.config import BIN, ETC, HOME, PERL, PROGRAM, WORK

SYSTEM_USER = "mha"
UNITS = "/etc/systemd/system"
MEMBER_UNIT, MANAGER_UNIT = "failover-mha-member.service", "failover-mha-manager.service"
KEY, KNOWN_HOSTS, SSH_CONFIG = ETC + "/id_ed25519", ETC + "/known_hosts", ETC + "/ssh_config"
AUTHORIZED = HOME + "/.ssh/authorized_keys"
COMMAND = "/usr/local/sbin/failover-mha"
SERVER_CONF = "/etc/mysql/mariadb.conf.d/98-failover-stack-mha.cnf"
TMPFILES = "/etc/tmpfiles.d/failover-mha.conf"
WRITER_RUN, WRITER_RECORD = "/run/mysql-writer", "/var/lib/failover-mysql"
RUN = "/usr/bin/python3 -BI %s/run.py" % PROGRAM
SHELL = "#!/bin/sh\n" + config.HEAD + "\n"
KEPT_DAYS = 7
# The longest that the manager's program does one thing is to have a member promoted, 90 s.
SIGN_OF_LIFE_S = 100
# Of mysql_replication, whose defaults another role does not see.
DATABASE = {"port": 3306, "socket": "/run/mysqld/mysqld.sock", "datadir": "/var/lib/mysql", "binlog_directory": "", "writer_address": "",
            "isolation_s": 3, "user": "replication", "flavour": "mariadb"}
UNIT_OF_SERVER = "mariadb.service"
# Found by trying what MHA does: without any of them the check of replication, a failover or a switchover ends with an error. RELOAD is what
# RESET SLAVE wants.
PRIVILEGES = {"*.*": "RELOAD, REPLICATION SLAVE ADMIN, SLAVE MONITOR, BINLOG MONITOR, PROCESS", "mysql.user": "SELECT"}


def database(values, name, host=None):
    """A variable of mysql_replication, as a member has it."""
    host = host or (values["inventory_hostname"] if is_member(values) else values["members"][0])
    given = (values["databases"].get(host) or {}).get("mysql_replication_" + name)
    return DATABASE[name] if given in (None, "") else given


def is_member(values):
    return values["inventory_hostname"] in values["members"]


def is_manager(values):
    return values["inventory_hostname"] in values["managers"]


def places(values):
    """{member: address}"""
    return dict(zip(values["members"], values["addresses"]))


def logs(values):
    """Directories with binary and relay logs."""
    found = [database(values, "datadir"), database(values, "binlog_directory"), *values["log_directories"]]
    return list(dict.fromkeys(os.path.normpath(one) for one in found if one))


def host(values):
    """What this host is and needs."""
    packages = ["mha4mysql-node"] * is_member(values) + ["mha4mysql-manager"] * is_manager(values)
    return {
        "member": is_member(values), "manager": is_manager(values), "packages": [*packages, "python3-pymysql", "openssh-client"],
        "key": KEY, "user": SYSTEM_USER, "home": HOME, "groups": ["mysql"] if is_member(values) else [], "perl": PERL + "/MHA",
        "directories": directories(values), "both": is_member(values) and is_manager(values), "privileges": PRIVILEGES,
        "socket": database(values, "socket"), "port": int(database(values, "port")),
        "blank": bool(values.get("ansible_check_mode") and values.get("_info", {}).get("blank"))}


def directories(values):
    own = {"owner": SYSTEM_USER, "group": SYSTEM_USER, "mode": "0700"}
    found = [{"path": path} for path in (ETC, HOME, PROGRAM, os.path.dirname(BIN), BIN, PERL, PERL + "/MHA")]
    if is_member(values):
        found += [{"path": HOME + "/.ssh"}, {"path": WORK, **own}]
    return found + ([{"path": config.MANAGER, **own}] if is_manager(values) else [])


# --- Keys -------------------------------------------------------------------------------


def registered(values, name, what):
    return ((values["registered"].get(name) or {}).get(what)) or {}


def key_mark(name):
    return "failover-mha:" + name


def public_keys(values):
    """{host: its key} of those that this run asked, and of the others those that are there: --limit must not take them away."""
    there = {}
    for text in values["_info"]["authorized"]:
        words = text.split()
        if words and words[-1].startswith("failover-mha:"):
            there[words[-1]] = " ".join(words[-3:-1])
    names = [*values["managers"], *(one for one in values["members"] if one not in values["managers"])]
    found = {}
    for name in names:
        key = " ".join((registered(values, name, "__mha_key").get("public_key") or "").split()[:2]) or there.get(key_mark(name))
        found.update({name: key} if key else {})
    return found


def authorized_keys(values):
    """Whoever has such a key can have what MHA runs, and from its own address alone."""
    lines = [config.HEAD]
    for name, key in public_keys(values).items():
        whose = "manager" if name in values["managers"] else "member"
        place = values["manager_address"] if name in values["managers"] else places(values)[name]
        if name != values["inventory_hostname"] or name in values["managers"]:
            lines.append('restrict,from="%s",command="%s _agents.mha_command %s" %s %s' % (place, RUN, whose, key, key_mark(name)))
    return "\n".join([*lines, ""])


def known_hosts(values):
    """The members' own word, which came over the connection that Ansible has with them."""
    lines = [config.HEAD]
    for name, address in places(values).items():
        where = address if values["ssh_port"] == 22 else "[%s]:%d" % (address, values["ssh_port"])
        keys = registered(values, name, "__mha_info").get("host_keys") or []
        fresh = ["%s %s" % (where, " ".join(key.split()[:2])) for key in keys]
        lines += fresh or [line for line in values["_info"]["known_hosts"] if line.split()[:1] == [where]]
    return "\n".join([*lines, ""])


def ssh_config(values):
    words = {"User": SYSTEM_USER, "Port": values["ssh_port"], "IdentityFile": KEY, "IdentitiesOnly": "yes",
             "UserKnownHostsFile": KNOWN_HOSTS, "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "yes", "BatchMode": "yes",
             "ConnectTimeout": values["ssh_connect_s"], "LogLevel": "ERROR"}
    return "\n".join([config.HEAD, "Host *", *("  %s %s" % each for each in words.items()), ""])


# --- Files ------------------------------------------------------------------------------

# MHA switches the check of host keys off and waits long for a machine that dies meanwhile; of each option the first counts.
FIRST = "-F %s -o StrictHostKeyChecking=yes -o ConnectionAttempts=1 -o ServerAliveInterval=5 -o ServerAliveCountMax=3" % SSH_CONFIG


def commands(values):
    """What MHA finds on its PATH before everybody else's."""
    first = "%s -o ConnectTimeout=%d" % (FIRST, values["ssh_connect_s"])
    found = {"ssh": "exec /usr/bin/ssh %s \"$@\"" % first,
             # In the protocol whose far end is one command with one file.
             "scp": "exec /usr/bin/scp -O %s \"$@\"" % first}
    if is_member(values):
        found["mysql"] = "exec %s _agents.mha_command client \"$@\"" % RUN
        # MHA reads the version in MySQL's words; the name mysqlbinlog is a package of its own since MariaDB 11.
        found["mysqlbinlog"] = ("[ \"$*\" = --version ] && exec echo 'mysqlbinlog Ver 3.5'\n"
                                "exec /usr/bin/mariadb-binlog --no-defaults \"$@\"")
    if is_manager(values):
        found.update({"mha-" + kind: "exec %s _agents.mha_script %s \"$@\"" % (RUN, kind) for kind in config.SCRIPTS.values()})
    return [{"path": "%s/%s" % (BIN, name), "content": SHELL + text + "\n", "mode": "0755"} for name, text in found.items()]


def perl_module(values):
    """MHA hands passwords on in argument lists, so it has none: this adds it where DBI connects, and nowhere else."""
    return """%s
package FailoverMha;
use strict;
use warnings;
use DBI;

my $connect = \\&DBI::connect;
my $user    = '%s';

sub password {
  open( my $in, '<', '%s' ) or die "failover-mha: the password cannot be read: $!\\n";
  chomp( my $line = readline($in) );
  close($in);
  return $line;
}

{
  no warnings 'redefine';
  *DBI::connect = sub {
    my ( $class, $source, $name, $password, @more ) = @_;
    $password = password() if defined $name && $name eq $user && !length( $password // '' );
    return $connect->( $class, $source, $name, $password, @more );
  };
}

1;
""" % (config.HEAD, values["user"], config.PASSWORD)


def operator_command(_values):
    """MHA's commands for people: with its configuration, as its user, with what is mended."""
    given = " ".join("%s='%s'" % each for each in config.MANAGER_ENVIRONMENT.items())
    return SHELL + """case "$1" in
  check_repl | check_ssh | check_status | master_switch) ;;
  *) echo 'failover-mha check_repl | check_ssh | check_status | master_switch ...: masterha_... of MHA' >&2; exit 64 ;;
esac
word=$1
shift
cd / && exec setpriv --reuid=%s --regid=%s --init-groups env -i %s "masterha_$word" --global_conf=%s --conf=%s "$@"
""" % (SYSTEM_USER, SYSTEM_USER, given, config.DEFAULT_CONF, config.APP_CONF)


def as_json(found):
    return json.dumps(found, indent=2, sort_keys=True) + "\n"


def member_config(values):
    own = places(values)[values["inventory_hostname"]]
    return {
        "user": SYSTEM_USER, "own": own, "peers": [one for one in values["addresses"] if one != own], "port": int(database(values, "port")),
        "socket": database(values, "socket"), "unit": UNIT_OF_SERVER, "address": database(values, "writer_address"), "logs": logs(values),
        "purge_s": values["relay_purge_s"], "place": values["members"].index(values["inventory_hostname"]),
        "members": len(values["members"])}


def manager_config(values):
    return {
        "members": places(values), "candidates": values["candidates"], "port": int(database(values, "port")), "user": values["user"],
        "ssh_user": SYSTEM_USER, "ssh_port": values["ssh_port"], "ssh_connect_s": values["ssh_connect_s"],
        "isolation_s": int(database(values, "isolation_s")), "failover_interval_s": values["failover_interval_s"],
        "ping_interval_s": values["ping_interval_s"], "lost_s": values["lost_s"], "heal_s": values["heal_s"]}


def default_conf(values):
    return config.default_conf({
        "user": values["user"], "replication_user": database(values, "user"), "ssh_user": SYSTEM_USER, "ssh_port": values["ssh_port"],
        "ssh_connect_s": values["ssh_connect_s"], "ping_interval_s": values["ping_interval_s"], "logs": logs(values)})


def of_member(values):
    mine = {"group": SYSTEM_USER, "mode": "0640"}
    return [
        {"path": config.MEMBER_CONFIG, "content": as_json(member_config(values)), **mine},
        {"path": AUTHORIZED, "content": authorized_keys(values)},
        {"path": SERVER_CONF, "content": config.HEAD + "\n# Other replicas may need what is applied here; the agent purges it.\n[mysqld]\n"
                                                       "relay_log_purge = OFF\n"},
        {"path": TMPFILES, "content": "%s\ne %s - - - %dd\n" % (config.HEAD, WORK, KEPT_DAYS)},
        {"path": "%s/%s" % (UNITS, MEMBER_UNIT), "content": values["_member_unit"]}]


def of_manager(values):
    secret = {"owner": SYSTEM_USER, "group": SYSTEM_USER, "mode": "0600"}
    return [
        {"path": config.DEFAULT_CONF, "content": default_conf(values), **secret},
        {"path": config.PASSWORD, "content": "@@password@@\n", **secret},
        {"path": config.MANAGER_CONFIG, "content": as_json(manager_config(values)), "group": SYSTEM_USER, "mode": "0640"},
        {"path": PERL + "/FailoverMha.pm", "content": perl_module(values)},
        {"path": COMMAND, "content": operator_command(values), "mode": "0755"},
        {"path": "%s/%s" % (UNITS, MANAGER_UNIT), "content": values["_manager_unit"]}]


def files(values):
    """What config_files writes."""
    found = [{"path": SSH_CONFIG, "content": ssh_config(values)}, {"path": KNOWN_HOSTS, "content": known_hosts(values)},
             *commands(values), *values["_program"]]
    found += of_member(values) if is_member(values) else []
    found += of_manager(values) if is_manager(values) else []
    return {"files": found, "directories": directories(values), "purge": [{"directory": PROGRAM, "pattern": "*.py"}]}


def units(values):
    program = [one["path"] for one in values["_program"]]
    found = []
    if is_member(values):
        found.append({"name": MEMBER_UNIT, "state": "started", "enabled": True, "when_stale": "restarted",
                      "reads": [config.MEMBER_CONFIG, "%s/%s" % (UNITS, MEMBER_UNIT), *program]})
    if is_manager(values):
        reads = [config.MANAGER_CONFIG, config.DEFAULT_CONF, config.PASSWORD, "%s/%s" % (UNITS, MANAGER_UNIT), PERL + "/FailoverMha.pm"]
        found.append({"name": MANAGER_UNIT, "state": "started", "enabled": True, "when_stale": "restarted", "reads": [*reads, *program]})
    return found


def member_unit(values):
    """Options of program_unit: the address and its announcement, and whatever mysql-writer may write."""
    return {
        "directory": PROGRAM, "description": "Fences and promotes this database for MHA", "arguments": [config.MEMBER_CONFIG],
        "after": [UNIT_OF_SERVER, "mysql-writer.service"], "capabilities": ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_DAC_READ_SEARCH"],
        "families": ["AF_NETLINK", "AF_PACKET"], "writable": [WRITER_RECORD, "-" + WRITER_RUN], "runtime_directory": "failover-mha",
        "urgent": True}


def manager_unit(_values):
    """Perl, ssh and what they start need no rights, and write in their home alone."""
    return {"directory": PROGRAM, "description": "Runs MHA's manager", "arguments": [config.MANAGER_CONFIG],
            "after": ["network-online.target"], "user": SYSTEM_USER, "writable": [config.HOME], "urgent": True,
            "watchdog_s": SIGN_OF_LIFE_S}


def account(values):
    """What mysql_accounts makes; it comes from the manager's address."""
    return [{"name": values["user"], "hosts": [values["manager_address"]], "privileges": PRIVILEGES}]
