# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a cluster of etcd members."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._etcd.accounts import ROOT
from ansible_collections.failover.stack.plugins.module_utils._preflight.addresses import own_address, peer_addresses
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening, owning

# Names stand in a list of name=URL, separated by commas, and in names of files.
NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")
TLS_NAME = re.compile(r"^(DNS:[^\s:]+|IP:\S+)$")
SHORTEST_PASSWORD = 12
PORTS = ("etcd_client_port", "etcd_peer_port")
LOWEST_PORT = 1024
RANGES = {
    "etcd_heartbeat_ms": (10, 5000), "etcd_election_ms": (50, 50000), "etcd_quota_mb": (64, 8192), "etcd_compaction_s": (60, 2678400),
    "etcd_snapshot_interval_s": (60, 604800), "etcd_snapshots_kept": (1, 10000), "etcd_tls_days": (1, 36500),
    "etcd_restart_delay_ms": (100, 60000), "etcd_revision_lag": (0, 10000000), "etcd_snapshot_age_s": (0, 31536000),
    "etcd_start_s": (1, 3600), "etcd_verify_s": (1, 3600)}
# An election that begins before so many heartbeats were missed begins for nothing; etcd refuses it.
HEARTBEATS = 5
DATA = "/var/lib/etcd"


def _members(host, values):
    members, group = values["etcd_members"], values["etcd_group"]
    if len(members) > 1 and len(members) % 2 == 0:
        yield "%s: group '%s' has %d members (%s): an even number bears no more losses than one less, add one or take one out." % (
            host, group, len(members), ", ".join(members))
    if not NAME.match(host):
        yield "%s: the host's name is to be the member's: use letters, digits, ., _ and -." % host
    if not NAME.match(values["etcd_cluster_name"]):
        yield "%s: etcd_cluster_name is '%s', which a directory is to be called: use letters, digits, ., _ and -." % (
            host, values["etcd_cluster_name"])
    for other in members:
        if other != host and other.lower() == host.lower():
            yield "%s: member %s has the same name but for capitals: give each its own." % (host, other)


def _addresses(host, values):
    address, others = values.get("etcd_address"), values.get("etcd_member_addresses") or {}
    for one in own_address("etcd_address", address):
        yield "%s: %s" % (host, one)
    for one in peer_addresses(host, "etcd_address", address, others, "etcd_tls_names"):
        yield "%s: %s" % (host, one.replace(" (clients may have both, see etcd_tls_names)", ""))
    for name in values["etcd_members"]:
        if name != host and not others.get(name):
            yield "%s: member %s has no address: set its ansible_host or etcd_address, members are told each other's." % (host, name)
    for name in values["etcd_tls_names"]:
        if not TLS_NAME.match(name) or (name.startswith("IP:") and address_of(name[3:]) is None):
            yield "%s: etcd_tls_names has '%s': write DNS:name or IP:address." % (host, name)


def _numbers(host, values):
    for name in PORTS:
        if not LOWEST_PORT <= values[name] <= 65535:
            yield "%s: %s is %d: give 1024 to 65535, lower ones only root may listen on, and etcd is not root." % (host, name, values[name])
    if values["etcd_client_port"] == values["etcd_peer_port"]:
        yield "%s: etcd_client_port and etcd_peer_port are both %d: give each its own." % (host, values["etcd_peer_port"])
    for name, (least, most) in RANGES.items():
        if not least <= values[name] <= most:
            yield "%s: %s is %d: give %d to %d." % (host, name, values[name], least, most)
    if values["etcd_election_ms"] < HEARTBEATS * values["etcd_heartbeat_ms"]:
        yield "%s: etcd_election_ms is %d, and etcd_heartbeat_ms %d: give at least five times that, etcd does not start with less." % (
            host, values["etcd_election_ms"], values["etcd_heartbeat_ms"])
    if 0 < values["etcd_snapshot_age_s"] <= values["etcd_snapshot_interval_s"]:
        yield "%s: etcd_snapshot_age_s is %d, and a snapshot comes every %d s: every one would be too old, give twice that." % (
            host, values["etcd_snapshot_age_s"], values["etcd_snapshot_interval_s"])


def _paths(host, values):
    path = values["etcd_snapshot_directory"]
    if not re.match(r"^/[^\s%\"'$\\]+$", path):
        yield "%s: etcd_snapshot_directory is '%s': give an absolute path without blanks or quotes." % (host, path)
    elif (path + "/").startswith(DATA + "/"):
        yield "%s: etcd_snapshot_directory is %s, among the data that a snapshot is of: choose another, such as /var/backups/etcd." % (
            host, path)


def _weak(password):
    if len(password) < SHORTEST_PASSWORD:
        return "has %d characters: give at least %d" % (len(password), SHORTEST_PASSWORD)
    return "has control characters: leave them out" if re.search(r"[\x00-\x1f\x7f]", password) else ""


def _secrets(host, values):
    password = str(values.get("etcd_root_password") or "")
    if not password:
        yield "%s: etcd_root_password is missing: give the password of the cluster's user root, at least %d characters." % (
            host, SHORTEST_PASSWORD)
    elif _weak(password):
        yield "%s: etcd_root_password %s." % (host, _weak(password))
    given, known = values.get("etcd_user_passwords") or {}, [user["name"] for user in values["etcd_users"]]
    for number, name in enumerate(known):
        if not str(given.get(name) or ""):
            yield "%s: etcd_user_passwords has none for '%s' (etcd_users[%d]): add one." % (host, name, number)
        elif _weak(str(given[name])):
            yield "%s: the password of '%s' in etcd_user_passwords %s." % (host, name, _weak(str(given[name])))
    for name in sorted(set(given) - set(known)):
        yield "%s: etcd_user_passwords has one for '%s', who is not in etcd_users: correct the name." % (host, name)


def _users(host, values):
    known = [user["name"] for user in values["etcd_users"]]
    for number, user in enumerate(values["etcd_users"]):
        name, place = user["name"], "etcd_users[%d]" % number
        if name == ROOT:
            yield "%s: %s.name is root, who may do everything already (etcd_root_password): choose another name." % (host, place)
        elif not NAME.match(name):
            yield "%s: %s.name is '%s': use letters, digits, ., _ and -." % (host, place, name)
        if known.index(name) != number:
            yield "%s: etcd_users has '%s' twice: take one out, a user may have several prefixes." % (host, name)
        prefixes = user.get("prefixes") or []
        if not prefixes:
            yield "%s: %s ('%s') has no prefixes: name how keys begin that it may touch." % (host, place, name)
        for prefix in sorted({one for one in prefixes if prefixes.count(one) > 1}):
            yield "%s: %s ('%s') has prefix '%s' twice: take one out." % (host, place, name, prefix)
    for name in values["etcd_absent_users"]:
        if name in known:
            yield "%s: '%s' is in etcd_users and in etcd_absent_users: take it out of one." % (host, name)
        if name == ROOT:
            yield "%s: etcd_absent_users has root, without whom authentication ends: take it out." % host


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    if host not in values["etcd_members"]:
        return ["%s: etcd_group is '%s', it is not in that: name the group of its cluster." % (host, values["etcd_group"])]
    found = []
    for rule in (_members, _addresses, _numbers, _paths, _secrets, _users):
        found += rule(host, values)
    return found


def claims(host, values):
    """A host is in one cluster, a cluster's name belongs to one group, all members have the same timers and each its own address."""
    members, name = values["etcd_members"], values["etcd_cluster_name"]
    cluster, address = "cluster of " + ", ".join(members), values.get("etcd_address")
    timers = "%d and %d" % (values["etcd_heartbeat_ms"], values["etcd_election_ms"])
    found = [
        Claim("etcd cluster", name, cluster, "%s: etcd_cluster_name is '%s', which another cluster has: give each its own." % (host, name)),
        Claim("etcd timers", name, timers, (
            "%s: etcd_heartbeat_ms and etcd_election_ms are %s, and another member of '%s' has other ones: give all members the same." % (
                host, timers, name)))]
    found += [Claim("etcd member", member, cluster, (
        "%s: it is a member of two clusters (one of them is '%s'): take it out of one group." % (member, name))) for member in members]
    for port in PORTS:
        found += listening(host, "etcd", port, values[port], [address or ""])
    found.append(Claim("etcd address", address_of(address), host, (
        "%s: etcd_address is %s, which another host has: give each its own." % (host, address))))
    return found + owning(host, "etcd", "etcd_snapshot_directory", values["etcd_snapshot_directory"])
