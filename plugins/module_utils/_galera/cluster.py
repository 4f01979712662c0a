# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member's or an arbitrator's machine has, and what its part in a run is. Pure.

Every function takes the role's variables as the host sees them: `members` is galera_members, `_decided` the internal __galera_decided.
A variable is read only where it is needed, since some are registered late.
"""

from __future__ import annotations

import json

from ansible_collections.failover.stack.plugins.module_utils._galera.recovery import plan
from ansible_collections.failover.stack.plugins.module_utils._host.places import bracketed
from ansible_collections.failover.stack.plugins.module_utils._preflight.server_settings import value_of
from ansible_collections.failover.stack.plugins.module_utils._sql import collation as collations
from ansible_collections.failover.stack.plugins.module_utils._sql import tables
from ansible_collections.failover.stack.plugins.module_utils._sql.option_file import EXCHANGE, lines

AGENT = "/usr/local/libexec/failover-stack/agents/galera-check"
AGENT_UNIT = "failover-galera-agent.service"
AGENT_FILE = "/etc/systemd/system/" + AGENT_UNIT
# What a member asks before its server starts. Not beside the agent, which would restart with every new member.
START_FILE = "/etc/failover-galera/start.json"
GATE = "/usr/bin/python3 -BI %s/run.py _agents.galera_start %s" % (AGENT, START_FILE)
# Where it was before 0.5.0.
OLD_AGENT = "/usr/local/sbin/failover-galera-agent"
AGENT_RESTART_MS = 200
BACKUP_PRIVILEGES = "RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, REPLICA MONITOR"


def is_arbitrator(values):
    return values["inventory_hostname"] in values["arbitrators"]


def has_backup_user(values):
    return values["sst_method"] == "mariabackup"


def main_unit(values):
    return values["_arbitrator_unit"] if is_arbitrator(values) else values["_unit"]


def dropin(values):
    return "/etc/systemd/system/%s.d/failover.conf" % main_unit(values)


def server(values):
    """unit: the main process's. units: what shall run. size: how many vote. bad_verdicts: decisions that stop a run. at, hosts: the
    address, and those of the members by name, as they stand before a port. places: address and port of the members' group communication.
    donors: see there. settings: lines of an option file. doors: where a member's certificate is seen. listens: where clients are taken;
    narrow: ports that are not to be listened on everywhere."""
    hosts = {member: bracketed(values["member_addresses"][member]) for member in values["members"]}
    arbitrator, everybody = is_arbitrator(values), [*values["members"], *values["arbitrators"]]
    # What the main process reads at start. The list of members is not there: those that run learn of new ones from each other. A member is
    # told to take up other certificates (certificate_reload), nobody can tell an arbitrator.
    reads = [*([values["_arbitrator_config"], values["_tls_path"]] if arbitrator else [values["_config"]]), dropin(values)]
    # A member starts by joining, see apply.yml.
    main = {"name": main_unit(values), "state": "started" if arbitrator else "as_is", "enabled": True, "reads": reads}
    agent = {"name": AGENT_UNIT, "state": "started", "enabled": True, "reads": [AGENT, AGENT_FILE], "when_stale": "restarted"}
    return {
        "is_arbitrator": arbitrator, "is_leaving": values["inventory_hostname"] not in everybody, "size": len(everybody),
        "doors": [{"protocol": "mysql", "socket": values["_socket"]}, {"address": values["address"], "port": int(values["group_port"])}],
        "exchange": EXCHANGE, "listens": listens(values), "narrow": narrow(values), "gate": GATE, "unit": main_unit(values),
        "units": [main] if arbitrator else [main, agent], "agent_unit": AGENT_UNIT,
        "tls_group": values["_arbitrator_user"] if arbitrator else values["_user"],
        "has_backup_user": has_backup_user(values), "at": bracketed(values["address"]), "hosts": hosts,
        "donors": donors(values), "places": ["%s:%s" % (host, values["group_port"]) for host in hosts.values()],
        "settings": lines(values.get("settings")),
        # Members that still start after they were stopped are restarted by somebody else; check mode stops nobody.
        "bad_verdicts": ["refuse"] if values["ansible_check_mode"] else ["refuse", "settle"]}


def donors(values):
    """Whom a member asks for a whole copy, in this order. Where a release is not known it is taken for this member's own."""
    releases = {name: int(release or 0) for name, release in zip(values["members"], values["releases"])}
    host = values["inventory_hostname"]
    own = releases.get(host, 0)
    others = [name for name in reversed(values["members"]) if name != host]
    return sorted(others, key=lambda name: bool(own) and releases[name] > own)


def listens(values):
    """Where clients are taken. Not on the loopback unless that is asked for: a proxy of the machine's own may be there."""
    return list(dict.fromkeys([values["bind_address"], *values["more_addresses"]]))


def agent_places(values):
    """Members ask each other by their addresses, proxies where clients are taken."""
    found = listens(values)
    return ["*"] if "*" in found else list(dict.fromkeys([values["address"], *found]))


def narrow(values):
    """Clients may be taken everywhere, members never are. Transfers listen for their duration alone."""
    if is_arbitrator(values):
        return [int(values["group_port"])]
    taking = () if "*" in listens(values) else ("port", "agent_port")
    return [int(values[name]) for name in ("group_port", "ist_port", "sst_port", *taking)]


def agent_settings(values):
    """program_unit's options for the check agent."""
    arguments = [part for place in agent_places(values) for part in ("--address", place)]
    arguments += [
        "--port", values["agent_port"], "--socket", values["_socket"], "--user", values["_agent_user"],
        "--cache-ms", values["agent_cache_ms"], "--timeout-ms", values["agent_timeout_ms"], "--drain-file", values["_drain_file"]]
    return {
        "directory": AGENT, "description": "Tells proxies whether this Galera member takes clients",
        "arguments": arguments + (["--donor-serves"] if values["donor_serves"] else []), "user": values["_agent_user"],
        "restart_ms": AGENT_RESTART_MS}


def start(values):
    """What _agents/galera_start.py is told: who this is, where its data are, and where the agents of the others answer."""
    others = [bracketed(values["member_addresses"][member]) for member in values["members"] if member != values["inventory_hostname"]]
    return json.dumps({"name": values["inventory_hostname"], "datadir": values["_datadir"], "port": int(values["agent_port"]),
                       "others": others}, indent=1, sort_keys=True) + "\n"


def config(values):
    """Files, links and secrets in config_files' terms, with what checks them."""
    arbitrator = is_arbitrator(values)
    files = [{"path": dropin(values), "content": values["_contents.dropin"]}]
    if arbitrator:
        files.append({"path": values["_arbitrator_config"], "content": values["_contents.arbitrator"]})
    else:
        files += [
            {"path": values["_config"], "group": values["_user"], "mode": "0640", "content": values["_contents.server"]},
            {"path": values["_members_config"], "content": values["_contents.members"]},
            {"path": START_FILE, "content": start(values)},
            {"path": AGENT_FILE, "content": values["_contents.agent_unit"]}, *values["_contents.program"]]
    return {
        "files": files, "absent": [OLD_AGENT],
        "directories": [] if arbitrator else [{"path": EXCHANGE, "owner": values["_user"], "group": values["_user"], "mode": "0750"}],
        "links": [] if arbitrator else [{"path": "/etc/systemd/system/" + values["_socket_unit"], "target": "/dev/null"}],
        "secrets": {"sst_password": values["sst_password"]} if has_backup_user(values) and not arbitrator else {},
        "validate": [] if arbitrator else [values["_checker"]]}


def accounts(values):
    """Users in mysql_accounts' terms."""
    backup = {"name": values["sst_user"], "hosts": ["localhost"], "privileges": {"*.*": BACKUP_PRIVILEGES}}
    return ([backup] if has_backup_user(values) else []) + list(values["users"])


def passwords(values):
    given = values.get("user_passwords") or {}
    return {**given, values["sst_user"]: values["sst_password"]} if has_backup_user(values) else dict(given)


def recovery(members, infos, alive=None, bootstrap_from="", discard=None, leaving=None):
    """The decision; only hosts in `alive` are taken as read, whatever an earlier run left of the others."""
    found = dict(zip([*members, *(leaving or [])], infos))
    known = {name: info for name, info in found.items() if alive is None or name in alive}
    accepted = discard.split(",") if isinstance(discard, str) else list(discard or [])
    return plan(members, known, bootstrap_from or "", [name.strip() for name in accepted if name.strip()], leaving or [])


def decision(values):
    """The same at every member, as it is made from what all of them returned."""
    return recovery(values["members"], values["infos"], alive=values["ansible_play_hosts"], bootstrap_from=values["bootstrap_from"],
                    discard=values["discard"], leaving=values["leaving_members"])


def collation(values):
    """See _sql/collation.py's carried_out(). Who runs tells; of a cluster that is down nobody is asked, and nothing is said anew."""
    told = dict(zip([*values["members"], *values["leaving_members"]], values["infos"]))
    members = {name: collations.told(info["variables"]) for name, info in told.items()
               if info.get("running") and name in values["ansible_play_hosts"]}
    # In another character set this one's collation would keep a server from starting.
    new = values["_decided"]["new"] and value_of("character_set_server", values.get("settings"), "utf8mb4") == "utf8mb4"
    decided = collations.decide(values["collation"], members, list(members), new, "galera_collation")
    return collations.carried_out(decided, values["_collation_config"], values["_collation_checker"])


def seen_tables(values, name):
    """{member: what mysql_tables_info returned}, of members of this run that were asked; name: tables or table_list."""
    found = {member: values["registered"].get(member, {}).get("__galera_" + name) or {} for member in values["members"]
             if member in values["ansible_play_batch"]}
    return {member: one for member, one in found.items() if one.get("digest")}


def unlike(values):
    """Whether members of this run have tables that differ in their collation, or some that others do not have yet."""
    return len({one["digest"] for one in seen_tables(values, "tables").values()}) > 1


def collation_problems(values):
    """What new tables get here and what those that are there have, against the first member of this run."""
    host, seen = values["inventory_hostname"], seen_tables(values, "tables")
    first = next(iter(seen), "")
    listed = {name: one.get("collations") for name, one in seen_tables(values, "table_list").items()}
    return collations.member_problems(host, {name: one["collation"] for name, one in seen.items()}, first, "galera_collation",
                                      "playbooks/galera.yml") + tables.differences(host, first, listed)


def spokesman(values):
    """Accounts are made on one member, Galera carries them to the others; empty for nobody."""
    decided = values["_decided"]
    if decided["bootstrap"]:
        return decided["bootstrap"]
    rows = [row for key in ("synced", "primary") for row in decided["table"] if row[key]]
    return next((row["member"] for row in rows if row["member"] in values["members"]), "")


def stray_arbitrator(values):
    """Whether an arbitrator's process has to begin anew for its vote to count.

    garbd (galera-4 26.4.23) that ran on while all data members were stopped never joins the component that is bootstrapped after that,
    though it goes on running. Where one lives, it is without an arbitrator when fewer vote than its members and the arbitrators that were
    reached.
    """
    decided, reached = values["_decided"], values["ansible_play_hosts"]
    if decided["bootstrap"]:
        return not decided["new"] and decided["bootstrap"] in reached
    alive = {row["member"] for row in decided["table"] if row["primary"]}
    if decided["verdict"] != "primary" or not alive:
        return False
    told = dict(zip([*values["members"], *values["leaving_members"]], values["infos"]))
    voting = max(int(told[name].get("status", {}).get("wsrep_cluster_size") or 0) for name in alive)
    return 0 < voting < len(alive) + len([name for name in values["arbitrators"] if name in reached])


def joining(values):
    """{later, timeout, after}. Nobody uses a cluster that has just been made of empty members: whoever says that it waits later may let
    them join meanwhile. A joiner then waits for its donor, who copies to one at a time, and for those before it (after: their addresses): a
    donor that has just joined itself lacks what was ordered meanwhile, and Galera takes it nevertheless."""
    later = bool(values.get("site_waits_for_galera") and values["_decided"]["new"] and not values["ansible_check_mode"])
    host, joiners = values["inventory_hostname"], values["_decided"]["join"] if later else []
    before = joiners[:joiners.index(host)] if host in joiners else []
    return {"later": later, "timeout": int(values["join_s"]) * (len(values["members"]) if later else 1),
            "after": [values["member_addresses"][member] for member in before]}
