# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of MySQL replication must not contradict."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._preflight import Claim, address_of

PREFIX = "mysql_replication_"
SHORTEST_PASSWORD = 12
# The replication protocol takes no more, whatever the server's accounts may have.
LONGEST_PASSWORD = 32
LONGEST_NAME = {"mariadb": 80, "mysql": 32}
# Where ProtectHome and ProtectSystem leave a server nothing, or nothing to write.
CLOSED = ("/home", "/root", "/run/user", "/usr", "/etc", "/boot", "/proc", "/sys", "/dev", "/tmp")
# What the role sets itself, by the variable that says so; the others have none on purpose.
OWN_SETTINGS = {
    "port": "port", "bind_address": "bind_address", "socket": "socket", "datadir": "datadir", "max_connections": "max_connections",
    "collation_server": "collation", "innodb_buffer_pool_size": "buffer_pool_mb", "innodb_log_file_size": "redo_log_mb",
    "innodb_redo_log_capacity": "redo_log_mb", "innodb_flush_log_at_trx_commit": "flush_log_at_trx_commit", "sync_binlog": "sync_binlog",
    "server_id": "server_id", "report_host": "address", "report_port": "port", "binlog_expire_logs_seconds": "binlog_days",
    "expire_logs_days": "binlog_days", "auto_increment_increment": "auto_increment_increment",
    "auto_increment_offset": "auto_increment_offset", "slow_query_log": "slow_query_s", "long_query_time": "slow_query_s", "ssl": "tls",
    "ssl_ca": "tls", "ssl_cert": "tls", "ssl_key": "tls", "require_secure_transport": "require_secure_transport",
    "gtid_domain_id": "gtid_domain_id", "slave_net_timeout": "net_timeout_s", "replica_net_timeout": "net_timeout_s",
    "slave_parallel_threads": "applier_threads", "replica_parallel_workers": "applier_threads", "open_files_limit": "open_files",
    "rpl_semi_sync_master_enabled": "semi_sync", "rpl_semi_sync_slave_enabled": "semi_sync", "rpl_semi_sync_source_enabled": "semi_sync",
    "rpl_semi_sync_replica_enabled": "semi_sync", "rpl_semi_sync_master_timeout": "semi_sync_timeout_ms",
    "rpl_semi_sync_source_timeout": "semi_sync_timeout_ms",
}
NEVER_SETTINGS = {
    "log_bin": "a member without a binary log can be nobody's source",
    "skip_log_bin": "a member without a binary log can be nobody's source",
    "disable_log_bin": "a member without a binary log can be nobody's source",
    "log_slave_updates": "a member must pass on what it received", "log_replica_updates": "a member must pass on what it received",
    "gtid_mode": "positions are GTIDs here", "enforce_gtid_consistency": "positions are GTIDs here",
    "gtid_strict_mode": "positions are GTIDs here",
    "read_only": "every member starts read-only", "super_read_only": "every member starts read-only",
    "binlog_format": "rows are replicated, not statements", "relay_log_recovery": "a replica must survive a crash",
}


def of(values, name):
    return values.get(PREFIX + name)


def name_problems(host, values):
    """Members, sources and whom a host replicates from."""
    members, sources = of(values, "members") or [], of(values, "sources") or []
    group = of(values, "group")
    if host not in members:
        yield "%sgroup is '%s', which this host is no member of: name the group that is its cluster." % (PREFIX, group)
    if not sources:
        yield "%ssources is empty: name the member that takes the writes." % PREFIX
    if len(sources) > 2:
        yield "%ssources has %d names (%s): one source, or two that replicate each other." % (PREFIX, len(sources), ", ".join(sources))
    if len(set(sources)) != len(sources):
        yield "%ssources names %s twice: name each once." % (PREFIX, sources[0])
    for name in sources:
        if name not in members:
            yield "%ssources names '%s', which is not in group '%s' (%s): correct the name or add the host." % (
                PREFIX, name, group, ", ".join(members) or "empty")
    yield from upstream_problems(host, values, members, sources, group)


def upstream_problems(host, values, members, sources, group):
    upstream = of(values, "replicate_from")
    if not upstream:
        return
    where = "%sreplicate_from is '%s'" % (PREFIX, upstream)
    if upstream not in members:
        yield "%s, which is not in this host's cluster, group '%s' (%s): a replica follows a member of its own cluster." % (
            where, group, ", ".join(members) or "empty")
    elif upstream == host:
        yield "%s, the host itself: name another member or leave it out." % where
    elif host in sources:
        yield "%s, but this host is one of %ssources (%s): leave it out, or take the host out of the sources." % (
            where, PREFIX, ", ".join(sources))


def server_problems(host, values):
    server_id = of(values, "server_id")
    if server_id is not None and not 1 <= server_id <= 4294967295:
        yield ("%sserver_id is %s: set a number from 1 to 4294967295 (it is derived from %saddress, '%s', only where that is an IPv4 "
               "address)." % (PREFIX, server_id, PREFIX, of(values, "address")))
    for name, low, high in (("port", 1, 65535), ("memory_percent", 1, 95), ("binlog_days", 1, 3650), ("applier_threads", 0, 1024),
                            ("max_connections", 1, 100000), ("auto_increment_increment", 1, 65535), ("auto_increment_offset", 1, 65535),
                            ("heartbeat_s", 1, 4294967), ("certificate_days", 60, 36500), ("connect_retry_s", 1, 86400),
                            ("semi_sync_timeout_ms", 1, 4294967295)):
        number = of(values, name)
        if number is not None and not low <= number <= high:
            yield "%s%s is %s: set a number from %d to %d." % (PREFIX, name, number, low, high)
    heartbeat, silence = of(values, "heartbeat_s"), of(values, "net_timeout_s")
    if heartbeat and silence and silence < 2 * heartbeat:
        yield "%snet_timeout_s is %s with a heartbeat every %s s: a replica would leave a living source, set at least %s." % (
            PREFIX, silence, heartbeat, 2 * heartbeat)


def datadir_problems(host, values):
    path = of(values, "datadir")
    if not path:
        return
    if not str(path).startswith("/") or path == "/":
        yield "%sdatadir is '%s': give an absolute path of a directory." % (PREFIX, path)
    for closed in CLOSED:
        if path == closed or str(path).startswith(closed + "/"):
            yield "%sdatadir is %s: the server's unit may not write beneath %s, choose another place, for example /srv/mysql." % (
                PREFIX, path, closed)


def settings_problems(host, values):
    for name in of(values, "settings") or {}:
        plain = str(name).replace("-", "_")
        stem = re.sub(r"^(loose|skip|enable|disable)_", "", plain)
        if plain in NEVER_SETTINGS or stem in NEVER_SETTINGS:
            yield "%ssettings sets %s: %s, take it out." % (PREFIX, name, NEVER_SETTINGS.get(plain) or NEVER_SETTINGS[stem])
        elif stem in OWN_SETTINGS:
            yield "%ssettings sets %s: set %s%s instead." % (PREFIX, name, PREFIX, OWN_SETTINGS[stem])
        elif not re.match(r"^[A-Za-z][A-Za-z0-9_.-]*$", str(name)):
            yield "%ssettings has the name '%s': write a server variable." % (PREFIX, name)
        if "\n" in str(of(values, "settings")[name]):
            yield "%ssettings.%s has a line break: one value a name." % (PREFIX, name)


def dual_problems(host, values):
    sources = of(values, "sources") or []
    if len(sources) < 2:
        return
    increment, offset = of(values, "auto_increment_increment"), of(values, "auto_increment_offset")
    if increment is not None and increment < len(sources):
        yield "%sauto_increment_increment is %s with two sources (%s): both would give out the same numbers, set at least %d." % (
            PREFIX, increment, ", ".join(sources), len(sources))
    if increment is not None and offset is not None and offset > increment:
        yield "%sauto_increment_offset is %s, more than auto_increment_increment, %s: the server would ignore it." % (
            PREFIX, offset, increment)


def tls_problems(host, values):
    if of(values, "tls") is False:
        if of(values, "require_secure_transport"):
            yield "%srequire_secure_transport is true, but %stls is false: nobody could connect, set %stls to true." % ((PREFIX,) * 3)
        for user in of(values, "users") or []:
            if user.get("tls"):
                yield "%susers: '%s' must come with TLS, but %stls is false: set that to true." % (PREFIX, user.get("name"), PREFIX)


def password_problems(host, values):
    for name in ("password", "monitor_password"):
        yield from one_password(PREFIX + name, of(values, name))
    flavour = of(values, "flavour") or "mariadb"
    passwords = of(values, "passwords") or {}
    taken = {of(values, "user"): PREFIX + "user", of(values, "monitor_user"): PREFIX + "monitor_user"}
    if of(values, "user") and of(values, "user") == of(values, "monitor_user"):
        yield "%suser and %smonitor_user are both '%s': give each its own name, their privileges differ." % (
            PREFIX, PREFIX, of(values, "user"))
    for position, user in enumerate(of(values, "users") or []):
        where, name = "%susers[%d]" % (PREFIX, position), str(user.get("name"))
        if name in taken:
            yield "%s.name is '%s', which is %s: choose another name." % (where, name, taken[name])
        if not re.match(r"^[A-Za-z0-9_.-]{1,%d}$" % LONGEST_NAME.get(flavour, 32), name):
            yield "%s.name is '%s': use letters, digits and . _ - only, %d at most." % (where, name, LONGEST_NAME.get(flavour, 32))
        if not passwords.get(name):
            yield "%spasswords has none for '%s' (%s): name it there." % (PREFIX, name, where)
        yield from privilege_problems(where, user)


def one_password(variable, password):
    if not password:
        yield "%s is missing: set it, %d to %d characters." % (variable, SHORTEST_PASSWORD, LONGEST_PASSWORD)
    elif not SHORTEST_PASSWORD <= len(str(password)) <= LONGEST_PASSWORD:
        yield "%s has %d characters: use %d to %d." % (variable, len(str(password)), SHORTEST_PASSWORD, LONGEST_PASSWORD)
    elif re.search(r"[^\x21-\x7e]", str(password)):
        yield "%s has blanks, control characters or letters outside ASCII: use others." % variable


def privilege_problems(where, user):
    for place, names in (user.get("privileges") or {}).items():
        if not re.match(r"^(\*|[^.`]+)\.(\*|[^.`]+)$", str(place)):
            yield "%s.privileges has the place '%s': write database.table, database.* or *.*." % (where, place)
        if not re.match(r"^[A-Za-z_ ]+(\([^)]*\))?( *, *[A-Za-z_ ]+(\([^)]*\))?)*$", str(names)):
            yield "%s.privileges['%s'] is '%s': write privileges, separated by commas." % (where, place, names)
        elif place == "*.*" and re.search(r"\bALL\b|\bSUPER\b|GRANT OPTION", str(names), re.I):
            yield "%s.privileges['*.*'] is '%s', which makes an administrator: name the privileges it needs." % (where, names)


def writer_problems(host, values):
    address = of(values, "writer_address")
    if not address:
        return
    try:
        interface = ipaddress.ip_interface(str(address))
    except ValueError:
        yield "%swriter_address is '%s': write an IPv4 address with its prefix length, such as 198.51.100.2/24." % (PREFIX, address)
        return
    if interface.version != 4 or "/" not in str(address):
        yield "%swriter_address is '%s': write an IPv4 address with its prefix length, such as 198.51.100.2/24." % (PREFIX, address)
        return
    if str(interface.ip) in [address_of(other) for other in of(values, "addresses") or []]:
        yield "%swriter_address is %s, which is a member's own address: choose a free one." % (PREFIX, interface.ip)
    own = address_of(of(values, "address"))
    if own and ipaddress.ip_address(own) not in interface.network:
        yield "%swriter_address is %s, but this host's %saddress, %s, is not in that network: correct address or prefix length." % (
            PREFIX, address, PREFIX, own)
    isolation, wait = of(values, "isolation_s"), of(values, "semi_sync_timeout_ms")
    if of(values, "semi_sync") and isolation and wait and isolation * 1000 >= wait:
        yield ("%sisolation_s is %s, not shorter than semi_sync_timeout_ms, %s: a writer that is cut off would acknowledge rows that "
               "nobody else has." % (PREFIX, isolation, wait))


RULES = (name_problems, server_problems, datadir_problems, settings_problems, dual_problems, tls_problems, password_problems,
         writer_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(host, values)]


def claims(host, values):
    """Server ids, AUTO_INCREMENT's places, what a cluster must have in common, and the writer address."""
    group = str(of(values, "group"))
    owner = "host %s" % host
    sources = of(values, "sources") or []
    made = [Claim("server id", str(of(values, "server_id")), owner, (
        "%s: %sserver_id is %s, which another server has: give each its own." % (host, PREFIX, of(values, "server_id"))))]
    if len(sources) > 1 and host in sources:
        for name in ("auto_increment_offset", "gtid_domain_id"):
            made.append(Claim("%s of %s" % (name, group), str(of(values, name)), owner, (
                "%s: %s%s is %s, which the other source has: give each its own." % (host, PREFIX, name, of(values, name)))))
    for name in ("flavour", "port", "tls", "sources", "writer_address", "semi_sync"):
        value = of(values, name)
        made.append(Claim("%s of %s" % (name, group), "all members", repr(value), (
            "%s: %s%s is %s, other members of group '%s' have another value: a cluster has one." % (
                host, PREFIX, name, shown(value), group))))
    address = of(values, "writer_address")
    if address:
        plain = str(address).split("/", maxsplit=1)[0]
        made.append(Claim("address", address_of(plain) or plain, "writer of %s" % group, (
            "%s: %swriter_address is %s, which somebody else has: choose a free one." % (host, PREFIX, plain))))
    return made


def shown(value):
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "empty"
    return str(value).lower() if isinstance(value, bool) else "'%s'" % value if value == "" else str(value)
