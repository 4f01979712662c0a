# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What inventory and variables alone tell about a RabbitMQ cluster."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.cookie import normalise, objection
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.definitions import NUMBERS, is_number

# Names of nodes are Erlang atoms and host names at once.
LABEL = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")
SHORTEST_PASSWORD = 12
PORTS = ("rabbitmq_cluster_port", "rabbitmq_cluster_tls_port", "rabbitmq_cluster_management_port", "rabbitmq_cluster_prometheus_port",
         "rabbitmq_cluster_distribution_port")
# Ports of plugins, which nobody listens on without them.
OF_PLUGINS = {"rabbitmq_cluster_management_port": "rabbitmq_management", "rabbitmq_cluster_prometheus_port": "rabbitmq_prometheus"}
# Which variable says the address, where it is not rabbitmq_cluster_bind_address.
LISTENS = {"rabbitmq_cluster_prometheus_port": "rabbitmq_cluster_prometheus_address",
           "rabbitmq_cluster_distribution_port": "rabbitmq_cluster_distribution_address"}
EPMD = 4369
# The server runs as a user of its own.
LOWEST_PORT = 1024
POSITIVE = ("rabbitmq_cluster_tls_days", "rabbitmq_cluster_stuck_s", "rabbitmq_cluster_heartbeat", "rabbitmq_cluster_disk_free_mb",
            "rabbitmq_cluster_statistics_s", "rabbitmq_cluster_start_s", "rabbitmq_cluster_verify_s")
RANGES = {"rabbitmq_cluster_channel_max": (0, 65535), "rabbitmq_cluster_connection_max": (0, 10000000),
          "rabbitmq_cluster_message_mb": (0, 512), "rabbitmq_cluster_consumer_timeout_s": (60, 2678400)}
PLUGIN = re.compile(r"^[a-z][a-z0-9_]*$")
MIRRORS = "failover-mirrors"
FEWEST_FILES = 1024
BROKEN = ("nothing to repeat", "missing ), unterminated subpattern", "unbalanced parenthesis", "unterminated character set")
TLS_NAME = re.compile(r"^(DNS:[^\s:]+|IP:\S+)$")


def label(host):
    return host.partition(".")[0]


def _members(host, values):
    members, handling = values["rabbitmq_cluster_members"], values["rabbitmq_cluster_partition_handling"]
    if handling == "pause_minority" and len(members) == 2:
        yield ("%s: rabbitmq_cluster_partition_handling is pause_minority and group '%s' has two members (%s): when one fails the other "
               "is no majority and stops, too. Add a third member." % (host, values["rabbitmq_cluster_group"], ", ".join(members)))
    if len(members) == 2 and values["rabbitmq_cluster_queues"] == "quorum":
        yield ("%s: rabbitmq_cluster_queues is quorum and group '%s' has two members (%s): a queue with two replicas stops when one fails. "
               "Add a third member." % (host, values["rabbitmq_cluster_group"], ", ".join(members)))
    if not LABEL.match(label(host)):
        yield "%s: the host's name up to its first dot is to be the node's: use letters, digits and -." % host
    for other in members:
        if other != host and label(other) == label(host):
            yield "%s: its node would be rabbit@%s, which %s has: let the names differ before the first dot." % (host, label(host), other)
    replicas = values["rabbitmq_cluster_replicas"]
    if not 0 <= replicas <= 9 or (replicas and replicas % 2 == 0):
        yield "%s: rabbitmq_cluster_replicas is %d: give an odd number up to 9; an even one bears no more losses than the one below." % (
            host, replicas)


def _addresses(host, values):
    if not values.get("rabbitmq_cluster_address"):
        yield "%s: rabbitmq_cluster_address is empty: set ansible_host or rabbitmq_cluster_address to an address of this host." % host
    elif address_of(values["rabbitmq_cluster_address"]) is None:
        yield ("%s: rabbitmq_cluster_address is '%s', which is no address: give one of this host's, ansible_host is the default." % (
            host, values["rabbitmq_cluster_address"]))
    yield from _same_addresses(host, values)
    for name, address in (values.get("rabbitmq_cluster_member_addresses") or {}).items():
        if name != host and address_of(address) is None:
            yield "%s: member %s has %s: set its ansible_host or rabbitmq_cluster_address, names of nodes are resolved by it." % (
                host, name, "the address '%s', which is none" % address if address else "no address")
    for name in ("rabbitmq_cluster_bind_address", *LISTENS.values()):
        bind = values.get(name)
        if bind and address_of(bind) is None:
            yield "%s: %s is '%s': give an address of this host or ::." % (host, name, bind)


def _same_addresses(host, values):
    """Whatever --limit leaves out is looked at, too: the others' addresses stand in the inventory."""
    own = address_of(values.get("rabbitmq_cluster_address"))
    for name, text in sorted((values.get("rabbitmq_cluster_member_addresses") or {}).items()):
        address = address_of(text)
        if name == host or not own or not address:
            continue
        if address == own:
            yield "%s: rabbitmq_cluster_address is %s, which member %s has, too: give each its own." % (host, own, name)
        elif (":" in address) != (":" in own):
            yield ("%s: rabbitmq_cluster_address is %s, and member %s has %s: nodes find each other by IPv4 or by IPv6, give all members "
                   "addresses of one family (clients may have both, see rabbitmq_cluster_bind_address)." % (host, own, name, address))


def _numbers(host, values):
    seen = {EPMD: "epmd"}
    for name in PORTS:
        port = values[name]
        if name == "rabbitmq_cluster_port" and port == 0:
            if not values["rabbitmq_cluster_tls"]:
                yield "%s: rabbitmq_cluster_port is 0 and rabbitmq_cluster_tls is false: clients could not connect, set one of them." % host
            continue
        if not LOWEST_PORT <= port <= 65535:
            yield "%s: %s is %d: give 1024 to 65535, lower ones only root may listen on, and RabbitMQ is not root." % (host, name, port)
        elif port in seen:
            yield "%s: %s is %d, which %s has: give each its own." % (host, name, port, seen[port])
        seen.setdefault(port, name)
    for name in POSITIVE:
        if values[name] < 1:
            yield "%s: %s is %d: give at least 1." % (host, name, values[name])
    for name, (least, most) in RANGES.items():
        if not least <= values[name] <= most:
            yield "%s: %s is %d: give %d to %d." % (host, name, values[name], least, most)
    if not 4 <= values["rabbitmq_cluster_net_ticktime"] <= 120:
        yield ("%s: rabbitmq_cluster_net_ticktime is %d: give 4 to 120; below that a busy machine counts as gone, above it a dead one is "
               "waited for." % (host, values["rabbitmq_cluster_net_ticktime"]))
    if not values["rabbitmq_cluster_memory_mb"] and not 0.05 <= values["rabbitmq_cluster_memory_watermark"] <= 0.9:
        yield "%s: rabbitmq_cluster_memory_watermark is %s: give 0.05 to 0.9, RabbitMQ needs room above it." % (
            host, values["rabbitmq_cluster_memory_watermark"])
    if values["rabbitmq_cluster_memory_mb"] and values["rabbitmq_cluster_memory_mb"] < 128:
        yield "%s: rabbitmq_cluster_memory_mb is %d: an idle node takes more, give at least 128." % (
            host, values["rabbitmq_cluster_memory_mb"])
    if values["rabbitmq_cluster_file_handles"] < FEWEST_FILES:
        yield "%s: rabbitmq_cluster_file_handles is %d: give at least %d." % (host, values["rabbitmq_cluster_file_handles"], FEWEST_FILES)


def _secrets(host, values):
    cookie = values.get("rabbitmq_cluster_cookie")
    if cookie is not None and cookie != "":
        bad = objection(normalise(str(cookie)))
        if bad:
            yield "%s: rabbitmq_cluster_cookie %s." % (host, bad)
    passwords = values.get("rabbitmq_cluster_passwords") or {}
    named = [(number, name) for number, user in enumerate(values["rabbitmq_cluster_users"])
             for name in (user["name"], user.get("other_name")) if name]
    known = [name for _number, name in named]
    for place, (number, name) in enumerate(named):
        password = str(passwords.get(name) or "")
        if not password:
            yield "%s: rabbitmq_cluster_passwords has none for '%s' (rabbitmq_cluster_users[%d]): add one." % (host, name, number)
        elif len(password) < SHORTEST_PASSWORD:
            yield "%s: the password of '%s' in rabbitmq_cluster_passwords has %d characters: give at least %d." % (
                host, name, len(password), SHORTEST_PASSWORD)
        if name == "guest":
            yield "%s: rabbitmq_cluster_users[%d].name is guest, the account everybody knows: it is removed, choose another." % (
                host, number)
        if known.index(name) != place:
            yield "%s: rabbitmq_cluster_users has '%s' twice: take one out." % (host, name)
    for name in sorted(set(known) & set((values.get("rabbitmq_cluster_absent") or {}).get("users") or [])):
        yield "%s: user '%s' is in rabbitmq_cluster_users and in rabbitmq_cluster_absent: take it out of one." % (host, name)
    for name in sorted(set(passwords) - set(known)):
        yield "%s: rabbitmq_cluster_passwords has one for '%s', who is not in rabbitmq_cluster_users: correct the name." % (host, name)


def _plugins(host, values):
    wanted = values["rabbitmq_cluster_plugins"]
    for number, name in enumerate(wanted):
        if not PLUGIN.match(name):
            yield "%s: rabbitmq_cluster_plugins[%d] is '%s', which is no plugin's name: write it as rabbitmq-plugins list does." % (
                host, number, name)
        elif wanted.index(name) != number:
            yield "%s: rabbitmq_cluster_plugins has %s twice: take one out." % (host, name)


def _policies(host, values):
    """One name in one vhost is one policy: the last would win and nobody would say so."""
    first = {}
    absent = [(one.get("vhost"), one.get("name")) for one in (values.get("rabbitmq_cluster_absent") or {}).get("policies") or []]
    for number, policy in enumerate(values["rabbitmq_cluster_policies"]):
        key, place = (policy["vhost"], policy["name"]), "rabbitmq_cluster_policies[%d]" % number
        if first.setdefault(key, place) != place:
            yield "%s: %s and %s are both '%s' in vhost '%s', and the server keeps one of a name: give the other another name." % (
                host, first[key], place, policy["name"], policy["vhost"])
        if key in absent:
            yield "%s: %s ('%s' in vhost '%s') is in rabbitmq_cluster_absent, too: take it out of one." % (
                host, place, policy["name"], policy["vhost"])
        if policy["name"] == MIRRORS:
            yield "%s: %s is '%s', the role's own for rabbitmq_cluster_queues: choose another name." % (host, place, MIRRORS)
        for setting, value in (policy["definition"] or {}).items():
            if setting in NUMBERS and not is_number(value):
                yield "%s: %s ('%s') has %s '%s': the server takes a number there." % (host, place, policy["name"], setting, value)


def _expressions(host, values):
    """What the broker refuses in the middle of a run. Python and Erlang differ in rare things, what is told here both refuse."""
    places = [("rabbitmq_cluster_policies[%d].pattern" % number, policy["pattern"])
              for number, policy in enumerate(values["rabbitmq_cluster_policies"])]
    places += [("rabbitmq_cluster_users[%d].permissions[%d].%s" % (number, at, name), one.get(name))
               for number, user in enumerate(values["rabbitmq_cluster_users"])
               for at, one in enumerate(user.get("permissions") or []) for name in ("configure", "write", "read")]
    for place, text in places:
        try:
            re.compile(text or "")
        except re.error as error:
            if str(error).startswith(BROKEN):
                yield "%s: %s is '%s', which is no regular expression (%s): write such as .* for everything or ^shop for a beginning." % (
                    host, place, text, error)


def _twice(host, values):
    names = [vhost["name"] for vhost in values["rabbitmq_cluster_vhosts"]]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "%s: rabbitmq_cluster_vhosts has '%s' twice: take one out." % (host, name)
    for number, user in enumerate(values["rabbitmq_cluster_users"]):
        places = [place["vhost"] for place in user.get("permissions") or []]
        for name in sorted({name for name in places if places.count(name) > 1}):
            yield "%s: rabbitmq_cluster_users[%d] ('%s') has permissions in vhost '%s' twice: a user has one set there, join them." % (
                host, number, user["name"], name)


def _places(host, values):
    vhosts = {vhost["name"] for vhost in values["rabbitmq_cluster_vhosts"]}
    for number, user in enumerate(values["rabbitmq_cluster_users"]):
        for place in user.get("permissions") or []:
            if place["vhost"] not in vhosts:
                yield ("%s: rabbitmq_cluster_users[%d] ('%s') is to have permissions in vhost '%s', which is not in "
                       "rabbitmq_cluster_vhosts: correct the name or add it." % (host, number, user["name"], place["vhost"]))
    for number, policy in enumerate(values["rabbitmq_cluster_policies"]):
        if policy["vhost"] not in vhosts:
            yield ("%s: rabbitmq_cluster_policies[%d] ('%s') is for vhost '%s', which is not in rabbitmq_cluster_vhosts: correct the "
                   "name or add it." % (host, number, policy["name"], policy["vhost"]))
    for name in sorted(vhosts & set((values.get("rabbitmq_cluster_absent") or {}).get("vhosts") or [])):
        yield "%s: vhost '%s' is in rabbitmq_cluster_vhosts and in rabbitmq_cluster_absent: take it out of one." % (host, name)
    for name in values["rabbitmq_cluster_tls_names"]:
        if not TLS_NAME.match(name) or (name.startswith("IP:") and address_of(name[3:]) is None):
            yield "%s: rabbitmq_cluster_tls_names has '%s': write DNS:name or IP:address." % (host, name)


def _discard(host, values):
    """Until 0.4 it was a truth for all members at once."""
    for name in values["rabbitmq_cluster_discard"]:
        if str(name).lower() in ("true", "yes"):
            yield ("%s: rabbitmq_cluster_discard is %s, it has to name the hosts whose messages may go: write -e "
                   "rabbitmq_cluster_discard=<host>." % (host, str(name).lower()))


def problems(host, values):
    """One sentence each: host, variable, value, remedy."""
    if host not in values["rabbitmq_cluster_members"]:
        if values["rabbitmq_cluster_leaving_group"] in values["rabbitmq_cluster_host_groups"]:
            return []
        return ["%s: rabbitmq_cluster_group is '%s', it is not in that: name the group of its cluster." % (
            host, values["rabbitmq_cluster_group"])]
    found = []
    for rule in (_members, _addresses, _numbers, _secrets, _plugins, _policies, _expressions, _twice, _places, _discard):
        found += rule(host, values)
    return found


def _listeners(host, values):
    """What clients ask listens at one address or everywhere, and so does what nodes ask each other."""
    found = listening(host, "RabbitMQ", "epmd", EPMD, [values.get("rabbitmq_cluster_distribution_address")])
    for name in PORTS:
        unused = (name == "rabbitmq_cluster_tls_port" and not values["rabbitmq_cluster_tls"]) or (
            name in OF_PLUGINS and OF_PLUGINS[name] not in values["rabbitmq_cluster_plugins"])
        at = LISTENS.get(name, "rabbitmq_cluster_bind_address")
        found += [] if unused or not values[name] else listening(host, "RabbitMQ", name, values[name], [values.get(at)])
    return found


def claims(host, values):
    """A host is in one cluster, a cluster's name and its authority belong to one group, an address to one host."""
    members = values["rabbitmq_cluster_members"]
    cluster, name = "cluster of " + ", ".join(members), values["rabbitmq_cluster_name"]
    result = [Claim("RabbitMQ cluster", name, cluster, (
        "%s: rabbitmq_cluster_name is '%s', which another cluster has: give each its own." % (host, name)))]
    result += [Claim("RabbitMQ member", member, cluster, (
        "%s: it is a member of two clusters (one of them is '%s'): take it out of one group." % (member, name))) for member in members]
    result += _listeners(host, values)
    address = address_of(values.get("rabbitmq_cluster_address"))
    if address:
        result.append(Claim("RabbitMQ address", address, host, "%s: rabbitmq_cluster_address is %s, which another host has: give each its "
                            "own." % (host, address)))
    return result
