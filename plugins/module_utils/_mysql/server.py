# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member's machine has: sizes, directories, files, units, certificates. Pure; values as in _mysql/cluster.py."""

from __future__ import annotations

import json
import os
import re
import time

from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import LEADS, RUN_DIRECTORY
from ansible_collections.failover.stack.plugins.module_utils._etcd.api import url
from ansible_collections.failover.stack.plugins.module_utils._mysql import led, listening
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import address_of
from ansible_collections.failover.stack.plugins.module_utils._sql import binary_logs
from ansible_collections.failover.stack.plugins.module_utils._sql.option_file import EXCHANGE, lines

AGENT = "/usr/local/libexec/failover-stack/mysql-writer"
AGENT_CONFIG = "/etc/mysql/failover-stack-writer.json"
AGENT_UNIT = "mysql-writer.service"
RECORD = "/var/lib/failover-mysql"
INITIALISE = "/etc/mysql/failover-stack-initialise.sql"
# A certificate is renewed this long before it ends.
# How long before its end a certificate is made anew, at the most; of short ones their last quarter.
RENEWAL_S, DAY_S = 90 * 86400, 86400
AUTHORITY_DAYS = 3650
# From when on verify tells that one ends; of short ones the last twentieth of their life.
SOON_S = 7 * 86400
# Where the memory is not known.
UNKNOWN_MB = 512


def buffer_pool_mb(memory_mb, percent):
    """Whole units of 128 MiB, InnoDB's own; of 32 where that would be nothing."""
    share = int((memory_mb or UNKNOWN_MB) * percent / 100)
    return max(share // 128 * 128 if share >= 128 else share // 32 * 32, 32)


def left_behind(host):
    """Databases that would be left in the directory which was used so far. Those of a running server are in use there, whatever copies the
    other directory has."""
    if not host["datadir_differs"]:
        return []
    return [name for name in host["databases_before"] if host["running"] or name not in host["databases"]]


def datadir_problem(values, host):
    left, before = left_behind(host), host["datadir_before"]
    if left and values["leave_datadir"].rstrip("/") != before:
        yield ("mysql_replication_datadir is %s, while %s, which %s, has the databases %s: set mysql_replication_datadir to %s, or move "
               "them with the server stopped, or leave them there by setting mysql_replication_leave_datadir to %s" % (
                   values["datadir"], before, "the running server uses" if host["running"] else "is the server's by its option files",
                   ", ".join(left), before, before))


def log_paths(values, kind, name):
    """(base, index) of the logs, absolute. Those that are there go on under their name: a new name would be a new history."""
    host = values.get("_host") or {}
    before = {} if host.get("datadir_differs") else host.get(kind + "_before") or {}
    if before:
        return before["base"], before["index"]
    place = values["datadir"] if kind == "relay_log" else values["binlog_directory"] or values["datadir"]
    base = os.path.join(place, name)
    return base, base + ".index"


def log_problem(values, host):
    """A log elsewhere than it is asked for, and one that outlived its data."""
    before = {} if host["datadir_differs"] else host["log_bin_before"]
    if not before:
        return
    if before["elsewhere"]:
        yield ("mysql_replication_binlog_directory is %s, and the binary logs are %s.*: stop the server, move them and their index there "
               "and correct the paths in the index, or leave the variable out" % (values["binlog_directory"], before["base"]))
    if host["empty"]:
        yield ("the data directory %s is empty, while binary logs of an earlier server are there, %s.*: bring its data back, or move these "
               "away once nobody needs what they have" % (values["datadir"], before["base"]))


def authority_problem(values, exists=os.path.exists):
    """etcd's authority is made by its role, after the preflight."""
    if values["failover"] == "automatic" and not exists(values["etcd_authority"]):
        yield "mysql_replication_etcd_authority is %s, which is not there: run playbooks/etcd.yml first, or name the authority's file" % (
            values["etcd_authority"])


def within(path, values):
    """As the configuration names a file: one of the data directory by its name alone."""
    here = (values["datadir"].rstrip("/"), (values.get("_host") or {}).get("datadir_real"))
    return os.path.basename(path) if os.path.dirname(path) in here else path


def logs(values):
    """{log_bin, log_bin_index, relay_log, relay_log_index}: for the configuration."""
    (base, index), (relay, relay_index) = log_paths(values, "log_bin", "binlog"), log_paths(values, "relay_log", "relay-bin")
    return {"log_bin": within(base, values), "log_bin_index": within(index, values), "relay_log": within(relay, values),
            "relay_log_index": within(relay_index, values)}


def problems(values, host):
    found = [*datadir_problem(values, host), *log_problem(values, host), *led.problem(values, host)] if host else []
    return found + ([] if values["ansible_check_mode"] else list(authority_problem(values)))


def server(values):
    """mysql: whether it is Oracle's. binlog_total_mb: MiB that all binary logs may take, 0 for any; binlog_mb: one of them. variables: what
    a running server is told. problems: what speaks against the directories. doors: where its certificate is seen. blank_check: check mode
    on a machine without the server. places: of all members, for the agent. settings: lines of an option file. listens: its addresses;
    nonlocal: whether it starts only where the kernel lets it listen at some that are not there. narrow: ports that are not to be listened
    on everywhere."""
    own, host = values["_own"], values.get("_host", {})
    bound = binary_logs.bound_mb(values["binlog_total_mb"], values["binlog_disk_percent"], host.get("disk_mb"))
    dropin = "/etc/systemd/system/%s.d/failover-stack.conf" % own["unit"]
    # What a running server is told to take up is not here, see certificate_reload.
    reads = [own["config"], dropin]
    at = listening.places(values["bind_address"], values["address"], values["writer_address"], values["more_addresses"], values["failover"])
    return {
        "listens": at, "nonlocal": values["flavour"] == "mysql" and not listening.everywhere(at),
        "narrow": [] if listening.everywhere(at) else [int(values["port"])], "doors": doors(values),
        "mysql": values["flavour"] == "mysql", "own_apparmor": own_apparmor(values), "dropin": dropin, "reads": reads,
        "buffer_pool_mb": values["buffer_pool_mb"] or buffer_pool_mb(host.get("memory_mb"), values["memory_percent"]),
        "problems": problems(values, host), **logs(values),
        "binlog_total_mb": bound, "binlog_mb": binary_logs.one_log_mb(bound), "variables": variables(values, bound),
        "blank_check": bool(values["ansible_check_mode"] and values.get("_installed", {}).get("blank")),
        "directories": directories(values), "exchange": EXCHANGE, "agent": AGENT, "settings": lines(values.get("settings")),
        "lease": lease(values), "agent_config": AGENT_CONFIG, "acknowledges": acknowledges(values),
        "links": [{"path": "/etc/systemd/system/" + unit, "target": "/dev/null"} for unit in own["masked"]],
        "unit": {"name": own["unit"], "state": "started", "enabled": True, "reads": reads,
                 **({"log": own["log"]} if own.get("log") else {})}}


def doors(values):
    return [{"protocol": "mysql", "socket": values["socket"]},
            {"protocol": "mysql", "address": values["address"], "port": int(values["port"])}]


def variables(values, bound):
    """What a running server is told at once, though its configuration file says it, too."""
    return {"binlog_expire_logs_seconds": values["binlog_days"] * 86400, "slave_connections_needed_for_purge": 0,
            "max_binlog_total_size": bound * binary_logs.MIB, **waiting(values)}


def waiting(values):
    """For how long a commit waits for a replica, where no agent decides that: one that did so until now has made it wait for ever."""
    if values["failover"] == "automatic":
        return {}
    found = {}
    for side in ("master", "source"):
        found["rpl_semi_sync_%s_timeout" % side] = int(values["semi_sync_timeout_ms"])
        if not values["semi_sync"]:
            found["rpl_semi_sync_%s_enabled" % side] = 0
    return found


def own_apparmor(values):
    """Whether MySQL's profile must be told of another data directory, by its real path, or of another one for binary logs."""
    return values["flavour"] == "mysql" and bool(apparmor_paths(values))


def apparmor_paths(values):
    host, base = values.get("_host") or {}, log_paths(values, "log_bin", "binlog")[0]
    found = [values["datadir"].rstrip("/"), host.get("datadir_real") or values["datadir"].rstrip("/"), os.path.dirname(base)]
    return [path for path in dict.fromkeys(found) if path != values["_default_datadir"]]


def directories(values):
    return [
        {"path": values["datadir"], "owner": "mysql", "group": "mysql", "mode": "0750"},
        *([{"path": values["binlog_directory"], "owner": "mysql", "group": "mysql", "mode": "0750"}] if values["binlog_directory"] else []),
        {"path": values["_log_directory"], "owner": "mysql", "group": values["_log_group"], "mode": "2750"},
        {"path": EXCHANGE, "owner": "mysql", "group": "mysql", "mode": "0750"},
        {"path": values["_certificates"], "mode": "0755"}, {"path": AGENT, "mode": "0755"}, {"path": RECORD, "mode": "0700"}]


def places(values):
    """Name, address and port of every member, for the agent of the writer address."""
    port = int(values["port"])
    return [{"name": name, "address": address, "port": port} for name, address in zip(values["members"], values["addresses"])]


def acknowledges(values):
    """ON or OFF, as a server starts. With a lease the agents say who acknowledges."""
    if led.elsewhere(values):
        return "ON" if led.acknowledges(values) else "OFF"
    return "ON" if values.get("semi_sync") and not lease(values) else "OFF"


def lease(values):
    """What the agent has to know where the members decide by a lease in etcd who takes the writes; empty where somebody else does. What is
    secret stands between @@."""
    if values["failover"] != "automatic":
        return {}
    return {
        "mariadb": values["flavour"] == "mariadb", "datadir": values["datadir"], "order": values["members"],
        "alone": bool(values["failover_alone"]),
        "store": {"endpoints": [url(address, values["etcd_port"]) for address in values["etcd_addresses"]],
                  "ca": values["_certificates"] + "/etcd-ca.pem", "user": values["etcd_user"], "password": "@@etcd@@",
                  "prefix": prefix(values), "ttl_s": int(values["lease_ttl_s"])},
        "replication": {"channels": channels(values), "password": "@@replication@@"}}


def store(values):
    """{url, begin, end}: one of etcd's members, and the range of the cluster's keys."""
    begin = prefix(values)
    return {"url": url(values["etcd_addresses"][0], values["etcd_port"]), "begin": begin, "end": begin[:-1] + chr(ord("/") + 1)}


def prefix(values):
    return "/failover.stack/mysql/%s/" % values["group"]


def channels(values):
    """{member: how to receive from it}, by the names of mysql_replica's parameters. The password is not among them."""
    tls = values["tls"]
    common = {
        "source_port": values["port"], "source_user": values["user"], "gtid": "auto", "connect_retry": values["connect_retry_s"],
        "heartbeat_period": values["heartbeat_s"], "ssl": tls, "ssl_ca": values["_certificates"] + "/ca.pem" if tls else "",
        "ssl_verify_server_cert": tls}
    if values["flavour"] == "mysql":
        common.update(retry_count=0, get_source_public_key=not tls)
    return {member: dict(common, source_host=address) for member, address in zip(values["members"], values["addresses"])}


def agent_settings(values):
    """program_unit's options. The address and its announcement need capabilities; so do files of the server's user."""
    return {
        "directory": AGENT, "description": "Agent of the writer address of %s" % values["group"], "arguments": [AGENT_CONFIG],
        "after": [values["_own"]["unit"]], "capabilities": ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_DAC_READ_SEARCH"],
        "families": ["AF_NETLINK", "AF_PACKET"], "writable": [RECORD], "runtime_directory": "mysql-writer",
        "runtime_directory_mode": "0700", "runtime_directory_preserve": "yes",
        "private_tmp": not re.match(r"(/var)?/tmp/", values["socket"]), "urgent": True, **leased(values)}


def leased(values):
    """An agent that holds a lease kills a server that hangs, and is itself started anew, in time to keep the lease, when it hangs. A server
    without its agent must not go on acknowledging, since the others take its silence for an end of that."""
    if values["failover"] != "automatic":
        return {}
    return {"capabilities": ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_DAC_READ_SEARCH", "CAP_KILL"], "restart_ms": 100,
            "watchdog_s": max(1, int(values["lease_ttl_s"]) // 2), "ended": [AGENT_CONFIG, "ended"],
            "ended_unless": "%s/%s" % (RUN_DIRECTORY, LEADS), "notifies": True}


def files(values):
    """{server, agent, units}: files in config_files' terms, and the agent's unit, of which there is none where MMM leads."""
    if led.elsewhere(values):
        return {"server": server_files(values), "agent": [], "units": []}
    agent = [*values["_contents.program"],
             {"path": "/etc/systemd/system/" + AGENT_UNIT, "content": values["_contents.agent_unit"]},
             {"path": AGENT_CONFIG, "mode": "0600", "content": values["_contents.agent"]}]
    unit = {"name": AGENT_UNIT, "state": "started", "enabled": True, "reads": [one["path"] for one in agent], "when_stale": "restarted"}
    return {"server": server_files(values), "agent": agent, "units": [unit]}


def server_files(values):
    own = values["_own"]
    found = [{"path": own["config"], "content": values["_contents.server"]},
             {"path": server(values)["dropin"], "content": values["_contents.dropin"]}]
    if has_certificate(values):
        place = values["_certificates"]
        found += [{"path": place + "/ca.pem", "content": values["_contents.authority"]},
                  {"path": place + "/server.pem", "content": values["_contents.certificate"]},
                  {"path": place + "/server.key", "owner": "mysql", "group": "mysql", "mode": "0400", "content": "@@server_key@@"}]
    if values["failover"] == "automatic" and not list(authority_problem(values)):
        found.append({"path": values["_certificates"] + "/etcd-ca.pem", "content": values["_contents.etcd_authority"]})
    if own_apparmor(values):
        rules = ["%s/ r,\n%s/** rwk,\n" % (path, path) for path in apparmor_paths(values)]
        found.append({"path": values["_apparmor"], "content": "".join(rules)})
    if values["flavour"] == "mysql":
        found.append({"path": INITIALISE, "content": values["_contents.initialise"]})
    return found


def secrets(values):
    """What stands for @@...@@ in server_files() and in the agent's configuration, there as JSON."""
    found = {"monitor": json.dumps(values["monitor_password"])}
    if has_certificate(values):
        found["server_key"] = values["_contents.key"]
    if values["failover"] == "automatic":
        found.update(etcd=json.dumps(values.get("etcd_password", "")), replication=json.dumps(values["password"]))
    return found


# --- Certificates: files of the controller, and what they are called on the member ----


def stems(values):
    """Paths without .pem and .key: (the authority's, the member's)."""
    directory = values["certificates_directory"]
    return directory + "/authority", "%s/%s" % (directory, values["inventory_hostname"])


def has_certificate(values, exists=os.path.exists):
    return bool(values["tls"]) and signs(values, exists)


def signs(values, exists=os.path.exists):
    """In check mode nothing can be signed by a key that is not there yet."""
    return not values["ansible_check_mode"] or exists(stems(values)[1] + ".pem")


def certificate_names(host, *addresses):
    """Names of a certificate: the member's, and those at which it is reached. The writer's address may be with any of them."""
    return list(dict.fromkeys(["DNS:" + host] + [
        ("IP:" if address_of(address) else "DNS:") + (address_of(address) or address) for address in addresses if address]))


def certificates(values, exists=os.path.exists, now=time.time):
    """authority, member: paths without .pem and .key. first: whether this member's tasks make the authority. authority_fits, fits: whether
    they are as they shall be. days, authority_days: how long new ones are valid. ending: files of those that end within a
    week. names, signs: see the functions of these names."""
    authority, member = stems(values)
    names = certificate_names(values["inventory_hostname"], values["address"], values["writer_address"].split("/")[0])
    days = int(values["certificate_days"])
    authority_until, until = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now() + seconds)) for seconds in (
        RENEWAL_S, min(RENEWAL_S, days * DAY_S // 4)))
    authority_fits = pair_exists(authority, exists) and values["_authority_seen"]["not_after"] > authority_until
    fits = authority_fits and pair_exists(member, exists) and certificate_fits(
        values["_certificate_seen"], values["_authority_seen"], names, until)
    soon = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(now() + min(SOON_S, days * DAY_S // 20)))
    ending = [stem + ".pem" for stem, seen in ((authority, "_authority_seen"), (member, "_certificate_seen"))
              if exists(stem + ".pem") and values[seen]["not_after"] <= soon]
    return {"authority": authority, "member": member, "names": names, "ending": ending,
            "signs": signs(values, exists), "authority_fits": authority_fits,
            "days": days, "authority_days": max(days, AUTHORITY_DAYS), "fits": fits, "first": values["inventory_hostname"] == next(
                (name for name in values["members"] if name in values["ansible_play_batch"]), None)}


def pair_exists(stem, exists):
    return exists(stem + ".key") and exists(stem + ".pem")


def certificate_fits(certificate, authority, names, until):
    return bool(certificate["authority_key_identifier"] == authority["subject_key_identifier"]
                and sorted(certificate["subject_alt_name"] or []) == sorted(names) and certificate["not_after"] > until)
