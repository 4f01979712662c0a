# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a member of a replicating cluster, by what mysql_replica_info saw of it. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql.whole import gaps
from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids


def channel_problems(channel, wanted):
    """wanted: tls, max_lag."""
    source = "%s:%s" % (channel.get("source_host"), channel.get("source_port"))
    for thread, word in (("receiver", "receives"), ("applier", "applies")):
        if channel.get(thread) != "running":
            error = channel.get(thread + "_error")
            yield "it %s nothing from %s: %s" % (word, source, error or "its %s is %s" % (thread, channel.get(thread)))
    if wanted["tls"] and not channel.get("ssl"):
        yield "it replicates from %s without TLS" % source
    lag, late = channel.get("lag"), wanted["max_lag"] + (channel.get("delay") or 0)
    if lag is not None and lag > late:
        yield "it is %s s behind %s" % (lag, source)


def semi_sync_problems(info, writer):
    """A replica that does not acknowledge, a writer that waits for nobody."""
    state = info.get("semi_sync") or {}
    if writer and not state.get("source_enabled"):
        yield "it does not wait for replicas (semi-synchronous replication is off)"
    elif writer and not state.get("source_active"):
        yield "no replica acknowledged in time: it does not wait for replicas at present"
    elif not writer and not state.get("replica_active"):
        yield "it does not acknowledge what it receives (semi-synchronous replication is off)"


def errant_problems(info, row):
    """What a running replica wrote itself breaks nothing today. It is lost, or in the way, when the member becomes a source."""
    errant = row.get("errant")
    uuid = info.get("server_uuid") if info.get("dialect") == "mysql" else None
    if errant and not row["writable"] and gtids.own(errant, info.get("server_id"), uuid):
        yield ("it has transactions that its source %s has not: %s; apply them there by hand, or give them up by name with "
               "mysql_replication_discard" % (row["source"], errant))


def member_problems(info, row, tls=True, max_lag=10, semi_sync=False, source=None):
    """Sentences without the member's name. info: mysql_replica_info's; row: the member's in topology()'s result; source: what
    mysql_replica_info saw of the member it replicates from."""
    if not info.get("reachable"):
        return ["the server does not answer: %s" % info.get("because", "it cannot be reached")]
    found = []
    if row["writable"] and not info.get("writable"):
        found.append("it is the writer and takes no writes")
    if not row["writable"] and info.get("writable"):
        found.append("it takes writes, but the writer is another member")
    gtid = info.get("gtid") or {}
    if not gtid.get("enabled", True):
        found.append("its gtid_mode is %s, not ON" % (gtid.get("mode") or "OFF"))
    if row["action"] != "none":
        found.append("%s: %s" % (row["action"], row["because"]))
    if row["source"] and not info.get("channels"):
        found.append("it does not replicate, its source is %s" % row["source"])
    for channel in info.get("channels") or []:
        found += channel_problems(channel, {"tls": tls, "max_lag": max_lag})
    found += errant_problems(info, row)
    for gap in gaps(info, None if row["writable"] else source, row["source"]):
        found.append(gap + ": repair that, then replace its data by a whole copy with mysql_replication_discard")
    told = info.get("lease") or {}
    if told.get("trouble"):
        found.append("its agent does not see etcd: %s" % told["trouble"])
    if told.get("refused"):
        found.append("its agent cannot let it follow: %s" % told["refused"])
    if semi_sync:
        found += semi_sync_problems(info, row["writable"])
    return found
