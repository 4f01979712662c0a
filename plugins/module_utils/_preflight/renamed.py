# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that have a new name: the old one counts for one minor release more, and whoever uses it is warned. Pure."""

from __future__ import annotations

import difflib

# By role: {old name: today's}. A key of a dictionary, or of each of a list's, has the variable before it.
RENAMED = {
    "apache_modjk": {
        "apache_modjk_applications.hsts_seconds": "hsts_s",
        "apache_modjk_applications.timeouts.recover_seconds": "recover_s",
        "apache_modjk_recover_seconds": "apache_modjk_recover_s",
        "apache_modjk_maintain_seconds": "apache_modjk_maintain_s",
        "apache_modjk_idle_connection_seconds": "apache_modjk_idle_connection_s",
        "apache_modjk_reload_pause_seconds": "apache_modjk_reload_pause_s",
        "apache_modjk_keepalive_timeout_seconds": "apache_modjk_keepalive_timeout_s",
        "apache_modjk_request_timeout_seconds": "apache_modjk_request_timeout_s",
        "apache_modjk_drain_seconds": "apache_modjk_drain_s",
        "apache_modjk_guard": "apache_modjk_watchdog",
        "apache_modjk_guard_witnesses": "apache_modjk_watchdog_witnesses",
        "apache_modjk_guard_interval_ms": "apache_modjk_watchdog_interval_ms",
        "apache_modjk_guard_silent_ms": "apache_modjk_watchdog_silent_ms",
        "apache_modjk_guard_stall_ms": "apache_modjk_watchdog_stall_ms",
    },
    "galera": {
        "galera_settle_seconds": "galera_settle_s",
        "galera_join_seconds": "galera_join_s",
        "galera_verify_seconds": "galera_verify_s",
        "galera_drain_seconds": "galera_drain_s",
        "galera_accept_loss": "galera_discard",
    },
    "haproxy": {
        "haproxy_frontends.hsts_seconds": "hsts_s",
        "haproxy_verify_seconds": "haproxy_verify_s",
        "haproxy_drain_seconds": "haproxy_drain_s",
    },
    "mysql_replication": {"mysql_replication_reseed": "mysql_replication_discard"},
    "rabbitmq_cluster": {
        "rabbitmq_cluster_stuck_seconds": "rabbitmq_cluster_stuck_s",
        "rabbitmq_cluster_consumer_timeout_seconds": "rabbitmq_cluster_consumer_timeout_s",
        "rabbitmq_cluster_statistics_seconds": "rabbitmq_cluster_statistics_s",
        "rabbitmq_cluster_start_seconds": "rabbitmq_cluster_start_s",
        "rabbitmq_cluster_verify_seconds": "rabbitmq_cluster_verify_s",
    },
    "tomcat_cluster": {
        "tomcat_cluster_restart_seconds": "tomcat_cluster_restart_s",
        "tomcat_cluster_stop_seconds": "tomcat_cluster_stop_s",
        "tomcat_cluster_start_timeout": "tomcat_cluster_start_timeout_s",
        "tomcat_cluster_state_transfer_seconds": "tomcat_cluster_state_transfer_s",
        "tomcat_cluster_guard": "tomcat_cluster_watchdog",
        "tomcat_cluster_guard_witnesses": "tomcat_cluster_watchdog_witnesses",
        "tomcat_cluster_guard_interval_ms": "tomcat_cluster_watchdog_interval_ms",
        "tomcat_cluster_guard_silent_ms": "tomcat_cluster_watchdog_silent_ms",
        "tomcat_cluster_guard_stall_ms": "tomcat_cluster_watchdog_stall_ms",
        "tomcat_cluster_guard_ask_ms": "tomcat_cluster_watchdog_ask_ms",
    },
}


def old_variables_in(role, variables):
    """(old name, today's) of the variables that are given; today's has what they are by its default."""
    return [(old, now) for old, now in RENAMED.get(role, {}).items() if old in variables]


def misspelt_in(role, variables, known):
    """(name, the one it looks like, True) of variables that nobody reads and that differ from one of the role's by a slip of the hand."""
    known = {*known, *RENAMED.get(role, {})}
    given = [name for name in variables if name.startswith(role + "_") and name not in known]
    # Without what all of them begin with, else any two would be alike.
    ends = [name[len(role):] for name in known if name.startswith(role + "_")] if given else []
    near = [(name, difflib.get_close_matches(name[len(role):], ends, 1, 0.85)) for name in given]
    return [(name, role + found[0], True) for name, found in near if found]


def with_todays_keys(role, values):
    """The values with today's keys in dictionaries, and (old name, today's) of those that had another."""
    found = []
    for path, now in RENAMED.get(role, {}).items():
        variable, *keys = path.split(".")
        if keys and variable in values:
            changed = renamed(values[variable], keys, now)
            if changed != values[variable]:
                found.append((path, now))
                values = dict(values, **{variable: changed})
    return values, found


def renamed(value, keys, now):
    """A value with its keys.[…].[-1] called `now`."""
    if isinstance(value, list):
        return [renamed(part, keys, now) for part in value]
    if not isinstance(value, dict) or keys[0] not in value:
        return value
    if len(keys) > 1:
        return dict(value, **{keys[0]: renamed(value[keys[0]], keys[1:], now)})
    return {now if key == keys[0] else key: of for key, of in value.items()}


def warnings(found):
    """One sentence for each old or misspelt name of [(host, (name, today's))], with all hosts that have it."""
    hosts, misspelt = {}, {}
    for host, names in found:
        (misspelt if len(names) > 2 else hosts).setdefault(names[:2], []).append(host)
    sentences = ["%s is no variable of the role (%s): if %s is meant, write that; if not, call it otherwise, nobody reads it." % (
        name, ", ".join(dict.fromkeys(those)), near) for (name, near), those in misspelt.items()]
    return sentences + ["%s is called %s now (%s): rename it in the inventory, the next minor release no longer knows the old name." % (
        old, now, ", ".join(dict.fromkeys(those))) for (old, now), those in hosts.items()]
