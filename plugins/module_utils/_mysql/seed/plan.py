# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decisions of seeding: whose data may be replaced, who gives, in which order; and how progress reads. Pure."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._mysql.whole import gaps
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import errant

CLONE_USER = "failover_clone"
# A copy is a little more than its origin: the redo log that gathers meanwhile, and what the server writes when it starts.
ROOM = 1.1


def room_needed(total):
    return int(total * ROOM)


def series(version):
    """10.11 of 10.11.19-MariaDB: files of one series fit servers of the same."""
    found = re.search(r"(\d+)\.(\d+)\.\d+", version)
    return "%s.%s" % found.groups() if found else version


def dialect(version):
    return "mariadb" if "mariadb" in version.lower() else "mysql"


def offer_problem(donor, facts, version="", joiner=""):
    """Why this donor cannot give (to this joiner), or nothing."""
    if not facts["log_bin"]:
        return "%s: this donor has no binary log, so nobody knows where its copy has to go on: switch log_bin on there" % donor
    if not facts["logs_replicated"]:
        return "%s: this donor does not log what it replicates, its position says too little: switch log_slave_updates on" % donor
    if facts.get("gtid_mode", "ON") != "ON":
        return "%s: this donor has gtid_mode %s, so nobody knows where its copy has to go on: it must be ON there" % (
            donor, facts["gtid_mode"])
    if version and (series(version), dialect(version)) != (series(facts["version"]), dialect(facts["version"])):
        return "%s: its server is %s, that of the donor %s is %s: install the same series on both" % (
            joiner, version.strip(), donor, facts["version"])
    return ""


# Whose data may be replaced

def judge(host, mine, writer, theirs, named):
    """(allowed, keep what was there, because) for replacing the data of `host` by a copy; `named`: the user said so by name.

    `mine` and `theirs` are what mysql_replica_info saw of the host and of the writer.
    """
    override = "-e mysql_replication_discard=%s" % host
    if host == writer or mine.get("writable"):
        return False, True, "%s takes the writes: its data is never replaced; switch over to another member first" % host
    if not mine.get("reachable"):
        why = "%s cannot be asked what it holds (%s)" % (host, (mine.get("because") or "it does not answer").rstrip("."))
        return named, True, why if named else "%s: start it, or replace its data all the same by %s" % (why, override)
    stray, unknown = only_here(mine, theirs)
    if stray or unknown:
        what = " and ".join(
            ["transactions that %s has not: %s" % (writer, stray)] * bool(stray)
            + ["databases that %s has not: %s" % (writer, ", ".join(unknown))] * bool(unknown))
        why = "%s holds %s" % (host, what)
        return named, True, why if named else "%s: save them, then replace its data by %s" % (why, override)
    if mine.get("blank"):
        return True, False, "%s is blank" % host
    if not mine["gtid"].get("executed"):
        why = "%s holds the databases %s and no GTID tells where they come from" % (host, ", ".join(mine.get("databases") or ["?"]))
        return named, True, why if named else "%s: save them, then replace them by %s" % (why, override)
    return True, False, "%s has all that %s holds" % (writer, host)


def only_here(mine, theirs):
    """(GTIDs, databases) that the other has not."""
    unknown = sorted(set(mine.get("databases") or []) - set(theirs.get("databases") or []))
    stray = errant(mine["gtid"], theirs["gtid"]) if mine.get("gtid") and theirs.get("gtid") else ""
    # What a fresh server wrote of its own accord before it became a member is no data: accounts, the system's tables.
    return ("" if mine.get("blank") else stray), unknown


# Who gives

def donor_problem(donor, facts, joiner, mine, writer, theirs=None):
    """Why this member cannot give to that one, or nothing. theirs: what was seen of the writer."""
    if not facts.get("reachable"):
        return "%s does not answer" % donor
    if not facts["log_bin"] or not facts["log_replica_updates"]:
        return "%s has no binary log of all that it holds" % donor
    if not facts["gtid"].get("enabled", True):
        return "%s has gtid_mode %s, not ON, so nobody would know where its copy has to go on" % (donor, facts["gtid"].get("mode") or "OFF")
    lacks = list(gaps(facts, None if donor == writer else theirs, writer))
    if lacks:
        return "%s has not everything: %s" % (donor, "; ".join(lacks))
    if mine.get("reachable") and (series(mine["version"]), mine["dialect"]) != (series(facts["version"]), facts["dialect"]):
        return "%s is %s %s, %s is %s %s" % (donor, facts["dialect"], facts["version"], joiner, mine["dialect"], mine["version"])
    if donor == writer:
        return ""
    if facts.get("writable"):
        return "%s takes writes beside %s" % (donor, writer)
    broken = [channel for channel in facts["channels"] if channel["receiver"] != "running" or channel["applier"] != "running"]
    if not facts["channels"] or broken:
        return "%s does not replicate" % donor
    return ""


def donors_for(joiner, observed, writer, joiners, load, wanted=""):
    """Members that can give, best first: a replica before the writer, who has few to serve before who has many."""
    mine, problems = observed.get(joiner, {}), []
    fit = []
    for donor in sorted(observed):
        if donor in joiners or (wanted and donor != wanted):
            continue
        problem = donor_problem(donor, observed[donor], joiner, mine, writer, observed.get(writer))
        if not problem and donor != writer and observed.get(writer, {}).get("reachable"):
            stray = errant(observed[donor]["gtid"], observed[writer]["gtid"])
            problem = "%s has transactions that %s has not: %s" % (donor, writer, stray) if stray else ""
        problems += [problem] if problem else []
        fit += [] if problem else [donor]
    fit.sort(key=lambda donor: (donor == writer, load.get(donor, 0), lag(observed[donor]), donor))
    return fit, problems


def lag(facts):
    return max([channel["lag"] or 0 for channel in facts["channels"]] or [0])


def seed_plan(joiners, observed, writer, discard=(), donor=""):
    """For each joiner: donor, wave (who shares a donor comes one after the other), keep_old, because; or refused, a sentence."""
    named = [discard] if isinstance(discard, str) else list(discard)
    named = [each.strip() for one in named for each in one.split(",") if each.strip()]
    plan, load = [], {}
    for joiner in sorted(joiners):
        allowed, keep, because = judge(joiner, observed.get(joiner, {}), writer, observed.get(writer, {}), joiner in named)
        entry = {"host": joiner, "donor": "", "wave": 0, "keep_old": keep, "because": because, "refused": ""}
        plan.append(entry)
        if not allowed:
            entry["refused"] = because
            continue
        fit, problems = donors_for(joiner, observed, writer, joiners, load, donor)
        if not fit:
            entry["refused"] = "%s: no member can give it its data (%s)" % (joiner, "; ".join(problems) or (
                "mysql_replication_seed_donor is %s, which is no other member" % donor if donor else "there is no other member"))
            continue
        entry["donor"], entry["wave"] = fit[0], load.get(fit[0], 0)
        load[fit[0]] = entry["wave"] + 1
    return plan
