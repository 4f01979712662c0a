# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of MySQL replication must not contradict."""

from __future__ import annotations

import ipaddress
import re

from ansible_collections.failover.stack.plugins.module_utils._host.listening import EVERYWHERE
from ansible_collections.failover.stack.plugins.module_utils._mysql.listening import everywhere, places
from ansible_collections.failover.stack.plugins.module_utils._mysql.replica import LONGEST_PASSWORD
from ansible_collections.failover.stack.plugins.module_utils._preflight import accounts, addresses, mysql_settings, sql_names
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening
from ansible_collections.failover.stack.plugins.module_utils._sql.binary_logs import LEAST_MB
from ansible_collections.failover.stack.plugins.module_utils._sql.collation import given_problem

PREFIX = "mysql_replication_"
SHORTEST_PASSWORD = 12
LONGEST_MONITOR = 256
# Where ProtectHome and ProtectSystem leave a server nothing, or nothing to write.
RECIPIENT = re.compile(r"^(age1[0-9a-z]{58}|ssh-(ed25519|rsa) [A-Za-z0-9+/=]{60,}( .*)?)$")
CLOSED = ("/home", "/root", "/run/user", "/usr", "/etc", "/boot", "/proc", "/sys", "/dev", "/tmp")


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


def address_problems(host, values):
    """Members reach each other by addresses: accounts are made for them, and the server resolves no names."""
    own, others = of(values, "address"), dict(zip(of(values, "members") or [], of(values, "addresses") or []))
    writer = of(values, "writer_address")
    yield from addresses.own_address(PREFIX + "address", own)
    # A host that is no member is told so, nothing else.
    others = others if host in others else {}
    yield from addresses.peer_addresses(host, PREFIX + "address", own, others, PREFIX + "bind_address")
    yield from bind_problems(values, own, writer)
    for one in of(values, "witnesses") or []:
        if address_of(one) is None:
            yield "%switnesses has '%s', which is no address: give one on the writer address's network." % (PREFIX, one)
        elif address_of(own) and (":" in str(one)) != (":" in str(own)):
            yield "%switnesses has %s, and this host's %saddress is %s: give one of the same family." % (PREFIX, one, PREFIX, own)
    for name in ("account_hosts", "monitor_hosts"):
        # By default they are the members' addresses, of which enough was said.
        given = [one for one in of(values, name) or [] if one not in others.values()]
        yield from addresses.account_hosts(PREFIX + name, given, of(values, "flavour") or "mariadb")
        yield from sql_names.host_problems(PREFIX + name, given)


def bind_problems(values, own, writer):
    """Where it listens. What is left empty the role works out."""
    bind, more = str(of(values, "bind_address") or ""), of(values, "more_addresses") or []
    listed = [one.strip() for one in bind.split(",")] if bind else []
    for one in listed:
        yield from addresses.bind_address(PREFIX + "bind_address", one)
    for one in more:
        if address_of(one) is None or one in EVERYWHERE:
            yield "%smore_addresses has '%s', which is no address: give one of this host's." % (PREFIX, one)
    if bind and more:
        yield "%sbind_address is %s, beside which %smore_addresses (%s) counts for nothing: leave one of them empty." % (
            PREFIX, bind, PREFIX, ", ".join(map(str, more)))
    if len(listed) > 1 and everywhere(listed):
        yield "%sbind_address is %s, and everywhere is not beside other addresses: write it alone." % (PREFIX, bind)
    elif bind == "0.0.0.0" and ":" in "%s%s" % (own, writer or ""):
        yield "%sbind_address is 0.0.0.0, and %s is an IPv6 address: write *." % (PREFIX, own if ":" in str(own) else writer)
    elif listed and not everywhere(listed):
        yield from moving_problems(values, bind, listed, own, writer)


def moving_problems(values, bind, listed, own, writer):
    """Addresses that the server has to take clients at, and that a list leaves out."""
    known = {address_of(one) for one in listed}
    for name, address in (("address", own), ("writer_address", str(writer or "").partition("/")[0])):
        if address_of(address) not in (None, *known):
            yield "%sbind_address is %s, without %s%s (%s): leave it empty, then the server listens there, too, or add it." % (
                PREFIX, bind, PREFIX, name, address)
    if of(values, "failover") == "mmm":
        yield "%sbind_address is %s, and failover is mmm, whose addresses of readers come and go: leave it empty or write *." % (
            PREFIX, bind)


def server_id_of(given, address):
    """What the member's default makes of its address; given: what it says itself."""
    if given is not None:
        return int(given) if str(given).isdigit() else given
    plain = address_of(address)
    return int(ipaddress.IPv4Address(plain)) if plain and ":" not in plain else None


def server_problems(host, values):
    server_id = of(values, "server_id")
    if server_id is not None and not 1 <= server_id <= 4294967295 and address_of(of(values, "address")):
        yield ("%sserver_id is %s: set a number from 1 to 4294967295 (it is derived from %saddress, '%s', only where that is an IPv4 "
               "address)." % (PREFIX, server_id, PREFIX, of(values, "address")))
    members, registered = of(values, "members") or [], of(values, "registered") or {}
    for name, address in zip(members, of(values, "addresses") or []):
        # Whatever --limit leaves out is looked at, too.
        there = server_id_of(registered.get(name, {}).get(PREFIX + "server_id"), address)
        if host in members and name != host and server_id and server_id == there:
            yield "%sserver_id is %s, which member %s has, too: give each its own." % (PREFIX, server_id, name)
    if of(values, "seed_port") is not None and of(values, "seed_port") == of(values, "port"):
        yield "%sseed_port is %s, the server's own port: choose another one." % (PREFIX, of(values, "port"))
    for name, low, high in (("port", 1024, 65535), ("seed_port", 1, 65535), ("memory_percent", 1, 95), ("binlog_days", 1, 3650),
                            ("binlog_disk_percent", 1, 90), ("applier_threads", 0, 1024),
                            ("max_connections", 1, 100000), ("auto_increment_increment", 1, 65535), ("auto_increment_offset", 1, 65535),
                            ("heartbeat_s", 1, 4294967), ("certificate_days", 60, 36500), ("connect_retry_s", 1, 86400),
                            ("semi_sync_timeout_ms", 1, 4294967295)):
        number = of(values, name)
        if number is not None and not low <= number <= high:
            yield "%s%s is %s: set a number from %d to %d." % (PREFIX, name, number, low, high)
    total = of(values, "binlog_total_mb")
    if total and total < LEAST_MB:
        yield "%sbinlog_total_mb is %s: set at least %d, or 0 for binlog_disk_percent." % (PREFIX, total, LEAST_MB)
    heartbeat, silence = of(values, "heartbeat_s"), of(values, "net_timeout_s")
    if heartbeat and silence and silence < 2 * heartbeat:
        yield "%snet_timeout_s is %s with a heartbeat every %s s: a replica would leave a living source, set at least %s." % (
            PREFIX, silence, heartbeat, 2 * heartbeat)


def datadir_problems(host, values):
    for name, example in (("datadir", "/srv/mysql"), ("binlog_directory", "/srv/binlog")):
        path = of(values, name)
        if path:
            yield from place_problems(PREFIX + name, str(path), example)
    data, logs = (str(of(values, name) or "").rstrip("/") for name in ("datadir", "binlog_directory"))
    if logs and (logs + "/").startswith(data + "/"):
        yield "%sbinlog_directory is %s, which is the data directory or inside of it: choose a directory beside it, or leave it out." % (
            PREFIX, logs)


def place_problems(variable, path, example):
    if not path.startswith("/") or path == "/":
        yield "%s is '%s': give an absolute path of a directory." % (variable, path)
    for closed in CLOSED:
        if path == closed or path.startswith(closed + "/"):
            yield "%s is %s: the server's unit may not write beneath %s, choose another place, for example %s." % (
                variable, path, closed, example)


def collation_problems(host, values):
    yield from given_problem(PREFIX + "collation", of(values, "collation"))


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
    if of(values, "tls") is False and of(values, "require_secure_transport"):
        yield "%srequire_secure_transport is true, but %stls is false: nobody could connect, set %stls to true." % ((PREFIX,) * 3)


def password_problems(host, values):
    flavour, settings = of(values, "flavour") or "mariadb", of(values, "settings")
    for name, account, longest in (("password", "user", LONGEST_PASSWORD.get(flavour, 32)),
                                   ("monitor_password", "monitor_user", LONGEST_MONITOR)):
        yield from one_password(PREFIX + name, of(values, name), longest)
        yield from accounts.password_problems(PREFIX + name, of(values, account), of(values, name), settings, flavour)
    passwords = of(values, "passwords") or {}
    taken = {of(values, "user"): PREFIX + "user", of(values, "monitor_user"): PREFIX + "monitor_user"}
    yield from filter(None, [sql_names.user_problem(PREFIX + name, of(values, name), flavour) for name in ("user", "monitor_user")])
    if of(values, "user") and of(values, "user") == of(values, "monitor_user"):
        yield "%suser and %smonitor_user are both '%s': give each its own name, their privileges differ." % (
            PREFIX, PREFIX, of(values, "user"))
    current = {of(values, "user"): of(values, "password"), of(values, "monitor_user"): of(values, "monitor_password")}
    yield from accounts.old_password_problems(PREFIX + "old_passwords", of(values, "old_passwords"), {**current, **{
        str(user.get("name")): passwords.get(str(user.get("name"))) for user in of(values, "users") or []}})
    for position, user in enumerate(of(values, "users") or []):
        where, name = "%susers[%d]" % (PREFIX, position), str(user.get("name"))
        if name in taken:
            yield "%s.name is '%s', which is %s: choose another name." % (where, name, taken[name])
        yield from filter(None, [sql_names.user_problem(where + ".name", name, flavour)])
        yield from addresses.account_hosts(where + ".host", [user.get("host") or "%"], flavour)
        yield from sql_names.host_problems(where + ".host", [user.get("host")])
        if not passwords.get(name):
            yield "%spasswords has none for '%s' (%s): name it there." % (PREFIX, name, where)
        yield from accounts.password_problems("%spasswords.%s" % (PREFIX, name), name, passwords.get(name), settings, flavour)
        yield from accounts.privilege_problems(where, user, flavour)
        yield from accounts.administrator_problems(where, user, flavour, PREFIX + "administrators", of(values, "administrators") or [])
        yield from accounts.certificate_problems(where, user, of(values, "tls"), PREFIX + "tls")


def one_password(variable, password, longest):
    if not password:
        yield "%s is missing: set it, %d to %d characters." % (variable, SHORTEST_PASSWORD, longest)
    elif not SHORTEST_PASSWORD <= len(str(password)) <= longest:
        yield "%s has %d characters: use %d to %d." % (variable, len(str(password)), SHORTEST_PASSWORD, longest)
    elif re.search(r"[^\x21-\x7e]", str(password)):
        yield "%s has blanks, control characters or letters outside ASCII: use others." % variable


def writer_problems(host, values):
    address = of(values, "writer_address")
    if not address:
        return
    try:
        interface = ipaddress.ip_interface(str(address))
    except ValueError:
        interface = None
    if interface is None or "/" not in str(address):
        yield "%swriter_address is '%s': write an address with its prefix length, such as 198.51.100.2/24 or 2001:db8::2/64." % (
            PREFIX, address)
        return
    yield from addresses.spelling(PREFIX + "writer_address", str(address).split("/", maxsplit=1)[0])
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


def database_problems(host, values):
    return sql_names.database_problems(PREFIX + "databases", of(values, "databases"))


def backup_problems(host, values):
    fetch, compress = of(values, "backup_fetch"), of(values, "backup_compress")
    if fetch and compress == "none":
        yield ("%sbackup_fetch is '%s' and %sbackup_compress is none: one file is fetched, and that is a directory of many; set "
               "%sbackup_compress to zstd, or leave %sbackup_fetch empty." % (PREFIX, fetch, PREFIX, PREFIX, PREFIX))
    recipients = of(values, "backup_recipients") or []
    if recipients and not fetch:
        yield ("%sbackup_recipients has keys, but only a copy on the controller is encrypted, and %sbackup_fetch is empty: name a "
               "directory there, or take the keys out." % (PREFIX, PREFIX))
    # Of what is none nothing is shown: it may be the private key.
    for number, one in enumerate(recipients):
        if not RECIPIENT.match(one):
            yield ("%sbackup_recipients[%d] is no public key of age or SSH: write age1..., ssh-ed25519 ... or ssh-rsa ..., as in a .pub "
                   "file." % (PREFIX, number))


def lease_problems(host, values):
    """Where the members decide themselves who takes the writes."""
    if of(values, "failover") != "automatic":
        return
    where, sources = "%sfailover is automatic" % PREFIX, of(values, "sources") or []
    if len(sources) > 1:
        yield "%s and %ssources has %d names: name one, whoever follows it can take over." % (where, PREFIX, len(sources))
    if of(values, "replicate_from"):
        yield "%s and %sreplicate_from is '%s': every member follows the writer, leave it out." % (
            where, PREFIX, of(values, "replicate_from"))
    if len(of(values, "members") or []) < 2:
        yield "%s and group '%s' has one member: nobody could take over, add others." % (where, of(values, "group"))
    if not of(values, "semi_sync"):
        yield "%s and %ssemi_sync is false: a row that only the writer has would be lost with it, leave it out." % (where, PREFIX)
    if not of(values, "etcd_addresses"):
        yield ("%s and group '%s' has no hosts: put three into it, or name an etcd cluster's members in %setcd_addresses." % (
            where, of(values, "etcd_group"), PREFIX))
    if of(values, "etcd_user") and not of(values, "etcd_password"):
        yield "%s and %setcd_password is empty: set the password of etcd's user %s." % (where, PREFIX, of(values, "etcd_user"))
    ttl = of(values, "lease_ttl_s")
    if ttl is not None and not 2 <= ttl <= 60:
        yield "%slease_ttl_s is %s: set a number from 2 to 60." % (PREFIX, ttl)


def mmm_problems(_host, values):
    """Where MMM says who takes the writes."""
    if of(values, "failover") != "mmm":
        return
    where, sources = "%sfailover is mmm" % PREFIX, of(values, "sources") or []
    if len(sources) < 2:
        yield "%s and %ssources has %s: name two that replicate each other, MMM moves the writer's part between them." % (
            where, PREFIX, ", ".join(sources) or "no name")
    if not of(values, "semi_sync"):
        yield "%s and %ssemi_sync is false: a row that only the writer has would be lost with it, leave it out." % (where, PREFIX)
    if of(values, "replicate_from"):
        yield "%s and %sreplicate_from is '%s': MMM turns every replica to the writer, leave it out." % (
            where, PREFIX, of(values, "replicate_from"))


RULES = (name_problems, lease_problems, mmm_problems, backup_problems, address_problems, server_problems, datadir_problems,
         mysql_settings.problems, collation_problems, dual_problems, tls_problems, database_problems, password_problems, writer_problems)


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
    for name in ("flavour", "collation", "port", "tls", "sources", "writer_address", "semi_sync", "failover", "failover_alone",
                 "lease_ttl_s", "etcd_addresses"):
        value = of(values, name)
        made.append(Claim("%s of %s" % (name, group), "all members", repr(value), (
            "%s: %s%s is %s, other members of group '%s' have another value: a cluster has one." % (
                host, PREFIX, name, shown(value), group))))
    at = places(of(values, "bind_address"), of(values, "address"), of(values, "writer_address"), of(values, "more_addresses"),
                of(values, "failover"))
    made += [claim for name, places in (("port", at), ("seed_port", [of(values, "address")])) if of(values, name)
             for claim in listening(host, "the database server", PREFIX + name, of(values, name), places)]
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
