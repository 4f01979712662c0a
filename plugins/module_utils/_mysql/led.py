# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that somebody else leads, MMM: it says who may write and who replicates from whom. Pure.

What replicates is left alone, however it does: MMM turns replicas to another source, stops them for maintenance, and makes servers
writable. Who does not replicate yet, and who lost what it would need, is still brought in.
"""

from __future__ import annotations

MMM = "mmm"


def elsewhere(values):
    return values.get("failover") == MMM


def brings_in(view_channels, action):
    """Whether a member has to be brought in: it has no channel, or has to be copied anew."""
    return action == "seed" or (action in ("join", "refuse") and not view_channels)


def left_alone(rows, observed):
    """topology()'s rows without what is not ours to do."""
    found = {}
    for member, row in rows.items():
        channels = (observed.get(member) or {}).get("channels")
        if row["action"] != "none" and not brings_in(channels, row["action"]):
            row = dict(row, action="none")
        found[member] = row
    return found


def follows_by_itself(info):
    """Of a member that replicates already nothing is set."""
    return bool(info.get("channels"))


def acknowledges(values):
    """Whether this member may acknowledge for the writer: the other source alone, since that is the one whom MMM promotes."""
    return bool(values["semi_sync"]) and values["inventory_hostname"] in values["sources"]


def refusal():
    return ("MMM leads this cluster (mysql_replication_failover: mmm), nothing was changed: playbooks/mmm_switchover.yml hands the writes "
            "over.")


def problem(values, host):
    """A sentence where another one leads here than is asked for, each would undo what the other does."""
    leads = host.get("leads") or ""
    if elsewhere(values) and leads == "mysql-writer":
        yield ("mysql_replication_failover is mmm, and mysql-writer.service leads this member: set it to what it was, or go back to MMM by "
               "playbooks/mmm_migrate.yml -e mmm_migrate=back")
    if not elsewhere(values) and leads == MMM:
        yield ("mysql_replication_failover is %s, and mysql-mmm-agent.service leads this member: set it to mmm; playbooks/mmm_migrate.yml "
               "moves the cluster" % values["failover"])
