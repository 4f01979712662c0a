# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member's machine has, what its part in the cluster is and what speaks against a run. Pure.

Every function takes the role's variables as the member sees them: `members` is rabbitmq_cluster_members, `_info` the internal
__rabbitmq_cluster_info. A variable is read only where it is needed, since some are registered late.
"""

from __future__ import annotations

import ipaddress
import os
import re

from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE
from ansible_collections.failover.stack.plugins.module_utils._host.places import at_port
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq import formation as rules
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.formation import node_of
from ansible_collections.failover.stack.plugins.module_utils._rabbitmq.status import version_tuple

WATCHDOG = "/usr/local/libexec/failover-stack/agents/rabbitmq-watchdog"
WATCHDOG_UNIT = "failover-rabbitmq-watchdog.service"
# rabbitmq-server's own log, by the name of its node.
LOG = "/var/log/rabbitmq/%s.log"
WATCHDOG_FILE = "/etc/systemd/system/" + WATCHDOG_UNIT
# The program and the unit as they were before 0.5.0.
OLD_PROGRAM, OLD_UNIT = "/usr/local/sbin/failover-rabbitmq-guard", "failover-rabbitmq-guard.service"
UNIT_FILES = ("/etc/systemd/system/%s", "/etc/systemd/system/multi-user.target.wants/%s")
SIGN_OF_LIFE_S = 300
# Debian's, by which systemd starts epmd.
EPMD_SOCKET, EPMD_DROPIN, EPMD = "epmd.socket", "/etc/systemd/system/epmd.socket.d/failover.conf", 4369
READ_AT_START = ("rabbitmq.conf", "advanced.config", "rabbitmq-env.conf", "enabled_plugins", "internode_tls.config", "erl_inetrc")
# From there on the server refuses mirrored queues.
WITHOUT_MIRRORS = (4, 0)
# From there on a policy can be limited to one type of queues.
WITH_TYPES, TYPES = (3, 12), ("classic_queues", "quorum_queues", "streams")


def node(values):
    return node_of(values["inventory_hostname"])


def nodes(values):
    return [node_of(member) for member in values["members"]]


def names(values):
    """Members as the nodes call each other, and where they are."""
    return {member.partition(".")[0]: values["member_addresses"][member] for member in values["members"]}


def member(values):
    """What is known of the member without knowing its distribution. ports: where the node listens. ipv6: whether the nodes talk to each
    other by IPv6. any_tls: whether it needs a certificate."""
    return {"is_leaving": values["inventory_hostname"] not in values["members"], "is_first": is_first(values), "nodes": nodes(values),
            "names": names(values), "ports": ports(values), "plugins": list(values["plugins"]),
            "certificate_names": certificate_names(values), "ipv6": ipv6(values), "any_tls": any_tls(values)}


def certificate_names(values):
    """Subject alternative names: the node's, its address, and what clients call it."""
    own = values["inventory_hostname"].partition(".")[0]
    return ["DNS:" + own, "IP:" + values["address"], *values["tls_names"]]


def ipv6(values):
    return ":" in values["address"]


def any_tls(values):
    return bool(values["tls"] or values["internode_tls"])


def is_first(values):
    """Whether this member asks or changes what a cluster has once."""
    return values["inventory_hostname"] == next((member for member in values["members"] if member in values["ansible_play_hosts"]), "")


# --- The machine ----------------------------------------------------------------------


def dropin(values):
    return "/etc/systemd/system/%s.d/failover.conf" % values["_unit"]


def server(values):
    """block: for /etc/hosts. absent: files that must not be there. units: the node's and its watchdog's; stopped_units: those of a member
    that leaves. old_unit_files: of the watchdog's unit as it was called before. sockets: what is started before anything of Erlang.
    erlang_address, epmd: where members listen for each other, empty for everywhere. narrow: ports nobody is to listen on everywhere. doors:
    where the node's certificate is seen; it is told to take up another one, see certificate_reload."""
    directory, reads = values["_directory"], ["%s/%s" % (values["_directory"], name) for name in READ_AT_START]
    lines = ["%s %s" % (address, name) for name, address in sorted(names(values).items(), key=lambda pair: pair[0].lower())]
    return {
        "doors": doors(values), "erlang_address": erlang_address(values), "epmd": epmd(values), "narrow": narrow(values),
        "sockets": [{"name": EPMD_SOCKET, "state": "started", "enabled": True, "reads": [EPMD_DROPIN], "when_stale": "restarted"}],
        "old_unit_files": [path % OLD_UNIT for path in UNIT_FILES],
        "block": {"path": "/etc/hosts", "marker": "# {mark} RabbitMQ %s (failover.stack)" % values["name"], "block": "\n".join(lines)},
        "absent": [OLD_PROGRAM] + ([] if values["internode_tls"] else [directory + "/internode_tls.config"])
        + ([] if ipv6(values) else [directory + "/erl_inetrc"]),
        "units": [{"name": values["_unit"], "state": "started", "enabled": True, "no_block": True,
                   "reads": [*reads, dropin(values)]},
                  {"name": WATCHDOG_UNIT, "state": "started", "enabled": True, "reads": [WATCHDOG, WATCHDOG_FILE],
                   "when_stale": "restarted"}],
        "stopped_units": [{"name": OLD_UNIT, "state": "stopped"}] + [
            {"name": name, "state": "stopped", "enabled": False} for name in (WATCHDOG_UNIT, values["_unit"])]}


def erlang_address(values):
    """As Erlang writes it, for the kernel parameter inet_dist_use_interface: a tuple of numbers."""
    if values["distribution_address"] in EVERYWHERE:
        return ""
    address = ipaddress.ip_address(values["distribution_address"])
    size = 1 if address.version == 4 else 2
    numbers = [int.from_bytes(address.packed[at:at + size], "big") for at in range(0, len(address.packed), size)]
    return "{%s}" % ",".join(map(str, numbers))


def epmd(values):
    """A node asks its own machine's at the loopback address of the family its names are looked up in."""
    address = values["distribution_address"]
    if address in EVERYWHERE:
        return []
    places = [address, "127.0.0.1"] + (["::1"] if ":" in address else [])
    return [at_port(place, EPMD) for place in places]


def narrow(values):
    at = {values["prometheus_port"]: values["prometheus_address"], values["distribution_port"]: values["distribution_address"],
          EPMD: values["distribution_address"]}
    return [int(port) for port in (EPMD, *ports(values)) if at.get(port, values["bind_address"]) not in EVERYWHERE]


def ports(values):
    wanted = [values["distribution_port"]]
    wanted += [values["port"]] if values["port"] else []
    wanted += [values["tls_port"]] if values["tls"] else []
    wanted += [values["prometheus_port"]] if "rabbitmq_prometheus" in values["plugins"] else []
    return wanted + ([values["management_port"]] if "rabbitmq_management" in values["plugins"] else [])


def reached(values, address):
    """Where this host reaches a node that listens at an address."""
    return values["address"] if address in EVERYWHERE else address


def doors(values):
    shown = [values["tls_port"]] if values["tls"] else []
    shown += [values["management_port"]] if values["tls"] and "rabbitmq_management" in values["plugins"] else []
    found = [{"address": reached(values, values["bind_address"]), "port": int(port)} for port in shown]
    between = {"address": reached(values, values["distribution_address"]), "port": int(values["distribution_port"])}
    return found + ([between] if values["internode_tls"] else [])


def watchdog_settings(values):
    """program_unit's options: the watchdog restarts a node that does not go on after a partition."""
    peers = [values["member_addresses"][member] for member in values["members"] if member != values["inventory_hostname"]]
    return {
        "directory": WATCHDOG, "description": "Restarts a RabbitMQ node that does not go on after a partition",
        "arguments": ["--unit", values["_unit"], "--seconds", values["stuck_s"],
                      "--serves", "[%s]:%s" % (reached(values, values["bind_address"]), values["port"] or values["tls_port"]),
                      "--log", LOG % node(values),
                      *("--peer=[%s]:%s" % (peer, values["distribution_port"]) for peer in peers)],
        "after": [values["_unit"]], "replaces": [OLD_UNIT], "watchdog_s": SIGN_OF_LIFE_S,
        # rabbitmqctl becomes the server's user, as which it reads the cookie, and compiles as Erlang does; systemctl needs nothing.
        "capabilities": ["CAP_SETUID", "CAP_SETGID", "CAP_DAC_OVERRIDE", "CAP_AUDIT_WRITE", "CAP_SYS_RESOURCE"], "families": ["AF_NETLINK"],
        "writes_code": True, "writable": ["-/var/lib/rabbitmq", "-/var/log/rabbitmq"]}


def files(values):
    """Files in config_files' terms."""
    directory = values["_directory"]
    found = [{"path": "%s/%s" % (directory, name), "content": values["_contents." + key]} for name, key in (
        ("rabbitmq.conf", "server"), ("advanced.config", "advanced"), ("rabbitmq-env.conf", "environment"))]
    found += [{"path": directory + "/enabled_plugins", "content": "[%s].\n" % ",".join(sorted(values["plugins"], key=str.lower))},
              {"path": dropin(values), "content": values["_contents.dropin"]},
              {"path": EPMD_DROPIN, "content": values["_contents.epmd"]},
              {"path": WATCHDOG_FILE, "content": values["_contents.watchdog_unit"]}]
    if values["internode_tls"]:
        found.append({"path": directory + "/internode_tls.config", "content": values["_contents.internode_tls"]})
    if ipv6(values):
        found.append({"path": directory + "/erl_inetrc", "content": "{inet6, true}.\n"})
    return found + list(values["_contents.program"])


# --- The cluster ----------------------------------------------------------------------


def formation(values):
    """Who is asked for the cookie, whose cluster the others join, what speaks against it: the same at every member."""
    return rules.formation(values["members"], values["infos"], values.get("cookie") or "")


def is_there(values):
    """Whether the node was seen running in the cluster, so that nobody waits for it."""
    info, own = values["_info"], node(values)
    return bool(info["available"] and info["listeners"].get(own) and {own, formation(values)["seed_node"]} <= set(info["running"]))


def mirror_policies(values):
    """Mirrors live as a policy."""
    return [{"vhost": vhost["name"], "name": "failover-mirrors", "pattern": "^(?!amq[.]).*", "apply-to": "queues", "priority": 0,
             "definition": {"ha-mode": "all", "ha-sync-mode": "automatic"}} for vhost in values["vhosts"]]


def absent(values):
    """What shall not be there, in rabbitmq_definitions' terms."""
    given = values["absent"]
    mirrors = [] if values["queues"] == "mirrored" else mirror_policies(values)
    return {"users": ["guest", *given.get("users", [])], "vhosts": given.get("vhosts", []),
            "policies": [*given.get("policies", []), *mirrors]}


def objections(values, exists=os.path.exists):
    """Sentences on what only the hosts themselves can tell, before anything is changed."""
    return [*values["_info"]["name_problems"], *formation(values)["refused"], *plugins_missing(values), *types_refused(values),
            *tls_changes(values), *authority_is_lost(values, exists), *mirrors_refused(values)]


def version(values):
    """Of the server that runs, else of the package that would be installed."""
    info = values["_info"]
    return info["installed_version"] or info["versions_available"]["candidate"] or "0"


def plugins_missing(values):
    for plugin in values["_info"]["missing_plugins"]:
        yield ("%s: rabbitmq_cluster_plugins has '%s', which is not installed here: RabbitMQ would start without it and say nothing. "
               "Install what brings it to /usr/lib/rabbitmq/plugins, or take it out." % (values["inventory_hostname"], plugin))


def types_refused(values):
    if version_tuple(version(values))[:2] >= WITH_TYPES:
        return
    for policy in values["policies"]:
        if policy.get("apply_to") in TYPES:
            yield "%s: policy '%s' is for one type of queues (apply_to), which RabbitMQ %s does not know: write queues." % (
                values["inventory_hostname"], policy["name"], version(values))


def tls_changes(values):
    """Members with and without TLS between them do not reach each other: one by one it cannot be changed."""
    info, wanted = values["_info"], values["internode_tls"]
    if info["available"] and info["internode_tls"] != wanted:
        yield "%s: rabbitmq_cluster_internode_tls is %s, and its node runs %s TLS between members: stop %s %s, then run this again." % (
            values["inventory_hostname"], str(wanted).lower(), "with" if info["internode_tls"] else "without", values["_unit"],
            "on all members at an announced time" if len(info["members"]) > 1 else "there")


def authority_is_lost(values, exists):
    """Another authority would be made, and members with different ones do not talk to each other."""
    directory = values["tls_directory"]
    if values["_info"]["trusts_authority"] and not values["new_authority"] and any_tls(values) and not exists(directory + "/ca.pem"):
        yield ("%s: rabbitmq_cluster_tls_directory is %s, which has no ca.pem, but this member trusts one: bring the directory here from "
               "the controller that made it. -e rabbitmq_cluster_new_authority=true makes a new one, for a cluster that is stopped." % (
                   values["inventory_hostname"], directory))


def mirrors_refused(values):
    by_policy = any(re.match("ha-", key) for policy in values["policies"] for key in policy["definition"])
    mirrored = values["queues"] == "mirrored"
    if (mirrored or by_policy) and version_tuple(version(values))[:2] >= WITHOUT_MIRRORS:
        yield ("%s: rabbitmq_cluster_queues is %s%s, and RabbitMQ %s has no mirrored queues any more: take quorum and leave ha- policies "
               "out; below 4.0 playbooks/rabbitmq_migrate_queues.yml makes quorum queues of those that are there." % (
                   values["inventory_hostname"], values["queues"], "" if mirrored else " and rabbitmq_cluster_policies has ha- settings",
                   version(values)))
