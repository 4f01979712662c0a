# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a Galera cluster."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE
from ansible_collections.failover.stack.plugins.module_utils._preflight import accounts, addresses, server_settings, sql_names
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening
from ansible_collections.failover.stack.plugins.module_utils._sql.collation import given_problem

SHORTEST_PASSWORD = 12
# The password stands between quotes in an option file, after "user:".
BAD_IN_PASSWORD = re.compile(r"[\s'\"\\#:]")
NAME = re.compile(r"^[A-Za-z0-9_-]{1,32}$")
# Neither the server nor the agent nor the arbitrator runs as root.
LOWEST_PORT = 1024
# What the role sets itself, by the variable that says so.
OWN_SETTINGS = {
    "bind_address": "bind_address", "port": "port", "max_connections": "max_connections", "innodb_buffer_pool_size": "buffer_pool_mb",
    "innodb_flush_log_at_trx_commit": "durable", "ssl": "tls", "ssl_ca": "tls", "ssl_cert": "tls", "ssl_key": "tls",
    "wsrep_cluster_name": "cluster_name", "wsrep_node_address": "address", "wsrep_node_incoming_address": "address",
    "wsrep_slave_threads": "applier_threads", "wsrep_sync_wait": "sync_wait", "wsrep_causal_reads": "sync_wait",
    "wsrep_sst_method": "sst_method", "wsrep_sst_receive_address": "sst_port", "wsrep_sst_auth": "sst_user",
    "wsrep_provider_options": "provider_options", "collation_server": "collation", "character_set_collations": "collation",
}
_ROW = "Galera replicates rows of InnoDB between members that know no names"
_SAME = "every member must have the same rows"
NEVER_SETTINGS = {
    "name_resolve": _ROW, "binlog_format": _ROW, "default_storage_engine": _ROW, "innodb_autoinc_lock_mode": _ROW,
    "datadir": "the recovery decision reads the distribution's directory", "socket": "the role and its agent ask there",
    "wsrep_on": _SAME, "wsrep_provider": "the distribution's provider is taken",
    "wsrep_cluster_address": "it is made from the group", "wsrep_node_name": "it is the inventory's name", "wsrep_sst_donor": _SAME,
    "wsrep_osu_method": "with RSU members differ meanwhile: set it in a session", "read_only": "every member takes writes",
    "super_read_only": "every member takes writes", "log_error": "the journal tells why a member does not start",
    **dict.fromkeys((*server_settings.FILTERS, "binlog_do_db", "binlog_ignore_db"), _SAME),
}
OWN_OPTIONS = {
    "gmcast.listen_addr": "address", "gmcast.segment": "segment", "evs.suspect_timeout": "suspect_timeout_ms",
    "evs.inactive_timeout": "inactive_timeout_ms", "evs.install_timeout": "inactive_timeout_ms", "evs.keepalive_period": "keepalive_ms",
    "evs.inactive_check_period": "inactive_check_ms", "evs.join_retrans_period": "suspect_timeout_ms", "pc.recovery": "primary_recovery",
    "ist.recv_addr": "ist_port", "gcache.size": "gcache_size_mb", "gcache.recover": "gcache_size_mb",
    "gcs.fc_limit": "flow_control_limit", "socket.ssl": "tls", "socket.ssl_ca": "tls", "socket.ssl_cert": "tls", "socket.ssl_key": "tls",
    "pc.bootstrap": "bootstrap_from",
}
OPTION = re.compile(r"^[a-z]+(\.[a-z_]+)+$")
OPTION_VALUE = re.compile(r"^[A-Za-z0-9_.:/+-]+$")
PORTS = ("galera_port", "galera_group_port", "galera_ist_port", "galera_sst_port", "galera_agent_port")


def _votes(host, values):
    members, arbitrators = values["galera_members"], values["galera_arbitrators"]
    if members and len(members) % 2 == 0 and not arbitrators:
        yield ("%s: group '%s' has %d members (%s) and no arbitrator: when half of them fail the other half stops, too. Add a member, "
               "or a host to group '%s'." % (
                   host, values["galera_group"], len(members), ", ".join(members), values["galera_arbitrator_group"]))
    elif (len(members) + len(arbitrators)) % 2 == 0 and members:
        yield ("%s: %d members and %d arbitrators are an even number of votes: take an arbitrator out of group '%s'." % (
            host, len(members), len(arbitrators), values["galera_arbitrator_group"]))
    if arbitrators and not members:
        yield "%s: group '%s' has arbitrators only: they hold no data, add members to group '%s'." % (
            host, values["galera_arbitrator_group"], values["galera_group"])
    for name in sorted(set(members) & set(arbitrators)):
        if name == host:
            yield "%s: it is a member and an arbitrator of '%s': an arbitrator is to be another machine." % (
                host, values["galera_cluster_name"])


def _addresses(host, values):
    own, others = values.get("galera_address"), values.get("galera_member_addresses") or {}
    found = [*addresses.own_address("galera_address", own),
             *addresses.peer_addresses(host, "galera_address", own, others, "galera_bind_address")]
    found += ["member %s has no address: set its ansible_host or galera_address." % name
              for name, address in others.items() if not address and name != host]
    found += addresses.bind_address("galera_bind_address", values.get("galera_bind_address"))
    bind = values.get("galera_bind_address")
    for one in values["galera_more_addresses"]:
        if address_of(one) is None or one in EVERYWHERE:
            found.append("galera_more_addresses has '%s', which is no address: give one of this host's." % one)
        elif bind in EVERYWHERE:
            found.append("galera_more_addresses has %s, where galera_bind_address (%s) listens already: take it out." % (one, bind))
    return ["%s: %s" % (host, sentence) for sentence in found]


def _numbers(host, values):
    seen = {}
    for name in PORTS:
        port = values[name]
        if not LOWEST_PORT <= int(port) <= 65535:
            yield "%s: %s is %s: give 1024 to 65535, lower ones only root may listen on, and none of these servers is root." % (
                host, name, port)
        if port in seen:
            yield "%s: %s is %s, which %s has: give each its own." % (host, name, port, seen[port])
        seen.setdefault(port, name)
    for name in ("galera_gcache_size_mb", "galera_buffer_pool_mb", "galera_max_connections", "galera_applier_threads",
                 "galera_flow_control_limit", "galera_tls_days", "galera_agent_timeout_ms", "galera_verify_s", "galera_join_s"):
        if int(values[name]) < 1:
            yield "%s: %s is %s: give at least 1." % (host, name, values[name])
    if not 0 <= values["galera_segment"] <= 255:
        yield "%s: galera_segment is %s: give 0 to 255." % (host, values["galera_segment"])
    if not 0 <= int(values["galera_sync_wait"]) <= 15:
        yield "%s: galera_sync_wait is %s: give 0 to 15." % (host, values["galera_sync_wait"])


def _settings(host, values):
    for sentence in server_settings.problems("galera_settings", values.get("galera_settings"), OWN_SETTINGS, NEVER_SETTINGS):
        yield "%s: %s" % (host, sentence)


def _collation(host, values):
    yield from _of_host(host, given_problem("galera_collation", values.get("galera_collation"), server_settings.value_of(
        "character_set_server", values.get("galera_settings"), "utf8mb4")))


def _provider(host, values):
    for name, value in (values.get("galera_provider_options") or {}).items():
        place = "%s: galera_provider_options has %s" % (host, name)
        if name in OWN_OPTIONS:
            yield "%s: the role sets it, set galera_%s instead." % (place, OWN_OPTIONS[name])
        elif not OPTION.match(str(name)):
            yield "%s: write an option of the provider, such as gcs.fc_factor." % place
        elif isinstance(value, (dict, list)) or not OPTION_VALUE.match(str(value)):
            yield "%s, whose value is none: give a word or a number." % place


def _timers(host, values):
    """Galera refuses to start with others (ranges in gcomm/src/evs_proto.cpp)."""
    suspect, inactive = values["galera_suspect_timeout_ms"], values["galera_inactive_timeout_ms"]
    keepalive, check = values["galera_keepalive_ms"], values["galera_inactive_check_ms"]
    if suspect < 300:
        yield "%s: galera_suspect_timeout_ms is %d: below 300 every hiccup of the network drops a member, give more." % (host, suspect)
    if inactive < suspect:
        yield "%s: galera_inactive_timeout_ms is %d, less than galera_suspect_timeout_ms %d: give at least that." % (
            host, inactive, suspect)
    if not 100 <= keepalive <= suspect // 3:
        yield "%s: galera_keepalive_ms is %d: give 100 to %d, a third of galera_suspect_timeout_ms." % (host, keepalive, suspect // 3)
    if not 50 <= check <= suspect // 2:
        yield "%s: galera_inactive_check_ms is %d: give 50 to %d, half of galera_suspect_timeout_ms." % (host, check, suspect // 2)


def _of_host(host, sentences):
    return ["%s: %s" % (host, sentence) for sentence in sentences]


def _secrets(host, values):
    if values["galera_sst_method"] == "mariabackup":
        password = str(values.get("galera_sst_password") or "")
        if not password:
            yield "%s: galera_sst_password is missing: set it (at least %d characters), mariabackup needs it." % (host, SHORTEST_PASSWORD)
        elif len(password) < SHORTEST_PASSWORD:
            yield "%s: galera_sst_password has %d characters: give at least %d." % (host, len(password), SHORTEST_PASSWORD)
        elif BAD_IN_PASSWORD.search(password):
            yield "%s: galera_sst_password has a quote, colon, blank, backslash or #: leave them out." % host
        yield from _of_host(host, accounts.password_problems(
            "galera_sst_password", values["galera_sst_user"], password, values.get("galera_settings"), "mariadb"))
    passwords = values.get("galera_user_passwords") or {}
    current = {user["name"]: passwords.get(user["name"]) for user in values["galera_users"]}
    if values["galera_sst_method"] == "mariabackup":
        current[values["galera_sst_user"]] = values.get("galera_sst_password")
    yield from _of_host(host, accounts.old_password_problems("galera_old_passwords", values.get("galera_old_passwords"), current))
    for number, user in enumerate(values["galera_users"]):
        where = "galera_users[%d]" % number
        yield from _of_host(host, accounts.privilege_problems(where, user, "mariadb"))
        yield from _of_host(host, accounts.certificate_problems(where, user))
        yield from _of_host(host, accounts.password_problems(
            "galera_user_passwords.%s" % user["name"], user["name"], passwords.get(user["name"]), values.get("galera_settings"), "mariadb"))
        if not passwords.get(user["name"]):
            yield "%s: galera_user_passwords has none for '%s' (galera_users[%d]): add one." % (host, user["name"], number)
        for sentence in addresses.account_hosts("galera_users[%d].hosts" % number, user.get("hosts")):
            yield "%s: %s" % (host, sentence)
        if user["name"] in ("root", "mysql", values["galera_sst_user"]):
            yield "%s: galera_users[%d].name is '%s', which has its own purpose: choose another." % (host, number, user["name"])


def _names(host, values):
    if not NAME.match(values["galera_cluster_name"]):
        yield "%s: galera_cluster_name is '%s': use up to 32 letters, digits, _ and -." % (host, values["galera_cluster_name"])
    for sentence in sql_names.database_problems("galera_databases", values["galera_databases"]):
        yield "%s: %s" % (host, sentence)
    excluded = sorted(set(values["galera_host_groups"]) & set(values["galera_excluded_groups"]))
    if excluded:
        yield "%s: it is in group '%s' and in '%s', both would be its database server: take it out of one." % (
            host, values["galera_group"], excluded[0])


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    if host not in values["galera_members"] + values["galera_arbitrators"]:
        if values["galera_leaving_group"] in values["galera_host_groups"]:
            return []
        return ["%s: galera_group is '%s' and galera_arbitrator_group '%s', it is in neither: name the group of its cluster." % (
            host, values["galera_group"], values["galera_arbitrator_group"])]
    found = []
    for rule in (_votes, _addresses, _numbers, _settings, _collation, _provider, _timers, _secrets, _names):
        found += rule(host, values)
    return found


def claims(host, values):
    """A host is in one cluster, a cluster's name belongs to one group, an address to one host."""
    members = values["galera_members"]
    cluster = "cluster of " + ", ".join(members)
    result = [
        Claim("database server", host, "role galera", "%s: two roles would be its database server: take it out of one group." % host),
        Claim("Galera cluster", values["galera_cluster_name"], cluster, (
            "%s: galera_cluster_name is '%s', which another cluster has: give each its own." % (host, values["galera_cluster_name"]))),
    ]
    if host in members:
        # An arbitrator holds nothing.
        result.append(Claim("Galera collation of", cluster, repr(values["galera_collation"]), (
            "%s: galera_collation is '%s', other members of '%s' have another value: a cluster has one." % (
                host, values["galera_collation"], values["galera_cluster_name"]))))
    result += [Claim("Galera member", name, cluster, (
        "%s: it is a member of two clusters (one of them is '%s'): take it out of one group." % (name, values["galera_cluster_name"])))
        for name in [*members, *values["galera_arbitrators"]]]
    for name in PORTS if host in members else ("galera_group_port",):
        # Members' own ports are at one address, whatever clients have; its check agent answers where clients are taken, too.
        taking = name in ("galera_port", "galera_agent_port")
        at = [values.get("galera_bind_address"), *values["galera_more_addresses"]] if taking else [values.get("galera_address")]
        result += listening(host, "Galera", name, values[name], at)
    address = address_of(values.get("galera_address"))
    if address:
        result.append(Claim("Galera address", address, host, "%s: galera_address is %s, which another host has: give each its own." % (
            host, address)))
    return result
