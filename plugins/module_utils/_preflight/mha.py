# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of MHA, and those of the cluster that it watches, must not contradict."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._preflight.core import address_of

PREFIX, CLUSTER = "mha_", "mysql_replication_"
SHORTEST, LONGEST = 12, 80
RANGES = {"ssh_port": (1, 65535), "ssh_connect_s": (1, 30), "ping_interval_s": (1, 60), "failover_interval_s": (0, 604800),
          "relay_purge_s": (60, 604800), "lost_s": (3, 3600), "heal_s": (5, 3600), "verify_s": (1, 3600)}
ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,31}")
OFF = ("0", "off", "false")


def of(values, name):
    return values.get(PREFIX + name)


def cluster(values):
    """(member, its variables of mysql_replication that are given)"""
    given = of(values, "databases") or {}
    return [(name, {key.removeprefix(CLUSTER): value for key, value in (given.get(name) or {}).items()})
            for name in of(values, "members") or []]


def group_problems(host, values):
    managers, members = of(values, "managers") or [], of(values, "members") or []
    group, candidates = of(values, "manager_group"), of(values, "candidates") or []
    if len(managers) != 1:
        yield "group '%s' has %s: MHA has one manager, since two would fail over against each other; leave one host in it." % (
            group, "%d hosts (%s)" % (len(managers), ", ".join(managers)) if managers else "no host")
    if host not in members + managers:
        yield "%sgroup is '%s', and this host is neither in it nor in '%s': correct the groups." % (PREFIX, of(values, "group"), group)
    unknown = [name for name in candidates if name not in members]
    if unknown:
        yield "%scandidates names %s, which is not in group '%s' (%s): correct the name." % (
            PREFIX, ", ".join(unknown), of(values, "group"), ", ".join(members) or "empty")
    if len(set(candidates) - set(unknown)) < 2:
        yield "%scandidates has %s: nobody could take over, name at least two members." % (
            PREFIX, ", ".join(name for name in candidates if name not in unknown) or "nobody")


def address_problems(_host, values):
    for name, address in [*zip(of(values, "members") or [], of(values, "addresses") or []),
                          *[(manager, of(values, "manager_address")) for manager in (of(values, "managers") or [])[:1]]]:
        plain = address_of(address)
        if plain is None or ":" in plain:
            yield "%s is reached at '%s': MHA was tried with IPv4 addresses alone, give one in %s." % (
                name, address, CLUSTER + "address" if name in (of(values, "members") or []) else PREFIX + "address")


def cluster_problems(host, values):
    """What MHA 0.58 cannot do, or would lose something with. A member tells of itself, the manager's host of all."""
    for member, given in cluster(values):
        if host in (of(values, "members") or []) and member != host:
            continue
        name = "it" if member == host else member
        if given.get("flavour") == "mysql":
            yield ("%s has %sflavour mysql: MHA 0.58 asks by SHOW SLAVE STATUS and CHANGE MASTER, which MySQL 8.4 and later have no more, "
                   "and by position where these have GTIDs: use MariaDB, or leave group '%s' empty." % (
                       name, CLUSTER, of(values, "manager_group")))
        if len(given.get("sources") or []) > 1:
            yield "%s has %ssources with %s: MHA knows one source, whose binary log all others read; name one." % (
                name, CLUSTER, " and ".join(given["sources"]))
        if given.get("replicate_from"):
            yield "%s has %sreplicate_from %s: MHA wants all replicas behind the writer itself, take it out." % (
                name, CLUSTER, given["replicate_from"])
        if given.get("semi_sync") is not True:
            yield ("%s has %ssemi_sync %s: rows that only a dead machine had would be lost, set it to true." % (
                name, CLUSTER, "off" if given.get("semi_sync") is False else "by its default, off"))
        if not given.get("writer_address"):
            yield "%s has no %swriter_address: MHA would move the writer's part, and clients would not follow; give one." % (name, CLUSTER)
        if given.get("require_secure_transport"):
            yield "%s has %srequire_secure_transport: MHA logs in without TLS, set it to false." % (name, CLUSTER)
        if str(given.get("failover") or "") == "automatic":
            yield ("%s has %sfailover automatic, and MHA is to fail over, too: two that move the writer's part work against each other, "
                   "leave one." % (name, CLUSTER))
        yield from settings_problems(name, given)


def settings_problems(name, given):
    settings = {str(key).lower().replace("-", "_"): value for key, value in (given.get("settings") or {}).items()}
    if "relay_log_purge" in settings and str(settings["relay_log_purge"]).lower() not in OFF:
        yield "%s has %ssettings.relay_log_purge %s: MHA needs relay logs that are applied, take it out." % (
            name, CLUSTER, settings["relay_log_purge"])
    for one in ("relay_log_info_file", "relay_log"):
        if one in settings:
            yield "%s has %ssettings.%s: MHA finds relay logs in the data directory alone, take it out." % (name, CLUSTER, one)


def account_problems(_host, values):
    user, password = of(values, "user"), of(values, "password")
    if user is not None and not ACCOUNT.fullmatch(str(user)):
        yield "%suser is '%s': use small letters, digits and _, and begin with a letter." % (PREFIX, user)
    for name, given in cluster(values)[:1]:
        for key, default in (("user", "replication"), ("monitor_user", "monitor")):
            if user == (given.get(key) or default):
                yield "%suser is '%s', which is %s%s of %s: give each its own name, their privileges differ." % (
                    PREFIX, user, CLUSTER, key, name)
    if not password:
        yield "%spassword is missing: set it, %d to %d characters." % (PREFIX, SHORTEST, LONGEST)
    elif not SHORTEST <= len(str(password)) <= LONGEST:
        yield "%spassword has %d characters: use %d to %d." % (PREFIX, len(str(password)), SHORTEST, LONGEST)
    elif re.search(r"[^\x21-\x7e]", str(password)):
        yield "%spassword has blanks, control characters or letters outside ASCII: use others." % PREFIX


def number_problems(_host, values):
    for name, (low, high) in RANGES.items():
        number = of(values, name)
        if number is not None and not low <= number <= high:
            yield "%s%s is %s: set a number from %d to %d." % (PREFIX, name, number, low, high)
    for path in of(values, "log_directories") or []:
        if not re.fullmatch(r"/[A-Za-z0-9_.+/-]+", str(path)):
            yield "%slog_directories has '%s': write absolute paths of letters, digits and _ . + -." % (PREFIX, path)


RULES = (group_problems, address_problems, cluster_problems, account_problems, number_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(host, values)]


def claims(_host, _values):
    return []
