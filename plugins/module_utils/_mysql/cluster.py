# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member of a replicating cluster is, from whom it receives, and what stands against an operation. Pure.

Every function takes the role's variables as the member sees them: `port` is mysql_replication_port, `_info` the internal
__mysql_replication_info, and Ansible's own have their names. A variable is read only where it is needed, since some are registered late.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._mysql import led
from ansible_collections.failover.stack.plugins.module_utils._mysql.backup.rules import backup_source, choose_backup, into_plan
from ansible_collections.failover.stack.plugins.module_utils._mysql.candidate import candidate
from ansible_collections.failover.stack.plugins.module_utils._mysql.health import member_problems
from ansible_collections.failover.stack.plugins.module_utils._mysql.switchover import failover_problems, switchover_problems, writer_of
from ansible_collections.failover.stack.plugins.module_utils._mysql.topology import topology
from ansible_collections.failover.stack.plugins.module_utils._sql import binary_logs, read_only, tables
from ansible_collections.failover.stack.plugins.module_utils._sql import collation as collations

# A blank member in check mode.
UNKNOWN = {"reachable": False, "recorded": False, "because": "the server is not installed yet"}
# The least that each account needs.
REPLICATION = {"mariadb": "REPLICATION SLAVE", "mysql": "REPLICATION SLAVE"}
MONITOR = {"mariadb": {"*.*": "SLAVE MONITOR, BINLOG MONITOR"}, "mysql": {"*.*": "REPLICATION CLIENT", "performance_schema.*": "SELECT"}}


def address_of(values, member):
    return values["addresses"][values["members"].index(member)]


def here(values):
    """The members that take part in this run."""
    return [member for member in values["members"] if member in values["ansible_play_batch"]]


def registered(values, name, members=None, default=None):
    """{member: what is registered there as __mysql_replication_<name>}."""
    found = values["registered"]
    return {member: found.get(member, {}).get("__mysql_replication_" + name, default)
            for member in (here(values) if members is None else members)}


def names_in(given):
    """A list, or names separated by commas, as on a command line."""
    return [name.strip() for each in ([given] if isinstance(given, str) else given) for name in each.split(",") if name.strip()]


def observed_everywhere(values):
    """{member: what mysql_replica_info returned}: those of this run, and those that were queried beside it."""
    elsewhere = {result["item"]: result for result in values["_info_elsewhere"]["results"]}
    return {**registered(values, "info", default=UNKNOWN), **elsewhere}


# --- The cluster as it is -------------------------------------------------------------


def asked(values):
    """{observed, topology}: what the members' answers amount to, now."""
    members, observed = values["members"], observed_everywhere(values)
    wishes = {member: values["registered"].get(member, {}).get("mysql_replication_replicate_from", "") for member in members}
    found = topology(observed, dict(zip(members, values["addresses"])), values["sources"], replicate_from=wishes, port=values["port"],
                     recorded=recorded(observed), writer=values.get("_promoted", ""))
    return {"observed": observed, "topology": led.left_alone(found, observed) if led.elsewhere(values) else found}


def recorded(observed):
    """Members that are recorded as the writer, on their own hosts."""
    return [member for member, info in observed.items() if info.get("recorded")]


def cluster(values):
    """What this run acts on, of the topology that was found at its beginning.

    mine: the member's row. writer: a name, empty without one. is_writer. discard: members named by the user, what they hold may go.
    joiners: those of this run who become copies of another member. new: whether nobody replicates, writes or is recorded yet. source: the
    member to receive from, empty for none. follows: whether it shall do so now. source_is_new: whether that one gets its accounts, or
    another password of them, a moment later. mutual: whether the writer is this member's replica already. marks: whether this member's
    log begins with an empty server and does not say so yet.
    """
    host, rows, observed = values["inventory_hostname"], values["_topology"], values["_observed"]
    mine, writer = rows[host], writer_of(rows) or ""
    discard = [member for member in names_in(values["discard"]) if member in values["members"]]
    seeds = [member for member, row in rows.items() if row["action"] == "seed"]
    joiners = [member for member in dict.fromkeys(seeds + discard) if member in values["ansible_play_batch"]]
    source = mine["source"] or ""
    return {
        "mine": mine, "writer": writer, "is_writer": host == writer, "discard": discard, "joiners": joiners, "source": source,
        "new": nobody_yet(observed), "follows": bool(source) and follows(values["_info"], source, rows, observed, joiners) and not (
            led.elsewhere(values) and led.follows_by_itself(values["_info"]) and host not in joiners),
        "source_is_new": bool(source) and (
            rows[source]["action"] in ("join", "seed") or source in discard or values.get("user") in (values.get("old_passwords") or {})),
        "mutual": bool(writer) and rows[writer]["source"] == host,
        "marks": host == writer and empty_beginning(observed.get(host, {}))}


def collation(values):
    """See _sql/collation.py's carried_out(). Of MySQL's releases all have the same default: there it is the user's alone."""
    observed, writer, own = values["_observed"], writer_of(values["_topology"]), values["_own"]
    members = {name: info["collation"] for name, info in observed.items() if info.get("reachable")}
    order = sorted(members, key=lambda name: name != writer)
    counting = [name for name in order if observed[name].get("blank") is not True]
    mariadb = values["flavour"] == "mariadb"
    decided = collations.decide(values["collation"], members, counting if mariadb else [], mariadb, "mysql_replication_collation")
    return collations.carried_out(decided, own["collation_config"], own["collation_check"])


def empty_beginning(info):
    """Whether all that a server will hold is going to be in its binary logs; see _sql/beginning.py."""
    gtid = info.get("gtid") or {}
    return bool(info.get("reachable") and info.get("pristine") and gtid.get("complete") and not gtid.get("marked"))


def nobody_yet(observed):
    """Whether the first accounts may be made on a server that is still read-only."""
    return not recorded(observed) and not any(info.get("channels") or info.get("writable") for info in observed.values())


def follows(info, source, rows, observed, joiners):
    """Of a source that is refused nothing is taken either: what it alone has would spread."""
    return bool(info["reachable"] and observed.get(source, {}).get("reachable")
                and (rows[source]["action"] != "refuse" or source in joiners))


def accounts(values):
    """Users in mysql_accounts' terms: replication, monitoring, the applications."""
    flavour, tls = values["flavour"], values["tls"]
    own = [{"name": values["user"], "hosts": values["account_hosts"], "tls": tls, "privileges": {"*.*": REPLICATION[flavour]}},
           {"name": values["monitor_user"], "hosts": values["monitor_hosts"], "tls": tls, "privileges": MONITOR[flavour]}]
    return own + [{**{key: value for key, value in user.items() if key != "host"}, "hosts": [user.get("host", "%")]}
                  for user in values["users"]]


# --- Health ---------------------------------------------------------------------------


def limits(values):
    found = {"tls": values["tls"], "max_lag": values["max_lag_s"], "semi_sync": values["semi_sync"]}
    return dict(found, semi_sync=led.acknowledges(values)) if led.elsewhere(values) else found


def may_write(values, info):
    """What the member's own record says, or, where MMM leads, the server itself."""
    return info.get("writable") if led.elsewhere(values) else info.get("recorded")


def unfit(values):
    """Sentences on what the member alone shows, by its own record."""
    info = values["_info"]
    return member_problems(info, {"writable": may_write(values, info), "source": None, "action": "none"}, **limits(values))


def health(values):
    """{problems, state, writable}: the member as a part of the cluster, asked anew."""
    info, found = values["_info"], asked(values)
    row = found["topology"][values["inventory_hostname"]]
    state = row["role"] + (", replicates from %s" % row["source"] if row["source"] else "")
    if values["semi_sync"] and info.get("writable"):
        state += ", %s semi-synchronous replicas" % info["semi_sync"]["clients"]
    problems = member_problems(info, row, source=found["observed"].get(row["source"]), **limits(values)) + audit_problems(values)
    problems += collation_problems(values, found)
    return {"problems": problems, "state": state, "writable": row["writable"]}


def collation_problems(values, found):
    """What new tables get here and what those that are there have, against the writer's."""
    host, writer = values["inventory_hostname"], writer_of(found["topology"])
    told = {name: info["collation"] for name, info in found["observed"].items() if info.get("reachable") and info.get("collation")}
    listed = {name: one.get("collations") for name, one in registered(values, "table_list", default={}).items()}
    return collations.member_problems(host, told, writer, "mysql_replication_collation", "playbooks/mysql_replication.yml") + (
        tables.differences(host, writer, listed))


def unlike(values):
    """Whether members of this run have tables that differ in their collation, or some that others do not have yet."""
    return len({one["digest"] for one in registered(values, "tables", default={}).values() if one.get("digest")}) > 1


def audit_problems(values):
    """What accounts and binary logs of the member break, by module mysql_audit_info. Nothing of it heals by waiting."""
    audit = values.get("_audit") or {}
    found = []
    writers = read_only.writers(map(tuple, audit.get("ignoring_read_only") or []), values["administrators"])
    if writers:
        found.append("%s would write here though members are read-only, by %s: take that away, or name the account in "
                     "mysql_replication_administrators" % (", ".join(writers), " or ".join(read_only.ignoring(values["flavour"]))))
    logs = audit.get("binary_logs")
    if logs:
        bound = binary_logs.bound_mb(values["binlog_total_mb"], values["binlog_disk_percent"], logs.get("disk_mb"))
        name = "mysql_replication_binlog_" + ("total_mb" if values["binlog_total_mb"] else "disk_percent")
        found += binary_logs.problems(logs, bound, name)
    return found


# --- Seeding, backup, restore ---------------------------------------------------------


def seed(values):
    """The member's entry of mysql_seed_plan's result with its donor's address and port; wave -1 for one that is not seeded."""
    host = values["inventory_hostname"]
    mine = next((entry for entry in values["_seeds"] if entry["host"] == host), None)
    if mine is None:
        # Where a task runs is asked before whether it runs.
        return {"wave": -1, "refused": "", "donor": host, "keep_old": True, "because": "", "donor_address": "", "donor_port": 0}
    donor = mine["donor"]
    return dict(mine, donor_address=address_of(values, donor) if donor else "",
                donor_port=values["_observed"][donor]["port"] if donor else 0)


def backup(values):
    """{host, because, refused}: who is backed up, or why nobody can be."""
    chosen = dict(backup_source(observed_everywhere(values), values["backup_from"]))
    if not chosen["refused"] and chosen["host"] not in values["ansible_play_hosts"]:
        chosen["refused"] = ("%s is to be backed up and takes no part in this run: leave --limit out, or set mysql_replication_backup_from"
                             % chosen["host"])
    if not chosen["refused"] and values["backup_fetch"] and values["backup_compress"] == "none":
        chosen["refused"] = "mysql_replication_backup_fetch needs mysql_replication_backup_compress: zstd"
    return chosen


def restore(values):
    """{host, name, keep_old, refused}: which backup is restored where."""
    names = {member: (found or {}).get("names", []) for member, found in registered(values, "backups").items()}
    into, name = values["restore_into"], values["restore_backup"]
    chosen = choose_backup(names, name, into or values["restore_from"])
    plan = {"refused": "", "keep_old": True}
    if into:
        plan = into_plan(into, observed_everywhere(values), name, values["discard"])
    return dict(chosen, keep_old=plan["keep_old"], refused=plan["refused"] or chosen["refused"])


def restore_left(values):
    """What there is to know after a restore: whose data it is now, where the old data and a scratch server are."""
    result, into = values["_restore"]["result"], values["restore_into"]
    sentences = []
    if into:
        sentences.append("It is the data of %s now, which replicates from nobody: run playbooks/mysql_replication.yml. " % (
            values["inventory_hostname"]))
    if into and result["kept"]:
        sentences.append("What was there is in %s" % result["kept"])
    if result["socket"]:
        sentences.append("Its scratch server runs: %s --socket=%s" % (values["_own"]["client"], result["socket"]))
    return "".join(sentences)


# --- Moving the writer's part ---------------------------------------------------------


def places(values):
    """{member: what mysql_writer in check mode found about the address}."""
    return {member: place or {} for member, place in registered(values, "place").items()}


def switchover(values):
    """{against, gtid}: what stands against the candidate, and what it must have by then."""
    rows, found = values["_topology"], places(values)
    if led.elsewhere(values):
        return {"against": [led.refusal()], "gtid": None}
    against = switchover_problems(values["_observed"], rows, values["_candidate"], tls=values["tls"], max_lag=values["max_lag_s"],
                                  places=found)
    return {"against": against, "gtid": found.get(writer_of(rows), {}).get("gtid")}


def failover(values):
    """Sentences on what stands against taking the writer's part away."""
    if led.elsewhere(values):
        return [led.refusal()]
    answers = [answer or {} for answer in registered(values, "answers").values()]
    return failover_problems(values["_observed"], values["_topology"], answers, list(places(values).values()), values["_failover_dead"],
                             values["_lost"])


def fenced_gtid(values):
    """What a writer that answered had when it was fenced; empty when none did."""
    writer = writer_of(values["_topology"])
    return (registered(values, "fence", [writer])[writer] or {}).get("gtid") or ""


def choice(values):
    """candidate()'s result, asked of the members as they are since they drained their relay logs; `refused` says why nobody takes over,
    empty when somebody does."""
    writer, named = writer_of(values["_topology"]) or "", values["_failover_to"]
    before = observed_everywhere(values)
    since = {member: one["seen"] for member, one in registered(values, "drained").items() if one and one.get("seen")}
    found = candidate(
        {**before, **since}, [] if before.get(writer, {}).get("reachable") else [writer], [named, *values["sources"], *values["members"]],
        values["_given_up"], writer=writer, leaving=values["_failover_dead"])
    if not found["refused"] and named not in ("", found["best"]):
        why = next((one["because"] for one in found["ranked"] if one["member"] == named), "it is no living member")
        found["refused"] = "mysql_failover_to is %s, but %s. The best is %s." % (named, why, found["best"])
    return dict(found, refused=found["refused"] or "")
