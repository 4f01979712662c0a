# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a member everything? One question, asked of whoever takes the writes over, gives its data, is backed up or counts as healthy. Pure.

GTIDs do not tell: a server counts a transaction as executed that a filter left out, and one whose log is younger than its data has all
transactions of it without the data.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids


def channel_of(info):
    """The channel of the cluster: the default one, else the only one."""
    channels = info.get("channels") or []
    named = [channel for channel in channels if not channel.get("channel")]
    return (named or channels or [None])[0]


def shown(value):
    return ", ".join("%s->%s" % (one["from"], one["to"]) if isinstance(one, dict) else str(one) for one in value)


def partial(channel):
    """What of the source the channel leaves out, as the server calls the filters."""
    found = ["replicate_%s: %s" % (name, shown(value)) for name, value in sorted((channel.get("filters") or {}).items()) if value]
    return found + ["%s: %s" % (name, shown(channel[name])) for name in ("ignore_server_ids", "do_domain_ids", "ignore_domain_ids")
                    if channel.get(name)]


def gaps(info, other=None, name=""):
    """Why this server has not everything, or does not hand everything on. other: its source, or another member, called `name`."""
    channel = channel_of(info)
    filters = partial(channel) if channel else []
    if filters:
        yield "it replicates only a part (%s)" % "; ".join(filters)
    logged = ["binlog_%s: %s" % (key, shown(value)) for key, value in sorted((info.get("log_filters") or {}).items()) if value]
    if logged:
        yield "its binary log has only a part (%s), so whoever follows it lacks the rest" % "; ".join(logged)
    missing = missing_databases(info, other)
    if missing:
        yield "it has all transactions of %s and lacks its databases %s" % (name, ", ".join(missing))


def missing_databases(info, other):
    """Databases of the other that are not here, though all its transactions are: no transaction made them."""
    if not other or not other.get("reachable") or other.get("dialect") != info.get("dialect"):
        return []
    if info.get("databases") is None or other.get("databases") is None or not gtids.contains(
            info["gtid"].get("executed") or "", other["gtid"].get("executed") or ""):
        return []
    return sorted(set(other["databases"]) - set(info["databases"]))
