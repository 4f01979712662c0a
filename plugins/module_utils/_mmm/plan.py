# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role mmm needs on a database host and on the monitor's, worked out of its variables. Pure.

Every function takes the role's variables as the host sees them: `members` is mmm_members, `_info` the internal __mmm_info.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mmm import config, control
from ansible_collections.failover.stack.plugins.module_utils._mmm.config import name_of
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import GtidError, contains

UNITS = "/etc/systemd/system"
LOGROTATE = "/etc/logrotate.d/mysql-mmm"
SERVER_UNIT = "mariadb.service"
# Of mysql_replication, whose defaults another role does not see.
DATABASE = {"port": 3306, "socket": "/run/mysqld/mysqld.sock", "writer_address": "", "user": "replication", "sources": []}
# What MMM's programs do, tried one by one: without any of them a check, a switchover or a failover ends with an error.
AGENT_PRIVILEGES = {"*.*": "READ_ONLY ADMIN, REPLICATION SLAVE ADMIN, SLAVE MONITOR, BINLOG MONITOR, PROCESS, "
                           "CONNECTION ADMIN, REPLICATION MASTER ADMIN"}
MONITOR_PRIVILEGES = {"*.*": "SLAVE MONITOR"}
# With MMM's own reader, on the files as they are written.
CHECK = ("perl -MMMM::Common::Config -MLog::Log4perl=:easy -e 'Log::Log4perl->easy_init($ERROR); my $config = MMM::Common::Config->new; "
         "$config->read(\"%s\"); $config->check(\"%s\")'")


def database(values, name, host=None):
    """A variable of mysql_replication, as a member has it."""
    host = host or (values["inventory_hostname"] if is_member(values) else values["members"][0])
    given = (values["databases"].get(host) or {}).get("mysql_replication_" + name)
    return DATABASE[name] if given in (None, "") else given


def is_member(values):
    return values["inventory_hostname"] in values["members"]


def is_monitor(values):
    return values["inventory_hostname"] in values["monitors"]


def places(values):
    return dict(zip(values["members"], values["addresses"]))


def writer_address(values):
    return str(database(values, "writer_address")).partition("/")[0]


def sources(values):
    return list(database(values, "sources"))


def registered(values, name, what):
    return ((values["registered"].get(name) or {}).get(what)) or {}


def host(values):
    """What this host is and needs."""
    member, monitor = is_member(values), is_monitor(values)
    parts = ["agent"] * member + ["monitor"] * monitor
    packages = values["_packages"]
    low, high = config.detection_s(values["check_period_s"], values["check_trap_s"], values["check_timeout_s"])
    return {
        "member": member, "monitor": monitor, "both": member and monitor, "parts": parts,
        "packages": list(dict.fromkeys(one for part in ["common", *parts] for one in packages[part])),
        "archive": config.ARCHIVE, "state": config.STATE, "address": places(values).get(values["inventory_hostname"], ""),
        "addresses": [writer_address(values), *values["reader_addresses"]], "writer_address": writer_address(values),
        "names": {name: name_of(name) for name in values["members"]}, "socket": database(values, "socket"),
        "fetched": "://" in values["archive"], "detection": "%d to %d s" % (low, high), "sources": sources(values), **left_behind(values),
        "blank": bool(values.get("ansible_check_mode") and values.get("_info", {}).get("blank"))}


def left_behind(values):
    """{units, absent, leftovers, drops}: what goes when MMM goes."""
    units = [config.AGENT_UNIT] * is_member(values) + [config.MONITOR_UNIT] * is_monitor(values)
    programs = ["%s/%s" % (config.SBIN, name) for name in ("mmm_agentd", "mmm_mond", "mmm_control")]
    hosts = [(values["agent_user"], address) for address in values["addresses"]] + [(values["monitor_user"], values["monitor_address"])]
    return {"units": units, "absent": [*("%s/%s" % (UNITS, name) for name in units), LOGROTATE, *programs],
            "leftovers": [config.ETC, config.PERL, config.BIN, config.STATE],
            "drops": "DROP USER IF EXISTS %s" % ", ".join("'%s'@'%s'" % each for each in hosts)}


def maintenance(values):
    """{other, against}: the other source, and what stands against taking a member out or bringing it back."""
    name, both, found = values["maintenance_host"], sources(values), values["_control"]
    other = next((one for one in both if one != name), "")
    against = []
    if name not in values["members"]:
        against.append("mmm_maintenance_host is '%s', which is no member of group '%s': name one" % (name, values["group"]))
    elif values["maintenance"] == "begin":
        hosts = found["hosts"]
        if name in both and hosts.get(name_of(other), {}).get("state") != control.ONLINE:
            against.append("%s is %s, so nobody could take the writes while %s is out: bring it back first" % (
                other, hosts.get(name_of(other), {}).get("state", "unknown to MMM"), name))
    return {"other": other, "against": against}


def objections(values):
    """Sentences on what this host told, that no variable tells."""
    info, server, found = values["_info"], values.get("_server") or {}, []
    if not is_member(values) and not is_monitor(values):
        found.append("mmm_group is '%s', and this host is neither in it nor in '%s': correct the groups" % (
            values["group"], values["monitor_group"]))
    if info["packaged"]:
        found.append("a package mysql-mmm-common is installed, whose files would be overwritten: remove it and its sisters")
    if info["earlier"]:
        found.append("%s would be read before the files in %s, and MMM's configurations would disagree: remove what is there" % (
            " and ".join(info["earlier"]), config.ETC))
    if is_member(values) and not info["interface"]:
        found.append("no interface has mysql_replication_address, %s, so where MMM's addresses belong is unknown: correct it" % (
            places(values)[values["inventory_hostname"]]))
    if info["leads"]:
        found.append("mysql-writer.service runs and says who writes here, MMM would do so too: leave mmm's group empty, or go back by "
                     "playbooks/mmm_migrate.yml -e mmm_migrate=back")
    named = [channel["channel"] for channel in server.get("channels") or [] if channel.get("channel")]
    if named:
        found.append("it replicates by the named connection%s %s, and MMM sees the default one alone: give that name up, or leave mmm's "
                     "group empty" % ("s" * (len(named) > 1), ", ".join(named)))
    return found


# --- Files ------------------------------------------------------------------------------


def interface(values, name):
    """As the host told in this run, else as it is in the file that is here: --limit must not take it away."""
    told = registered(values, name, "__mmm_info").get("interface")
    return told or values["_info"]["interfaces"].get(name_of(name)) or "eth0"


def cluster(values):
    both = sources(values)
    peers = dict(zip(both, reversed(both)))
    hosts = {name_of(name): {"ip": address, "mode": "master" if name in both else "slave", "interface": interface(values, name),
                             "peer": name_of(peers[name]) if name in both else None} for name, address in places(values).items()}
    return {"hosts": hosts, "port": database(values, "port"), "agent_port": values["agent_port"], "kill_retries": values["kill_retries"],
            "blocking": values["_laid"]["blocking"], "writer": writer_address(values), "readers": values["reader_addresses"],
            "reader_hosts": [name_of(name) for name in values["reader_hosts"]], "sources": [name_of(name) for name in both]}


def unit(description, program, run, pid, more):
    """Root without its rights: what MMM's programs have to do needs no more than these."""
    return "\n".join([
        config.HEAD, "[Unit]", "Description=" + description, "After=network-online.target " + SERVER_UNIT, "Wants=network-online.target",
        "StartLimitIntervalSec=0", "", "[Service]", "Type=forking", "ExecStart=%s/%s" % (config.SBIN, program), "PIDFile=" + pid,
        "RuntimeDirectory=" + run.rpartition("/")[2], "KillMode=mixed", "TimeoutStopSec=15", "Restart=always", "RestartSec=1",
        "# It must not starve when the machine is busy.", "Nice=-10", "OOMScoreAdjust=-900", "NoNewPrivileges=true", "PrivateTmp=true",
        "ProtectHome=true", "ProtectSystem=strict", "ProtectKernelModules=true", "ProtectKernelTunables=true",
        "ProtectControlGroups=true", *more, "", "[Install]", "WantedBy=multi-user.target", ""])


def agent_unit(values):
    allowed = ["localhost", values["monitor_address"], *values["addresses"]]
    return unit("MMM's agent", "mmm_agentd", config.AGENT_RUN, config.AGENT_PID, [
        "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW", "ReadWritePaths=" + config.LOG,
        "# Whoever reaches its port can make this server writable.", "IPAddressDeny=any", "IPAddressAllow=" + " ".join(allowed)])


def monitor_unit(values):
    # What kills a host may need more.
    rights = [] if values["kill_host"] else ["CapabilityBoundingSet=CAP_NET_RAW"]
    return unit("MMM's monitor", "mmm_mond", config.MONITOR_RUN, config.MONITOR_PID,
                [*rights, "ReadWritePaths=%s %s" % (config.LOG, config.STATE)])


def logrotate(values):
    rules = ["daily", "rotate %d" % values["log_days"], "missingok", "notifempty", "compress", "delaycompress", "create 0640 root adm"]
    # The programs see that their file is another one, and open that.
    return "\n".join([config.HEAD, config.LOG + "/*.log {", *("    " + rule for rule in rules), "}", ""])


def of_agent(values):
    name = name_of(values["inventory_hostname"])
    return [{"path": config.AGENT, "mode": "0640", "content": config.agent(name, values["agent_user"], database(values, "user"))},
            {"path": "%s/%s" % (UNITS, config.AGENT_UNIT), "content": agent_unit(values)}]


def of_monitor(values):
    settings = {"address": "127.0.0.1", "port": values["port"], "ping_addresses": values["ping_addresses"],
                "flap_count": values["flap_count"], "flap_s": values["flap_s"], "auto_set_online_s": values["auto_set_online_s"],
                "kill_host": values["kill_host"], "monitor_user": values["monitor_user"], "period_s": values["check_period_s"],
                "trap_s": values["check_trap_s"], "timeout_s": values["check_timeout_s"], "max_backlog_s": values["max_backlog_s"]}
    return [{"path": config.MONITOR, "mode": "0640", "content": config.monitor(settings)},
            {"path": "%s/%s" % (UNITS, config.MONITOR_UNIT), "content": monitor_unit(values)}]


def files(values):
    """What config_files writes."""
    found = [{"path": config.COMMON, "mode": "0640", "content": config.common(cluster(values))},
             {"path": LOGROTATE, "content": logrotate(values)}]
    found += of_agent(values) if is_member(values) else []
    found += of_monitor(values) if is_monitor(values) else []
    checks = [CHECK % ("mmm_agent", "AGENT")] * is_member(values) + [CHECK % ("mmm_mon", "MONITOR")] * is_monitor(values)
    directories = [{"path": config.ETC}, {"path": config.LOG, "group": "adm", "mode": "0750"}, {"path": config.STATE}]
    return {"files": found, "directories": directories, "validate": checks}


def units(values):
    """{agent, monitor}: the monitor begins when the agents are there."""
    laid = values["_laid"].get("version") or ""

    def one(name, own):
        return {"name": name, "state": "started", "enabled": True, "when_stale": "restarted",
                "reads": [config.COMMON, own, "%s/%s" % (UNITS, name), config.PERL]}

    found = {"agent": [one(config.AGENT_UNIT, config.AGENT)] if is_member(values) else [],
             "monitor": [one(config.MONITOR_UNIT, config.MONITOR)] if is_monitor(values) else []}
    return found if laid else {"agent": [], "monitor": []}


# --- Accounts -----------------------------------------------------------------------------


def servers(values):
    return {name: registered(values, name, "__mmm_server") for name in values["members"]}


def accounts(values):
    """{users, here, lift}: what mysql_accounts makes, whether on this host, and whether no writer is there yet.

    MMM's own comes from the monitor's host, its agents' from all members: each asks the others. Where nobody writes, as in the beginning,
    it is the source that has everything."""
    users = [{"name": values["agent_user"], "hosts": values["addresses"], "privileges": AGENT_PRIVILEGES},
             {"name": values["monitor_user"], "hosts": [values["monitor_address"]], "privileges": MONITOR_PRIVILEGES}]
    writable = [name for name, info in servers(values).items() if info.get("writable")]
    chosen = writable[:1] or whole(values)[:1]
    return {"users": users, "here": values["inventory_hostname"] in chosen, "lift": not writable}


def whole(values):
    """The sources that have all that any of them has; none while one cannot be asked."""
    infos, both = servers(values), sources(values)
    if not all(infos[name].get("reachable") for name in both):
        return []
    positions = {name: infos[name]["gtid"]["executed"] for name in both}
    return [name for name in both if all(has(positions[name], other) for other in positions.values())]


# --- Who begins ---------------------------------------------------------------------------


def first(values):
    """{hosts, refused}: whom to set online, in their order, while nobody is and everybody waits for a word, as in the beginning.

    The source that has everything takes the writes. What MMM has decided is left alone."""
    found, nobody = values["_control"], {"hosts": [], "refused": ""}
    states = {one["state"] for one in (found.get("hosts") or {}).values()}
    if not found.get("reachable") or found["mode"] != "ACTIVE" or states != {control.AWAITING_RECOVERY}:
        return nobody
    both, infos = sources(values), servers(values)
    away = [name for name in both if not infos[name].get("reachable")]
    if away:
        return dict(nobody, refused="nobody takes the writes, and %s cannot be asked: set the host that has everything online by module "
                                    "mmm_control" % " and ".join(away))
    if not whole(values):
        return dict(nobody, refused="nobody takes the writes, and %s each have what the other lacks: set the one that counts online by "
                                    "module "
                                    "mmm_control" % " and ".join(both))
    begins = whole(values)[0]
    order = [begins, *(name for name in both if name != begins), *(name for name in values["members"] if name not in both)]
    return dict(nobody, hosts=[name_of(name) for name in order])


def has(mine, theirs):
    try:
        return contains(mine, theirs)
    except GtidError:
        return False


# --- Who has what -------------------------------------------------------------------------


def misplaced(values):
    """Sentences: addresses that are not where MMM says. _control: what it says; _held: results of mmm_host_info, by member."""
    roles, found = values["_control"]["roles"], []
    said = {address: name for of_role in roles.values() for address, name in of_role.items()}
    held = {}
    for result in values["_held"]["results"]:
        for address in result.get("held") or []:
            held.setdefault(address, []).append(name_of(result["item"]))
    for address in sorted(set(said) | set(held)):
        there = held.get(address, [])
        if there != ([said[address]] if address in said else []):
            found.append("%s is on %s, and MMM says %s" % (address, " and ".join(there) or "nobody", said.get(address, "nobody")))
    return found
