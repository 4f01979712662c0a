# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against handing the writer's part over, or against a failover. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import obstacles
from ansible_collections.failover.stack.plugins.module_utils._mysql.health import channel_problems
from ansible_collections.failover.stack.plugins.module_utils._mysql.whole import channel_of, missing_databases


def writer_of(topology):
    return next((name for name, row in topology.items() if row["role"] == "source"), None)


def switchover_problems(observed, topology, candidate, tls=True, max_lag=10, places=None):
    """Sentences; none when the writer's part can be handed to the candidate."""
    writer = writer_of(topology)
    if writer is None:
        return ["nobody is the writer: run playbooks/mysql_replication.yml first."]
    old, new = observed.get(writer) or {}, observed.get(candidate) or {}
    found = list(writer_problems(writer, old))
    if not new.get("reachable"):
        return [*found, "%s cannot be reached: %s." % (candidate, new.get("because") or "no connection by SSH")]
    found += ["%s: %s." % (candidate, reason) for reason in obstacles(new)]
    missing = missing_databases(new, old)
    if missing:
        found.append("%s: it has all transactions of %s and lacks its databases %s." % (candidate, writer, ", ".join(missing)))
    found += ["%s: %s." % (candidate, reason) for reason in channel_reasons(topology[candidate], writer, new, tls, max_lag)]
    return found + list(address_problems(writer, candidate, places or {}))


def writer_problems(writer, old):
    if not old.get("reachable"):
        yield "the writer %s cannot be asked: playbooks/mysql_failover.yml is for a writer that is dead." % writer
    elif not old.get("writable"):
        yield "the writer %s is read-only: run playbooks/mysql_replication.yml first." % writer
    elif not old.get("log_bin"):
        yield "the writer %s has no binary log, so what the candidate lacks cannot be told." % writer


def channel_reasons(row, writer, new, tls, max_lag):
    channel = channel_of(new)
    if row["source"] != writer:
        yield "it replicates from %s, not from the writer %s" % (row["source"] or "nobody", writer)
    elif channel is None:
        yield "it does not replicate"
    elif row["action"] not in ("none", "join"):
        yield "%s" % row["because"]
    if channel:
        yield from channel_problems(channel, {"tls": tls, "max_lag": max_lag})


def address_problems(writer, candidate, places):
    """places: what mysql_writer in check mode found at the writer and at the candidate."""
    here, there = places.get(writer) or {}, places.get(candidate) or {}
    holder = there.get("holder")
    if holder and not (here.get("before") or {}).get("address_held"):
        yield "the writer address is held by %s, which is not the writer %s: take it away there." % (holder, writer)
    elif holder and here.get("mac") and holder != here["mac"]:
        yield "the writer address is answered for by %s, the writer %s has %s: it has two holders." % (holder, writer, here["mac"])


def answers_to(answer):
    """Whether somebody listened at the old writer's port."""
    return answer.get("state") == "started" and not answer.get("failed")


def failover_cluster(members, groups, named="", group=""):
    """{cluster, problem}: the group of the one cluster that is meant, or why it cannot be told.

    members: {host: group of its cluster}. groups: {group: hosts} of the inventory. named: a member that the user names, group: a cluster's
    group that is named; each may be empty.
    """
    meant = [group] if group else sorted({of for host, of in members.items() if named in ("", host)})
    if len(meant) == 1 and groups.get(meant[0]):
        return {"cluster": meant[0], "problem": ""}
    if group:
        problem = "mysql_failover_group is '%s', which is no group with hosts in this inventory: correct the name" % group
    elif meant:
        problem = "there are several database clusters, %s: name one by -e mysql_failover_group=<group>" % ", ".join(meant)
    elif members:
        problem = "%s is no member of a database cluster: name one of %s" % (named, ", ".join(members))
    else:
        problem = "group mysql_replication has no hosts in this inventory: name the right inventory by -i"
    return {"cluster": "", "problem": problem}


def failover_problems(observed, topology, answers, places, dead="", lost=()):
    """Sentences; none when the writer is dead enough to take its part away.

    answers: what each living member found at the old writer's port. places: what mysql_writer in check mode found about the address,
    where the old writer cannot be fenced. dead: the member of which the user says that its part may be taken away. lost: members without
    SSH.
    """
    writer = writer_of(topology)
    if writer is None:
        return ["who was the writer cannot be told: name the member that shall be it with -e mysql_failover_to=<host>."]
    old = observed.get(writer) or {}
    found = []
    if old.get("reachable") and old.get("writable") and writer != dead:
        found.append("The writer %s answers and takes writes: playbooks/mysql_switchover.yml hands its part over without loss, "
                     "-e mysql_failover_dead=%s takes it away." % (writer, writer))
    if old.get("answers") and writer != dead:
        found.append("The server of %s answers and cannot be asked (%s): repair that, or -e mysql_failover_dead=%s takes its part away." % (
            writer, str(old.get("because", "")).rstrip("."), writer))
    if writer in lost and writer != dead and not any(answers_to(answer) for answer in answers):
        found.append("%s cannot be reached by SSH, so nobody knows whether its server still takes writes on its side of a split, where a "
                     "gateway may keep it alive: switch it off, then say so with -e mysql_failover_dead=%s." % (writer, writer))
    if any(answers_to(answer) for answer in answers) and writer != dead:
        found.append("The server of %s answers, though %s cannot be reached by SSH to fence it: switch it off, then say so with "
                     "-e mysql_failover_dead=%s." % (writer, writer, writer))
    holders = sorted({place["holder"] for place in places if place.get("holder")})
    if holders:
        found.append("%s still answers for the writer address, and %s cannot be reached by SSH to fence it: switch it off." % (
            " and ".join(holders), writer))
    return found
