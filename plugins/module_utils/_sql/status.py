# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says about itself, the same words for MariaDB and MySQL. The functions that take rows are pure."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._sql import collation
from ansible_collections.failover.stack.plugins.module_utils._sql.beginning import EVENTS, marked, strangers
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import Failure, dialect_of
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import parse_position, parse_state, union

VARIABLES = (
    "version", "version_comment", "server_id", "server_uid", "server_uuid", "hostname", "port", "datadir", "report_host", "read_only",
    "super_read_only", "log_bin", "log_slave_updates", "log_replica_updates", "binlog_format", "gtid_domain_id", "gtid_strict_mode",
    "gtid_binlog_pos", "gtid_slave_pos", "gtid_current_pos", "gtid_binlog_state", "gtid_mode", "enforce_gtid_consistency",
    "gtid_executed", "gtid_purged", "have_ssl", "tls_version", "auto_increment_increment", "auto_increment_offset", "wsrep_on",
    "rpl_semi_sync_master_enabled", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_master_timeout", "rpl_semi_sync_master_wait_point",
    "rpl_semi_sync_source_enabled", "rpl_semi_sync_replica_enabled", "rpl_semi_sync_source_timeout", "rpl_semi_sync_source_wait_point",
    *collation.VARIABLES,
)
SYSTEM_DATABASES = frozenset(["mysql", "information_schema", "performance_schema", "sys", "lost+found", "innodb"])
FILTERS = ("do_db", "ignore_db", "do_table", "ignore_table", "wild_do_table", "wild_ignore_table")
USING_GTID = {"no": "none", "slave_pos": "slave_pos", "current_pos": "current_pos"}
RECEIVER = {"yes": "running", "connecting": "connecting", "preparing": "connecting", "no": "stopped"}
# How much of the newest binary logs is searched to name errant transactions.
BYTES_TO_SEARCH = 32 << 20
# Enough to see what they are; a thousand of them hide the sentence they stand in.
MOST_LISTED = 20
DENIED = (1044, 1045, 1142, 1227, 3999)


def on(value):
    return str(value).upper() in ("ON", "1", "YES", "TRUE")


def number(value):
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def pick(row, *names, default=""):
    """The first of these columns that the row has."""
    for name in names:
        if row.get(name) is not None:
            return row[name]
    return default


def numbers(text):
    return [int(word) for word in re.findall(r"\d+", str(text or ""))]


def words(text):
    return [word for word in str(text or "").split(",") if word]


def rewrites(text):
    """MariaDB: from->to,...  MySQL: (from,to),..."""
    text = str(text or "")
    pairs = re.findall(r"\(([^,]*),([^)]*)\)", text) if text.startswith("(") else [
        word.split("->", 1) for word in text.split(",") if "->" in word]
    return [{"from": old.strip(), "to": new.strip()} for old, new in pairs]


def filters_of(row):
    result = {name: words(row.get("Replicate_" + {
        "do_db": "Do_DB", "ignore_db": "Ignore_DB", "do_table": "Do_Table", "ignore_table": "Ignore_Table",
        "wild_do_table": "Wild_Do_Table", "wild_ignore_table": "Wild_Ignore_Table"}[name])) for name in FILTERS}
    result["rewrite_db"] = rewrites(row.get("Replicate_Rewrite_DB"))
    return result


def threads(row):
    """State of the two threads, whichever names the columns bear."""
    error, applier = number(row.get("Last_IO_Errno")) or 0, number(row.get("Last_SQL_Errno")) or 0
    return {
        "receiver": RECEIVER.get(str(pick(row, "Slave_IO_Running", "Replica_IO_Running")).lower(), "stopped"),
        "receiver_state": pick(row, "Slave_IO_State", "Replica_IO_State"),
        "receiver_errno": error,
        "receiver_error": str(row.get("Last_IO_Error") or ""),
        "applier": "running" if str(pick(row, "Slave_SQL_Running", "Replica_SQL_Running")).lower() == "yes" else "stopped",
        "applier_state": pick(row, "Slave_SQL_Running_State", "Replica_SQL_Running_State"),
        "applier_errno": applier,
        "applier_error": str(row.get("Last_SQL_Error") or ""),
        "lag": number(pick(row, "Seconds_Behind_Master", "Seconds_Behind_Source", default=None)),
    }


def common(row):
    """Columns that SHOW ... STATUS has in both, 'Master' in one and 'Source' in the other."""
    def column(name, default=""):
        return pick(row, "Master_" + name, "Source_" + name, default=default)

    return {
        "source_host": column("Host"),
        "source_port": number(column("Port")),
        "source_user": column("User"),
        "source_server_id": number(column("Server_Id")) or 0,
        "source_uuid": row.get("Source_UUID") or "",
        "source_log_file": column("Log_File"),
        "source_log_pos": number(pick(row, "Read_Master_Log_Pos", "Read_Source_Log_Pos")) or 0,
        "applied_log_file": pick(row, "Relay_Master_Log_File", "Relay_Source_Log_File"),
        "applied_log_pos": number(pick(row, "Exec_Master_Log_Pos", "Exec_Source_Log_Pos")) or 0,
        "connect_retry": number(row.get("Connect_Retry")),
        "delay": number(row.get("SQL_Delay")) or 0,
        "ssl": str(column("SSL_Allowed")).lower() in ("yes", "ignored"),
        "ssl_ca": column("SSL_CA_File"),
        "ssl_capath": column("SSL_CA_Path"),
        "ssl_cert": column("SSL_Cert"),
        "ssl_key": column("SSL_Key"),
        "ssl_cipher": column("SSL_Cipher"),
        "ssl_crl": column("SSL_Crl"),
        "ssl_crlpath": column("SSL_Crlpath"),
        "ssl_verify_server_cert": on(column("SSL_Verify_Server_Cert")),
        "ignore_server_ids": numbers(row.get("Replicate_Ignore_Server_Ids")),
        "filters": filters_of(row),
        "relay_log_space": number(row.get("Relay_Log_Space")) or 0,
    }


def mariadb_channel(row):
    """A row of SHOW ALL SLAVES STATUS."""
    channel = {"channel": row.get("Connection_name") or ""}
    channel.update(common(row))
    channel.update({
        "gtid": USING_GTID.get(str(row.get("Using_Gtid")).lower(), "none"),
        "received": row.get("Gtid_IO_Pos") or "",
        "heartbeat_period": float(row.get("Slave_heartbeat_period") or 0),
        "retry_count": number(row.get("Connects_Tried")) if "Master_Retry_Count" not in row else number(row["Master_Retry_Count"]),
        "do_domain_ids": numbers(row.get("Replicate_Do_Domain_Ids")),
        "ignore_domain_ids": numbers(row.get("Replicate_Ignore_Domain_Ids")),
    })
    channel.update(threads(row))
    return channel


def mysql_channel(row, configuration=None):
    """A row of SHOW REPLICA STATUS with its row of performance_schema.replication_connection_configuration."""
    configuration = {key.upper(): value for key, value in (configuration or {}).items()}
    channel = {"channel": row.get("Channel_Name") or ""}
    channel.update(common(row))
    channel.update({
        "gtid": "auto_position" if on(row.get("Auto_Position")) else "none",
        "received": (row.get("Retrieved_Gtid_Set") or "").replace("\n", ""),
        "heartbeat_period": float(configuration["HEARTBEAT_INTERVAL"]) if configuration.get("HEARTBEAT_INTERVAL") is not None else None,
        "retry_count": number(pick(row, "Source_Retry_Count", default=None)),
        "bind": row.get("Source_Bind") or "",
        "tls_version": row.get("Source_TLS_Version") or "",
        "tls_ciphersuites": configuration.get("TLS_CIPHERSUITES"),
        "source_public_key_path": row.get("Source_public_key_path") or "",
        "get_source_public_key": on(row.get("Get_Source_public_key")),
        "compression_algorithms": configuration.get("COMPRESSION_ALGORITHM") or "",
        "zstd_compression_level": number(configuration.get("ZSTD_COMPRESSION_LEVEL")),
        "gtid_only": on(configuration.get("GTID_ONLY")),
    })
    channel.update(threads(row))
    return channel


def semi_sync_of(variables, status):
    """status: rows of SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync%' as a dictionary."""
    def variable(side, name=""):
        return variables.get("rpl_semi_sync_%s_%s" % (side, name))

    def state(side, name):
        return status.get("Rpl_semi_sync_%s_%s" % (side, name))

    source = "source" if variable("source", "enabled") is not None else "master"
    replica = "replica" if variable("replica", "enabled") is not None else "slave"
    return {
        "source_enabled": on(variable(source, "enabled")),
        "replica_enabled": on(variable(replica, "enabled")),
        "source_active": on(state(source, "status")),
        "replica_active": on(state(replica, "status")),
        "clients": number(state(source, "clients")) or 0,
        "timeout_ms": number(variable(source, "timeout")),
        "wait_point": variable(source, "wait_point") or "",
        "acknowledged": number(state(source, "yes_tx")) or 0,
        "unacknowledged": number(state(source, "no_tx")) or 0,
    }


def gtid_of(dialect, variables):
    """executed: all the server has; state: for MariaDB the last of each server in each domain."""
    if dialect == "mysql":
        executed = compacted(variables.get("gtid_executed"))
        purged = compacted(variables.get("gtid_purged"))
        mode = str(variables.get("gtid_mode") or "OFF").upper()
        return {"enabled": mode == "ON", "mode": mode, "strict": variables.get("enforce_gtid_consistency") == "ON",
                "domain_id": None, "executed": executed, "binlog": executed, "slave": "", "current": executed, "state": "",
                "purged": purged}
    binlog, slave = compacted(variables.get("gtid_binlog_pos")), compacted(variables.get("gtid_slave_pos"))
    return {"enabled": True, "mode": "ON", "strict": on(variables.get("gtid_strict_mode")),
            "domain_id": number(variables.get("gtid_domain_id")),
            "executed": union(binlog, slave), "binlog": binlog, "slave": slave, "current": compacted(variables.get("gtid_current_pos")),
            "state": compacted(variables.get("gtid_binlog_state")), "purged": None}


def compacted(text):
    return re.sub(r"\s+", "", text or "")


def identity(variables):
    """The part of the observed information that global variables tell."""
    dialect, version = dialect_of(variables.get("version", ""))
    read_only, super_read_only = on_read_only(variables.get("read_only")), on_read_only(variables.get("super_read_only"))
    gtid = gtid_of(dialect, variables)
    gtid["server_id"] = number(variables.get("server_id"))
    return {
        "reachable": True, "dialect": dialect, "version": "%d.%d.%d" % version, "version_full": variables.get("version", ""),
        "server_id": gtid["server_id"], "server_uuid": variables.get("server_uuid") or variables.get("server_uid") or "",
        "hostname": variables.get("hostname") or "", "port": number(variables.get("port")), "datadir": variables.get("datadir") or "",
        "read_only": read_only, "super_read_only": super_read_only, "writable": not (read_only or super_read_only),
        "log_bin": on(variables.get("log_bin")),
        "log_replica_updates": on(variables.get("log_replica_updates", variables.get("log_slave_updates"))),
        "binlog_format": variables.get("binlog_format") or "",
        "auto_increment": {"increment": number(variables.get("auto_increment_increment")),
                           "offset": number(variables.get("auto_increment_offset"))},
        # MySQL 8.4 and newer have no have_ssl: they always have TLS unless the versions are empty.
        "tls": variables["have_ssl"] == "YES" if "have_ssl" in variables else bool(variables.get("tls_version")),
        "galera": on(variables.get("wsrep_on", "OFF")), "collation": collation.told(variables), "gtid": gtid,
    }


def on_read_only(value):
    """MariaDB 12 knows more than ON and OFF."""
    return str(value if value is not None else "OFF").upper() not in ("OFF", "0")


def first_gtid(events):
    """The first GTID among rows of SHOW BINLOG EVENTS, as (domain, server, sequence)."""
    for row in events:
        if row.get("Event_type") == "Gtid":
            found = re.search(r"(\d+)-(\d+)-(\d+)", str(row.get("Info")))
            if found:
                return tuple(int(word) for word in found.groups())
    return None


def within(events, spans):
    """The GTIDs among rows of SHOW BINLOG EVENTS that lie in one of the spans `domain-server-first..last`."""
    wanted = {}
    for domain, server, first, last in re.findall(r"(\d+)-(\d+)-(\d+)(?:\.\.(\d+))?", spans):
        wanted[domain, server] = (int(first), int(last or first))
    result = []
    for row in events:
        found = re.search(r"(\d+)-(\d+)-(\d+)", str(row.get("Info"))) if row.get("Event_type") == "Gtid" else None
        first, last = wanted.get(found.groups()[:2], (1, 0)) if found else (1, 0)
        if found and first <= int(found.group(3)) <= last:
            result.append(found.group(0))
    return result


def purged_mariadb(start, first):
    """What came before the oldest binary log: its list of GTIDs, or what the first GTID of a seeded server betrays."""
    if not start and first and first[2] > 1:
        return "%d-%d-%d" % (first[0], first[1], first[2] - 1)
    return compacted(start)


def seeded_domains(gtid):
    """Domains that were replicated or copied, but never stood in a binary log of this server."""
    logged = {domain for domain, _server in parse_state(gtid["state"])}
    return sorted(set(parse_position(gtid["slave"])) - logged)


# --- Reading ---------------------------------------------------------------------


def tolerant(server, statement, values=()):
    """Rows, or None when this user may not ask."""
    try:
        return server.rows(statement, values)
    except Failure as failure:
        if failure.code in DENIED:
            return None
        raise


def check_version(info):
    """A sentence when the server is too old for these modules."""
    version = tuple(int(word) for word in info["version"].split("."))
    if info["dialect"] == "mysql" and version < (8, 0, 23):
        return "MySQL %s is too old: 8.0.23 or newer is needed." % info["version"]
    if info["dialect"] == "mariadb" and version < (10, 5, 1):
        return "MariaDB %s is too old: 10.5.1 or newer is needed." % info["version"]
    return None


def read_identity(server):
    info = identity(server.variables(*VARIABLES))
    trouble = check_version(info)
    if trouble:
        raise Failure(trouble)
    return info


def read_channels(server, dialect):
    if dialect == "mariadb":
        return [mariadb_channel(row) for row in server.rows("SHOW ALL SLAVES STATUS")]
    status = server.rows("SHOW REPLICA STATUS")
    rows = tolerant(server, "SELECT * FROM performance_schema.replication_connection_configuration") if status else []
    by_name = {row["CHANNEL_NAME"]: row for row in rows or []}
    return [mysql_channel(row, by_name.get(row.get("Channel_Name") or "")) for row in status]


def read_replicas(server, dialect):
    """The replicas that are connected to this server; None when this user may not see them."""
    rows = tolerant(server, "SHOW SLAVE HOSTS" if dialect == "mariadb" else "SHOW REPLICAS")
    return None if rows is None else [
        {"server_id": number(row.get("Server_id", row.get("Server_Id"))), "host": row.get("Host") or "",
         "port": number(row.get("Port")), "server_uuid": row.get("Replica_UUID") or ""} for row in rows]


def read_info(server):
    """All of the observed information."""
    info = read_identity(server)
    dialect = info["dialect"]
    info["channels"] = read_channels(server, dialect)
    status = {row["Variable_name"]: row["Value"] for row in server.rows("SHOW GLOBAL STATUS LIKE %s", ["Rpl_semi_sync%"])}
    names = server.variables(*[name for name in VARIABLES if name.startswith("rpl_semi")])
    info["semi_sync"] = semi_sync_of(names, status)
    info["replicas"] = read_replicas(server, dialect)
    read_databases(server, info)
    read_binary_log(server, info)
    return info


def read_databases(server, info):
    """Who may not see `mysql` may not see others either: then it is not known whether the server is blank."""
    names = [row["Database"] for row in server.rows("SHOW DATABASES")]
    info["databases"] = sorted(name for name in names if name.lower() not in SYSTEM_DATABASES) if "mysql" in names else None
    info["blank"] = None if info["databases"] is None else not info["databases"]
    info["pristine"] = info["blank"]
    if info["blank"]:
        accounts = tolerant(server, "SELECT User, Host FROM mysql.user")
        info["pristine"] = None if accounts is None else not strangers(accounts)


def read_binary_log(server, info):
    """Position, what the log leaves out, and whether an empty server could follow from the logs alone."""
    info["binary_log"], info["log_filters"], gtid = None, {"do_db": [], "ignore_db": []}, info["gtid"]
    gtid["complete"] = None if info["dialect"] == "mariadb" else not gtid["purged"] and gtid["enabled"]
    gtid["marked"] = None
    if not info["log_bin"]:
        gtid["complete"] = gtid["marked"] = False
        return
    modern = info["dialect"] == "mysql" and tuple(int(word) for word in info["version"].split(".")) >= (8, 2, 0)
    rows = tolerant(server, "SHOW BINARY LOG STATUS" if modern else "SHOW MASTER STATUS")
    if rows:
        info["binary_log"] = {"file": rows[0]["File"], "position": number(rows[0]["Position"])}
        info["log_filters"] = {"do_db": words(rows[0].get("Binlog_Do_DB")), "ignore_db": words(rows[0].get("Binlog_Ignore_DB"))}
    if info["dialect"] == "mysql" and not gtid["complete"]:
        return
    logs, events = [row["Log_name"] for row in tolerant(server, "SHOW BINARY LOGS") or []], {}

    def events_of(log):
        if log not in events:
            events[log] = tolerant(server, "SHOW BINLOG EVENTS IN %%s LIMIT %d" % EVENTS, [log]) or []
        return events[log]

    if logs and info["dialect"] == "mariadb":
        start = server.rows("SELECT BINLOG_GTID_POS(%s, 4) AS start", [logs[0]])[0]["start"]
        gtid["purged"] = purged_mariadb(start, first_gtid(events_of(logs[0])))
        gtid["complete"] = not gtid["purged"] and not seeded_domains(gtid)
    if gtid["complete"]:
        judge_beginning(info, marked(logs, events_of))


def judge_beginning(info, mark):
    """Of logs that go back to the first GTID: whether the server was empty then. See _sql/beginning.py."""
    gtid = info["gtid"]
    gtid["marked"] = mark
    filtered = any(info["log_filters"].values())
    gtid["complete"] = not filtered and (gtid["marked"] or bool(info["pristine"]))
    if info["blank"] is False and not gtid["executed"]:
        gtid["complete"] = False


def list_errant(server, dialect, spans):
    """MariaDB's spans as single transactions, as far as the newest binary logs have them and are not too long to be read."""
    if dialect != "mariadb" or not spans:
        return spans
    left, found = BYTES_TO_SEARCH, []
    for log in reversed(tolerant(server, "SHOW BINARY LOGS") or []):
        left -= number(log["File_size"]) or 0
        if left < 0:
            break
        found = within(tolerant(server, "SHOW BINLOG EVENTS IN %s", [log["Log_name"]]) or [], spans) + found
    more = " and %d more, all in %s" % (len(found) - MOST_LISTED, spans) if len(found) > MOST_LISTED else ""
    return ",".join(found[:MOST_LISTED]) + more or spans
