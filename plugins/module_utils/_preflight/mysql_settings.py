# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of MariaDB and MySQL that role mysql_replication sets itself, or that break what it promises. Names of both servers."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._preflight import server_settings

# By the role's variable that sets it.
OWN = {
    "port": "port", "bind_address": "bind_address", "socket": "socket", "datadir": "datadir", "max_connections": "max_connections",
    "collation_server": "collation", "character_set_collations": "collation",
    "innodb_buffer_pool_size": "buffer_pool_mb", "innodb_log_file_size": "redo_log_mb",
    "innodb_redo_log_capacity": "redo_log_mb", "innodb_flush_log_at_trx_commit": "flush_log_at_trx_commit", "sync_binlog": "sync_binlog",
    "server_id": "server_id", "report_host": "address", "report_port": "port", "binlog_expire_logs_seconds": "binlog_days",
    "expire_logs_days": "binlog_days", "binlog_expire_logs_auto_purge": "binlog_days",
    "auto_increment_increment": "auto_increment_increment", "auto_increment_offset": "auto_increment_offset",
    "slow_query_log": "slow_query_s", "log_slow_query": "slow_query_s", "long_query_time": "slow_query_s",
    "log_slow_query_time": "slow_query_s", "ssl": "tls", "ssl_ca": "tls", "ssl_cert": "tls", "ssl_key": "tls",
    "require_secure_transport": "require_secure_transport", "gtid_domain_id": "gtid_domain_id", "slave_net_timeout": "net_timeout_s",
    "replica_net_timeout": "net_timeout_s", "slave_parallel_threads": "applier_threads", "slave_parallel_workers": "applier_threads",
    "replica_parallel_workers": "applier_threads", "open_files_limit": "open_files",
    "rpl_semi_sync_master_enabled": "semi_sync", "rpl_semi_sync_slave_enabled": "semi_sync", "rpl_semi_sync_source_enabled": "semi_sync",
    "rpl_semi_sync_replica_enabled": "semi_sync", "rpl_semi_sync_master_timeout": "semi_sync_timeout_ms",
    "rpl_semi_sync_source_timeout": "semi_sync_timeout_ms", "max_binlog_total_size": "binlog_total_mb",
    "binlog_space_limit": "binlog_total_mb",
}
_LOG = "a member without a binary log can be nobody's source"
_NAMES = "under another name of its logs a member would begin anew, and who replicates from it would miss rows"
_PASS_ON = "a member must pass on what it received"
_GTID = "positions are GTIDs here"
_STARTS = "every member starts read-only, and who may write is decided by what knows the writer"
_SKIP = "with errors skipped members differ and nobody notices"
_WAIT = "a commit is acknowledged only when a replica has it, and nobody sees it before"
_LEFT_OUT = ("what is not in the binary log no replica gets, and a failover would promote one without it",
             "keep such databases on a server of their own, or leave them out at one replica by replicate_ignore_db")
NEVER = {
    "log_bin": _LOG, "log_bin_index": _NAMES, "log_basename": _NAMES, "relay_log": _NAMES, "relay_log_index": _NAMES,
    "relay_log_info_file": _NAMES, "master_info_file": _NAMES,
    "binlog_do_db": _LEFT_OUT, "binlog_ignore_db": _LEFT_OUT,
    "log_slave_updates": _PASS_ON, "log_replica_updates": _PASS_ON,
    "gtid_mode": _GTID, "enforce_gtid_consistency": _GTID, "gtid_strict_mode": _GTID,
    "read_only": _STARTS, "super_read_only": _STARTS,
    "binlog_format": "rows are replicated, not statements", "relay_log_recovery": "a replica must survive a crash",
    "slave_connections_needed_for_purge": "with more than 0 the last member's binary logs are never removed",
    "relay_log_purge": "relay logs that nobody removes fill the disk",
    "innodb_doublewrite": "a crash in the middle of a page would destroy it",
    "slave_skip_errors": _SKIP, "replica_skip_errors": _SKIP, "slave_exec_mode": _SKIP, "replica_exec_mode": _SKIP,
    "slave_start": "a replica that was restarted would stand still", "replica_start": "a replica that was restarted would stand still",
    "slave_preserve_commit_order": "a replica with gaps could not be compared or promoted",
    "replica_preserve_commit_order": "a replica with gaps could not be compared or promoted",
    "replicate_same_server_id": "events would go round for ever between members that replicate each other",
    "rpl_semi_sync_master_wait_point": _WAIT, "rpl_semi_sync_source_wait_point": _WAIT,
    "rpl_semi_sync_master_wait_no_slave": _WAIT, "rpl_semi_sync_source_wait_no_replica": _WAIT,
    "server_id_bits": "server ids have 32 bits here",
    "character_set_server": ("it is utf8mb4, in which everything can be stored",
                             "give a database another one in mysql_replication_databases, such as {name: old, character_set: latin1}"),
    "performance_schema": "the state of replication is read from it",
}
_WSREP = "this cluster replicates by binary logs, Galera is role galera"


def problems(host, values):
    """Sentences without the host."""
    settings = values.get("mysql_replication_settings") or {}
    mariadb = values.get("mysql_replication_flavour") != "mysql"
    # MariaDB's role reads nothing of it.
    never = {name: reason for name, reason in NEVER.items() if not (mariadb and name == "performance_schema")}
    never.update((form, _WSREP) for name in settings for form in server_settings.forms(name) if form.startswith("wsrep_"))
    yield from server_settings.problems("mysql_replication_settings", settings, OWN, never)
    yield from filter_problems(host, values, settings)
    for name, value in settings.items():
        if "innodb_flush_method" in server_settings.forms(name) and "sync" in str(value).lower() and str(value).lower() != "fsync":
            yield ("mysql_replication_settings.%s is '%s': what is not synced is lost with the machine, write fsync or O_DIRECT." % (
                name, value))


def filter_problems(host, values, settings):
    """A replica may leave something out where nobody takes its data: failover does not promote one with filters."""
    filters = [name for name in settings if server_settings.meaning(name, server_settings.FILTERS)]
    if not filters:
        return
    place, sources = "mysql_replication_settings." + filters[0], values.get("mysql_replication_sources") or []
    followers = [member for member, found in (values.get("mysql_replication_registered") or {}).items()
                 if found.get("mysql_replication_replicate_from") == host and member != host]
    if host in sources:
        yield ("%s: this host is one of mysql_replication_sources, who must have everything: give filters to single replicas, in their "
               "host variables." % place)
    elif followers:
        yield "%s: %s replicates from this host and would lack the same: let it replicate from a member without filters." % (
            place, ", ".join(followers))
