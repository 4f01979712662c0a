# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks against a machine's move to the next release, and what changes with it. Pure: one sentence each.

seen: what was read of a host: `os` (module os_upgrade_info), `tables` (mysql_tables_info, of a database's member), `tomcat` (the version
that its variables say). Empty for what was not asked.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._os_upgrade.releases import NUMBERS, target
from ansible_collections.failover.stack.plugins.module_utils._sql import collation

# What the new packages need beside the old ones.
ROOM_MB = 2048
# Queues are mirrored by these in 3.x; 4.0 knows none of them.
MIRRORING = ("ha-mode", "ha-params", "ha-sync-mode", "ha-sync-batch-size", "ha-promote-on-shutdown", "ha-promote-on-failure",
             "queue-master-locator")
MOST_NAMED = 5


def some(names):
    return ", ".join(names[:MOST_NAMED]) + (" and %d more" % (len(names) - MOST_NAMED) if len(names) > MOST_NAMED else "")


def machine_problems(host, seen):
    """What every machine must be, whatever it does."""
    found = seen["os"]
    if not target(found["release"]):
        yield "%s: it is on %s, from which this playbook knows no way: take it from the inventory, or set it up anew." % (
            host, found["release"] or "a release that does not name itself")
        return
    if found["unfinished"]:
        yield "%s: packages are half installed or not configured (%s): mend that by dpkg --configure -a and apt-get install -f." % (
            host, some(found["unfinished"]))
    if found["held"]:
        yield "%s: packages are held (%s), and would keep others from their upgrade: release them by apt-mark unhold." % (
            host, some(found["held"]))
    if found["free_mb"] < ROOM_MB:
        yield "%s: /var has %d MiB of free space and the new packages want %d: make room, apt-get clean helps." % (
            host, found["free_mb"], ROOM_MB)


def haproxy_problems(host, seen):
    """Lines that HAProxy 3.0 does not start with."""
    for one in seen["os"]["haproxy"]:
        place = "%s: line %d of /etc/haproxy/haproxy.cfg" % (host, one["line"])
        if one["what"] == "host_header":
            yield ("%s gives option httpchk a Host header within its version, which HAProxy 3.0 refuses: write http-check send hdr Host "
                   "instead." % place)
        if one["what"] == "bind_process":
            yield "%s has bind-process, which HAProxy 3.0 refuses: take it out." % place


def haproxy_changes(host, seen):
    if any(one["what"] == "consistent" for one in seen["os"]["haproxy"]):
        yield ("%s: its backends hash consistently, and HAProxy 3.0 sends more than half of the clients to another server than 2.6 does: "
               "while both are in use, and once after the move, clients change their servers." % host)


def tomcat_changes(host, seen):
    if str(seen.get("tomcat") or "").startswith("11"):
        yield ("%s: Tomcat 11 answers a form of more than 50 parts with 413, where 10.1 dropped parts without a word: see maxPartCount." % (
            host))


def mariadb_problems(host, seen, members, playbook, variable):
    """members: {member: seen} of its cluster, itself among them."""
    tables = seen.get("tables") or {}
    if tables.get("versioned") and len(members) > 1:
        yield ("%s: %s are system-versioned, and MariaDB 11.8 ends their history in 2106, 10.11 in 2038: while both releases are in the "
               "cluster one takes the other's current rows for past ones, a replica stops with 1032, a Galera member is thrown out. Copy "
               "them into tables without versions until all members have 11.8, or move all members with the writers stopped: "
               "mariadb-upgrade rebuilds them when nobody of 10.11 is left." % (host, some(tables["versioned"])))
    told = {name: one["tables"]["collation"] for name, one in members.items() if (one.get("tables") or {}).get("collation")}
    order = [name for name in members if name in told]
    decided = collation.decide("", told, order, False, variable) if host in told else {"problem": ""}
    if decided["problem"]:
        yield "%s: %s, run %s, then this again." % (host, decided["problem"], playbook)
    elif tables and not seen["os"]["collation"]:
        yield ("%s: no file says which collation its server starts with, so 11.8 would start with its own: run %s, which writes it." % (
            host, playbook))


def rabbitmq_problems(host, seen, members):
    """What the way of RabbitMQ's wants to have been done before, and why it is no move in place."""
    yield ("%s: RabbitMQ 3.10 does not become 4.0 in place: 4.0 does not read its data and does not join its cluster, and Debian has no "
           "release between. It stays on Debian %s; its way is a new cluster to which shovels bring the messages, see docs/upgrade.md." % (
               host, NUMBERS[seen["os"]["release"]]))
    mirrored = ["%s in %s" % (one["name"], one["vhost"]) for one in seen["os"]["policies"] if set(one["keys"]) & set(MIRRORING)]
    if mirrored:
        yield ("%s: policies mirror queues (%s), which RabbitMQ 4.0 does not know, and one such policy makes the whole import of its "
               "definitions fail: make the queues quorum queues by playbooks/rabbitmq_migrate_queues.yml and drop the policies." % (
                   host, some(mirrored)))
    if len(members) == 2:
        yield ("%s: its cluster has two members (%s), and with one given to the new cluster no quorum queue has a majority: add a third "
               "member first." % (host, ", ".join(members)))


def rabbitmq_changes(host, seen):
    if not any("delivery-limit" in one["keys"] for one in seen["os"]["policies"]):
        yield ("%s: RabbitMQ 4.0 drops a message that was returned to a quorum queue more than 20 times, 3.10 never did: say by a policy "
               "of the new cluster what shall be, delivery-limit -1 for never, or a dead-letter-exchange that gets them." % host)
