# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RabbitMQ's command-line tools say about a cluster and its queues, in one shape for all versions."""

from __future__ import annotations

import ipaddress
import re

ACTIVE_PLUGINS = "rabbit_plugins:active()."
# 3.10 colours the words "marked for maintenance", 4.x says "under maintenance".
SERVING = ("not under maintenance", "unknown", "")
# After these comes another major version.
LAST_OF = {(3, 13): (4, 0)}
# Below 4.0 a classic queue's leader and mirrors are in no other columns. Who has the messages: the leader, and mirrors that are in step.
LEADER_COLUMNS = ("pid", "synchronised_slave_pids", "name")
QUEUE_COLUMNS = ("name", "type", "leader", "members", "online", "policy", "messages", "consumers", "durable", "state")


def parse_status(raw):
    """cluster_status --formatter json: RabbitMQ 4.3 has no ram_nodes any more."""
    disc, ram = sorted(raw.get("disk_nodes") or []), sorted(raw.get("ram_nodes") or [])
    return {
        "members": sorted(set(disc) | set(ram)),
        "types": dict([(node, "disc") for node in disc] + [(node, "ram") for node in ram]),
        "knows_ram": "ram_nodes" in raw,
        "running": sorted(raw.get("running_nodes") or []),
        "partitions": {node: sorted(others) for node, others in (raw.get("partitions") or {}).items() if others},
        "alarms": [alarm_words(alarm) for alarm in raw.get("alarms") or []],
        "maintenance": sorted(node for node, state in (raw.get("maintenance_status") or {}).items() if str(state) not in SERVING),
        "versions": {node: (versions or {}).get("rabbitmq_version", "") for node, versions in (raw.get("versions") or {}).items()},
        "erlang_versions": {node: (versions or {}).get("erlang_version", "") for node, versions in (raw.get("versions") or {}).items()},
        "disabled_feature_flags": sorted(flag["name"] for flag in raw.get("feature_flags") or []
                                         if flag.get("state") == "disabled" and flag.get("stability") != "experimental"),
        "listeners": {node: sorted(one.get("port") for one in ports or []) for node, ports in (raw.get("listeners") or {}).items()},
        "cluster_name": raw.get("cluster_name", ""),
    }


def alarm_words(alarm):
    """An alarm is a string or an object, depending on kind and version."""
    if not isinstance(alarm, dict):
        return str(alarm)
    return " ".join("%s" % alarm[key] for key in ("node", "type", "resource") if alarm.get(key)) or str(alarm)


def node_of_pid(pid):
    """The node in <rabbit@mq1.1795263011.1579.0>, as the tables print it; empty when there is none."""
    head, _dot, tail = pid.strip("<>").rpartition("@")
    if not head:
        return ""
    # Creation, id and serial stand behind the host's name, which may have dots itself.
    return "%s@%s" % (head, ".".join(tail.split(".")[:-3]))


def parse_pids(text):
    """{name: (leader, mirrors)} of list_queues --silent with the columns LEADER_COLUMNS: <pid>, [<pid>, ...], name."""
    rows = (line.split("\t", 2) for line in text.splitlines())
    return {row[2]: (node_of_pid(row[0]), [node_of_pid(pid.strip()) for pid in row[1].strip("[]").split(",") if pid.strip()])
            for row in rows if len(row) == 3}


def as_list(value):
    return list(value) if isinstance(value, list) else []


def parse_queues(vhost, rows, leaders):
    """list_queues --formatter json of one vhost. Before 4.0 a classic queue has no leader there, see parse_pids for leaders."""
    def of(row):
        leader, mirrors = leaders.get(row["name"], ("", []))
        return row.get("leader") or leader, as_list(row.get("members")) or [row.get("leader") or leader, *mirrors]

    return [{
        "vhost": vhost, "name": row["name"], "type": row.get("type") or "classic",
        "leader": of(row)[0], "members": sorted(of(row)[1]),
        "online": sorted(as_list(row.get("online"))), "policy": row.get("policy") or "",
        "messages": int(row.get("messages") or 0), "consumers": int(row.get("consumers") or 0),
        "durable": bool(row.get("durable")), "state": row.get("state") or "",
    } for row in rows or []]


def count_by(queues, *keys):
    """{type: {leader: number}} for keys type, leader."""
    counted = {}
    for queue in queues:
        place = counted
        for key in keys[:-1]:
            place = place.setdefault(queue[key], {})
        place[queue[keys[-1]]] = place.get(queue[keys[-1]], 0) + 1
    return counted


def quorum_troubles(queues, running, nodes):
    """Sentences for quorum queues without leader or majority, with a member outside of the cluster's nodes, or whose replica on a running
    node does not run."""
    for queue in queues:
        if queue["type"] != "quorum":
            continue
        name = "Quorum queue '%s' in vhost '%s'" % (queue["name"], queue["vhost"])
        gone = sorted(set(queue["members"]) - set(nodes))
        asleep = sorted(set(queue["members"]) & set(running) - set(queue["online"]))
        if len(queue["online"]) * 2 <= len(queue["members"]):
            yield "%s has %d of %d members on line: no majority." % (name, len(queue["online"]), len(queue["members"]))
        elif not queue["leader"]:
            yield "%s has no leader." % name
        if gone:
            yield ("%s has a member on %s, which is none of the cluster: playbooks/rabbitmq_forget.yml takes it out of the queues, too." % (
                name, ", ".join(gone)))
        if asleep:
            yield "%s has a replica on %s that does not run although the node does: restart that node." % (name, ", ".join(asleep))


def troubles(status, expected):
    """Sentences for what keeps a cluster from being healthy. expected: nodes that must be members and run."""
    for node in sorted(set(expected) - set(status["members"])):
        yield "%s is no member of the cluster (%s)." % (node, ", ".join(status["members"]))
    for node in sorted(set(status["members"]) - set(expected)) if expected else []:
        yield ("%s is a member of the cluster that the inventory does not have: let it leave (group rabbitmq_leaving), "
               "or playbooks/rabbitmq_forget.yml takes a dead one out." % node)
    for node in sorted(set(status["members"]) & set(expected) - set(status["running"])):
        yield "%s is a member but does not run: playbooks/rabbitmq.yml starts it." % node
    for node, others in sorted(status["partitions"].items()):
        yield "%s is separated from %s by a partition." % (node, ", ".join(others))
    for alarm in status["alarms"]:
        yield "There is an alarm, publishers are blocked: %s." % alarm
    for node in status["maintenance"]:
        yield "%s is in maintenance and takes no clients: playbooks/rabbitmq.yml, or rabbitmq-upgrade revive there, ends it." % node


def boot_reason(log):
    """Why the server did not start, from the end of its log or journal; empty when that tells no reason."""
    lines = [re.sub(r"^[0-9-]+ [0-9:.+]+ \[\w+\] <[0-9.]+>", "", line).strip() for line in log.splitlines()]
    begins = [number for number, line in enumerate(lines) if "BOOT FAILED" in line]
    if begins:
        found = [line for line in lines[begins[-1] + 1:] if line and set(line) != {"="}][:6]
    else:
        found = [line for line in lines if re.search(r"\berror\b|failed|terminated", line, re.I)][-2:]
    return " ".join(" ".join(found).split())[:600]


def missing_plugins(wanted, installed):
    """Plugins that are not there, so that the server would start without them and say nothing.

    installed: names of files and directories where plugins are, such as rabbitmq_shovel-4.0.5 or x-1.0.ez; none before the installation.
    """
    there = {re.sub(r"(-v?[0-9][^-]*.*)?([.]ez)?$", "", name) for name in installed}
    return [name for name in wanted if there and name not in there]


def idle_plugins(node, wanted, active):
    """Sentences for plugins that are to run and do not. active: what ACTIVE_PLUGINS printed."""
    running = set(re.findall(r"[a-z][A-Za-z0-9_]*", active))
    return ["Plugin %s does not run on %s: look at what its log says of it." % (name, node) for name in wanted if name not in running]


def missing_ports(node, have, wanted):
    return ["%s does not listen on port %d." % (node, port) for port in wanted if port not in have]


def version_tuple(text):
    """(4, 0, 5) of 4.0.5, also of 4.0.5-beta.1; what is no number counts as 0."""
    parts = text.replace("-", ".").split(".")[:3]
    return tuple(int(part) if part.isdigit() else 0 for part in parts + ["0"] * (3 - len(parts)))


def newest_version(directories):
    """Of installed servers, by their directories' names; empty when there is none."""
    versions = [path.rpartition("rabbitmq_server-")[2] for path in directories]
    return max(versions, key=version_tuple) if versions else ""


def upgrade_problems(installed, candidate, disabled_flags):
    """Why a member must not be upgraded to what is available; a rolling upgrade bears the next series, not the one after."""
    have, want = version_tuple(installed)[:2], version_tuple(candidate)[:2]
    if not candidate or want == have:
        return []
    if want < have:
        return ["available is %s, older than %s that is installed: correct the package sources." % (candidate, installed)]
    if want not in (LAST_OF.get(have, (have[0], have[1] + 1)),):
        return ["available is %s, %s is installed: members of these two cannot be in one cluster. Go through each series in between, "
                "or make a new cluster and move there." % (candidate, installed)]
    if disabled_flags:
        return ["available is %s, and these feature flags are not enabled: %s. rabbitmq_cluster_feature_flags: true and site.yml enable "
                "them." % (candidate, ", ".join(disabled_flags))]
    return []


def same_address(text):
    """An address in its one spelling, whatever it is else as it is."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return text


def name_problems(host, own, found):
    """Members whose name does not lead to them. own: name to address in the inventory, found: what the host makes of the names."""
    for name, address in sorted(own.items()):
        if not found.get(name):
            yield ("%s: the member name %s cannot be resolved here: correct /etc/hosts or the name server, or set "
                   "rabbitmq_cluster_manage_hosts to true." % (host, name))
        elif same_address(address) not in [same_address(one) for one in found[name]] and name != host:
            yield ("%s: the member name %s is %s here, and %s in the inventory: correct /etc/hosts or the name server." % (
                host, name, ", ".join(found[name]), address))
