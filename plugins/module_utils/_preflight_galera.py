# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a Galera cluster."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._preflight import Claim, address_of

SHORTEST_PASSWORD = 12
# The password stands between quotes in an option file, after "user:".
BAD_IN_PASSWORD = re.compile(r"[\s'\"\\#:]")
NAME = re.compile(r"^[A-Za-z0-9_-]{1,32}$")
DATABASE = re.compile(r"^[A-Za-z0-9_$-]{1,64}$")
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
    if not values.get("galera_address"):
        yield "%s: galera_address is empty: set ansible_host or galera_address to an address of this host." % host
    elif address_of(values["galera_address"]) is None:
        yield "%s: galera_address is '%s', which is no address: give one of this host's." % (host, values["galera_address"])
    elif ":" in values["galera_address"]:
        yield "%s: galera_address is %s: Galera's members find each other by IPv4 here, give such an address of this host." % (
            host, values["galera_address"])
    for name, address in (values.get("galera_member_addresses") or {}).items():
        if not address and name != host:
            yield "%s: member %s has no address: set its ansible_host or galera_address." % (host, name)
    bind = values.get("galera_bind_address")
    if bind and bind != "*" and address_of(bind) is None:
        yield "%s: galera_bind_address is '%s': give an address of this host or *." % (host, bind)


def _numbers(host, values):
    seen = {}
    for name in PORTS:
        port = values[name]
        if not 1 <= int(port) <= 65535:
            yield "%s: %s is %s: a port is 1 to 65535." % (host, name, port)
        if port in seen:
            yield "%s: %s is %s, which %s has: give each its own." % (host, name, port, seen[port])
        seen.setdefault(port, name)
    for name in ("galera_gcache_size_mb", "galera_buffer_pool_mb", "galera_max_connections", "galera_applier_threads",
                 "galera_flow_control_limit", "galera_tls_days", "galera_agent_timeout_ms", "galera_verify_seconds", "galera_join_seconds"):
        if int(values[name]) < 1:
            yield "%s: %s is %s: give at least 1." % (host, name, values[name])
    if not 0 <= int(values["galera_sync_wait"]) <= 15:
        yield "%s: galera_sync_wait is %s: give 0 to 15." % (host, values["galera_sync_wait"])


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


def _secrets(host, values):
    if values["galera_sst_method"] == "mariabackup":
        password = str(values.get("galera_sst_password") or "")
        if not password:
            yield "%s: galera_sst_password is missing: set it (at least %d characters), mariabackup needs it." % (host, SHORTEST_PASSWORD)
        elif len(password) < SHORTEST_PASSWORD:
            yield "%s: galera_sst_password has %d characters: give at least %d." % (host, len(password), SHORTEST_PASSWORD)
        elif BAD_IN_PASSWORD.search(password):
            yield "%s: galera_sst_password has a quote, colon, blank, backslash or #: leave them out." % host
    passwords = values.get("galera_user_passwords") or {}
    for number, user in enumerate(values["galera_users"]):
        if not passwords.get(user["name"]):
            yield "%s: galera_user_passwords has none for '%s' (galera_users[%d]): add one." % (host, user["name"], number)
        if user["name"] in ("root", "mysql", values["galera_sst_user"]):
            yield "%s: galera_users[%d].name is '%s', which has its own purpose: choose another." % (host, number, user["name"])


def _names(host, values):
    if not NAME.match(values["galera_cluster_name"]):
        yield "%s: galera_cluster_name is '%s': use up to 32 letters, digits, _ and -." % (host, values["galera_cluster_name"])
    for name in values["galera_databases"]:
        if not DATABASE.match(str(name)):
            yield "%s: galera_databases has '%s': use up to 64 letters, digits, _ $ and -." % (host, name)
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
    for rule in (_votes, _addresses, _numbers, _timers, _secrets, _names):
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
    result += [Claim("Galera member", name, cluster, (
        "%s: it is a member of two clusters (one of them is '%s'): take it out of one group." % (name, values["galera_cluster_name"])))
        for name in [*members, *values["galera_arbitrators"]]]
    address = address_of(values.get("galera_address"))
    if address:
        result.append(Claim("Galera address", address, host, "%s: galera_address is %s, which another host has: give each its own." % (
            host, address)))
    return result
