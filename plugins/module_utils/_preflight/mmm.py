# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of MMM, and those of the cluster that it leads, must not contradict."""

from __future__ import annotations

import re

from ansible_collections.failover.stack.plugins.module_utils._mmm.config import name_of
from ansible_collections.failover.stack.plugins.module_utils._preflight import accounts
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, address_of, listening

PREFIX, CLUSTER = "mmm_", "mysql_replication_"
# CHANGE MASTER takes 96 bytes, and passwords of accounts end where MMM's reader does.
SHORTEST, LONGEST = 12, 79
RANGES = {"agent_port": (1024, 65535), "port": (1024, 65535), "check_period_s": (1, 60), "check_trap_s": (1, 600),
          "check_timeout_s": (1, 60), "max_backlog_s": (1, 604800), "flap_count": (0, 1000), "flap_s": (1, 604800),
          "auto_set_online_s": (0, 604800), "kill_retries": (0, 60), "log_days": (1, 3650), "verify_s": (1, 3600)}
ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,31}")
CHECKSUM = {"sha256": 64, "sha512": 128}
# What MySQL 8.4 has no more, of what MMM's programs say.
GONE = "SHOW SLAVE STATUS, SHOW MASTER STATUS, CHANGE MASTER TO, START SLAVE and STOP SLAVE"
# Written into lines and statements as they are.
UNFIT = re.compile(r"[^\x21-\x7e]|['\"\\]")
# What all configurations have in common, and what it is where a host does not say it; None: all members.
SAME = {"archive_checksum": "", "reader_addresses": [], "reader_hosts": None, "agent_user": "mmm_agent", "monitor_user": "mmm_monitor",
        "agent_port": 9989, "kill_retries": 3}


def of(values, name):
    return values.get(PREFIX + name)


def cluster(values):
    """(member, its variables of mysql_replication that are given)"""
    given = of(values, "databases") or {}
    return [(name, {key.removeprefix(CLUSTER): value for key, value in (given.get(name) or {}).items()})
            for name in of(values, "members") or []]


def group_problems(_host, values):
    monitors, members = of(values, "monitors") or [], of(values, "members") or []
    group = of(values, "monitor_group")
    if len(monitors) != 1:
        yield "group '%s' has %s: MMM has one monitor, since two would hand out roles against each other; leave one host in it." % (
            group, "%d hosts (%s)" % (len(monitors), ", ".join(monitors)) if monitors else "no host")
    seen = {}
    for name in members:
        other = seen.setdefault(name_of(name), name)
        if other != name:
            yield "%s and %s are both '%s' to MMM, which knows letters, digits, - and _: rename one." % (other, name, name_of(name))
        if name_of(name) == "default":
            yield "%s is the name of MMM's template for hosts: rename it." % name


def archive_problems(_host, values):
    archive, checksum = of(values, "archive"), str(of(values, "archive_checksum") or "")
    if not archive:
        yield ("%sarchive is empty: MMM is in no package registry, give the path or URL of the tar.gz of its sources (2.2.1 to 2.2.3), and "
               "%sarchive_checksum." % (PREFIX, PREFIX))
    kind, _colon, digits = checksum.partition(":")
    if not checksum:
        yield "%sarchive_checksum is empty: what runs as root is checked first, give it as sha256: and the digits." % PREFIX
    elif kind not in CHECKSUM or not re.fullmatch("[0-9a-fA-F]{%d}" % CHECKSUM[kind], digits):
        yield "%sarchive_checksum is '%s': write sha256: with 64 or sha512: with 128 hexadecimal digits." % (PREFIX, checksum)


def address_problems(_host, values):
    members = of(values, "members") or []
    for name, address in [*zip(members, of(values, "addresses") or []),
                          *[(monitor, of(values, "monitor_address")) for monitor in (of(values, "monitors") or [])[:1]]]:
        if not four(address):
            yield "%s is reached at '%s': MMM knows IPv4 addresses alone, give one in %s." % (
                name, address, CLUSTER + "address" if name in members else PREFIX + "address")
    for one in of(values, "ping_addresses") or []:
        if not four(one):
            yield "%sping_addresses has '%s': write IPv4 addresses." % (PREFIX, one)
    if of(values, "ping_addresses") == []:
        yield "%sping_addresses is empty: the monitor would never see that it is cut off itself, leave it out." % PREFIX


def four(address):
    plain = address_of(address)
    return plain is not None and ":" not in plain


def role_problems(_host, values):
    members, readers, hosts = (of(values, name) or [] for name in ("members", "reader_addresses", "reader_hosts"))
    taken = {address_of(one): "a member's own" for one in of(values, "addresses") or []}
    for name, given in cluster(values)[:1]:
        writer = str(given.get("writer_address") or "").partition("/")[0]
        taken[address_of(writer)] = "%swriter_address of %s" % (CLUSTER, name)
    for position, one in enumerate(readers):
        if not four(one):
            yield "%sreader_addresses has '%s': write IPv4 addresses without a prefix length." % (PREFIX, one)
        elif address_of(one) in taken:
            yield "%sreader_addresses has %s, which is %s: choose a free one." % (PREFIX, one, taken[address_of(one)])
        elif one in readers[:position]:
            yield "%sreader_addresses has %s twice: name it once." % (PREFIX, one)
    unknown = [name for name in hosts if name not in members]
    if unknown:
        yield "%sreader_hosts names %s, which is not in group '%s' (%s): correct the name." % (
            PREFIX, ", ".join(unknown), of(values, "group"), ", ".join(members) or "empty")
    known = [name for name in hosts if name in members]
    if len(readers) > len(known):
        yield "%sreader_addresses has %d addresses for %d hosts (%s): each holds one, take addresses out or add hosts." % (
            PREFIX, len(readers), len(known), ", ".join(known) or "none")


def cluster_problems(_host, values):
    """What MMM cannot do, or would lose something with."""
    group = of(values, "monitor_group")
    for name, given in cluster(values):
        sources = given.get("sources") or []
        if given.get("flavour") == "mysql":
            yield ("%s has %sflavour mysql: MMM says %s, which MySQL 8.4 and later do not know any more: use MariaDB, or leave group '%s' "
                   "empty." % (name, CLUSTER, GONE, group))
        if len(sources) < 2:
            yield "%s has %ssources with %s: MMM moves the writer's role between two that replicate each other, name both." % (
                name, CLUSTER, " and ".join(sources) or "nobody")
        if given.get("replicate_from"):
            yield "%s has %sreplicate_from %s: MMM turns replicas to the writer, take it out." % (name, CLUSTER, given["replicate_from"])
        if given.get("semi_sync") is False:
            yield "%s has %ssemi_sync off: rows that only a dead writer had would be lost, take it out." % (name, CLUSTER)
        if not given.get("writer_address"):
            yield "%s has no %swriter_address: MMM's role of the writer is an address, give one." % (name, CLUSTER)
        if given.get("require_secure_transport"):
            yield "%s has %srequire_secure_transport: MMM logs in without TLS, set it to false." % (name, CLUSTER)
        if str(given.get("failover") or "") != "mmm":
            yield ("%s has %sfailover %s, and MMM is to say who writes: two that move the writer's part work against each other, set it to "
                   "mmm." % (name, CLUSTER, given.get("failover") or "manual, by its default"))
        if of(values, "agent_user") not in (given.get("administrators") or []):
            yield ("%s has no %s in %sadministrators: MMM's agents make servers writable, so that account passes read_only; name it "
                   "there." % (name, of(values, "agent_user"), CLUSTER))
        yield from setting_problems(name, given)


def setting_problems(name, given):
    settings = {str(key).lower().replace("-", "_"): value for key, value in (given.get("settings") or {}).items()}
    for one in ("read_only", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_master_enabled", "gtid_domain_id", "skip_slave_start"):
        if one in settings:
            yield "%s has %ssettings.%s: that is what keeps rows from being lost under MMM, take it out." % (name, CLUSTER, one)


def account_problems(host, values):
    users = {name: of(values, name) for name in ("agent_user", "monitor_user")}
    for name, user in users.items():
        if user is not None and not ACCOUNT.fullmatch(str(user)):
            yield "%s%s is '%s': use small letters, digits and _, and begin with a letter." % (PREFIX, name, user)
    if users["agent_user"] and users["agent_user"] == users["monitor_user"]:
        yield "%sagent_user and %smonitor_user are both '%s': give each its own name, their privileges differ." % (
            PREFIX, PREFIX, users["agent_user"])
    for member, given in cluster(values)[:1]:
        for key, default in (("user", "replication"), ("monitor_user", "monitor")):
            for name, user in users.items():
                if user and user == (given.get(key) or default):
                    yield "%s%s is '%s', which is %s%s of %s: give each its own name, their privileges differ." % (
                        PREFIX, name, user, CLUSTER, key, member)
    for name in ("agent_password", "monitor_password"):
        yield from password_problems(PREFIX + name, of(values, name))
    yield from accounts.old_password_problems(PREFIX + "old_passwords", of(values, "old_passwords"), {
        of(values, name + "_user"): of(values, name + "_password") for name in ("agent", "monitor")})
    if host in (of(values, "members") or []) and of(values, "replication_password") is not None:
        yield from password_problems(PREFIX + "replication_password", of(values, "replication_password"), "mysql_replication_password")


def password_problems(variable, password, also=""):
    if not password:
        yield "%s is missing: set it, %d to %d characters." % (variable, SHORTEST, LONGEST)
    elif not SHORTEST <= len(str(password)) <= LONGEST:
        yield "%s has %d characters: use %d to %d%s." % (variable, len(str(password)), SHORTEST, LONGEST, " in " + also if also else "")
    elif UNFIT.search(str(password)):
        yield "%s has blanks, quotes, \\ or letters outside ASCII, which MMM writes into statements as they are: use others%s." % (
            variable, " in " + also if also else "")


def number_problems(_host, values):
    for name, (low, high) in RANGES.items():
        number = of(values, name)
        if number is not None and not low <= number <= high:
            yield "%s%s is %s: set a number from %d to %d." % (PREFIX, name, number, low, high)
    program = of(values, "kill_host")
    if program and not re.fullmatch(r"/[A-Za-z0-9_.+/-]+", str(program)):
        yield "%skill_host is '%s': write an absolute path of letters, digits and _ . + -." % (PREFIX, program)


def agreement_problems(host, values):
    """By what each host says itself: whoever is left out of a group's variables has another configuration."""
    for name, default in SAME.items():
        own = of(values, name)
        for other, given in (of(values, "given") or {}).items():
            theirs = given.get(PREFIX + name, of(values, "members") if default is None else default)
            if other != host and str(theirs) != str(own):
                yield "%s%s is %s, and of %s it is %s: MMM's configurations would disagree, give all its hosts the same." % (
                    PREFIX, name, shown(own), other, shown(theirs))


def shown(value):
    return (", ".join(map(str, value)) if isinstance(value, list) else str(value)) or "empty"


RULES = (group_problems, agreement_problems, archive_problems, address_problems, role_problems, cluster_problems, account_problems,
         number_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(host, values)]


def claims(host, values):
    """Ports of all its hosts, and reader addresses. Only the monitor's is asked beforehand."""
    monitors, members = of(values, "monitors") or [], of(values, "members") or []
    group, made = str(of(values, "group")), []
    if host in monitors:
        made += listening(host, "MMM's monitor", PREFIX + "port", of(values, "port"), ["127.0.0.1"])
    for name, address in zip(members, of(values, "addresses") or []):
        if host == name or host in monitors:
            made += listening(name, "MMM's agent", PREFIX + "agent_port", of(values, "agent_port"), [address])
    for one in of(values, "reader_addresses") or []:
        plain = address_of(one)
        if plain:
            made.append(Claim("address", plain, "readers of %s" % group, (
                "%s: %sreader_addresses has %s, which somebody else has: choose a free one." % (host, PREFIX, plain))))
    return made
