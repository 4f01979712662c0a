# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts for which a read-only server is none.

MariaDB: READ_ONLY ADMIN, which is part of ALL, and until 10.10 of SUPER (https://mariadb.com/kb/en/grant/#read_only-admin).
MySQL: members are super_read_only, past which nobody writes, CONNECTION_ADMIN neither; but SUPER and SYSTEM_VARIABLES_ADMIN switch it off
(https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_super_read_only).
Each privilege was tried on MariaDB 10.11.19 and 11.8.9 and MySQL 9.7.4.
"""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._sql import grants
from ansible_collections.failover.stack.plugins.module_utils._sql.connection import identifier

IGNORING = {"mariadb": ("READ_ONLY ADMIN",), "mysql": ("SUPER", "SYSTEM_VARIABLES_ADMIN")}
LOCAL = ("localhost", "127.0.0.1", "::1")
# The server's and the distribution's own accounts, on the machine itself.
OWN = ("root", "mysql", "mariadb.sys", "mysql.sys", "mysql.session", "mysql.infoschema", "debian-sys-maint")
EVERYWHERE = ("", "*", "*")


def ignoring(dialect, version=(99, 0, 0)):
    """Privileges with which an account writes on a read-only server, or makes it writable."""
    return IGNORING[dialect] + (("SUPER",) if dialect == "mariadb" and tuple(version) < (10, 11, 0) else ())


def own(name, host):
    return name in OWN and host in LOCAL


def account_of(grantee):
    """'shop'@'10.%' of information_schema as (shop, 10.%)."""
    name, _at, host = grantee.rpartition("@")
    return grants.plain(name), grants.plain(host)


def with_roles(direct, edges):
    """Accounts that have one of these or a role that has it, by whatever way. edges: (role, who has it), each (name, host)."""
    found, more = set(direct), True
    while more:
        more = {who for role, who in edges if role in found} - found
        found |= more
    return found


def writers(accounts, allowed=()):
    """Sentences' names of those accounts that are nobody's own and that nobody allowed by name."""
    return sorted("%s@%s" % each for each in accounts if not own(*each) and each[0] not in allowed)


def read(server, dialect, version):
    """[[name, host], …] of a server, without its own accounts. A role of MariaDB has an empty host."""
    bad = ignoring(dialect, version)
    rows = server.rows("SELECT GRANTEE AS grantee, PRIVILEGE_TYPE AS privilege FROM information_schema.USER_PRIVILEGES")
    direct = {account_of(row["grantee"]) for row in rows if row["privilege"].upper() in bad}
    if dialect == "mysql":
        edges = [((row["role"], row["role_host"]), (row["name"], row["host"])) for row in server.rows(
            "SELECT FROM_USER AS role, FROM_HOST AS role_host, TO_USER AS name, TO_HOST AS host FROM mysql.role_edges")]
        # A role is an account that is locked, until somebody unlocks it.
        locked = server.rows("SELECT User AS name, Host AS host FROM mysql.user WHERE account_locked = 'Y'")
        found = with_roles(direct, edges) - {(row["name"], row["host"]) for row in locked}
    else:
        edges = [((row["role"], ""), (row["name"], row["host"] or "")) for row in server.rows(
            "SELECT Role AS role, User AS name, Host AS host FROM mysql.roles_mapping")]
        roles = {role for role, _who in edges}
        direct |= {role for role in roles if may(server, role[0], bad)}
        found = with_roles(direct, edges) - roles
    return sorted([name, host] for name, host in found if not own(name, host))


def may(server, role, bad):
    """Whether a role of MariaDB has one of these; information_schema shows accounts only."""
    lines = [next(iter(row.values())) for row in server.rows("SHOW GRANTS FOR " + identifier(role))]
    names = {word for word, _column in grants.granted(lines, "mariadb", (role, "")).get(EVERYWHERE, set())}
    return bool(names & set(bad)) or "ALL PRIVILEGES" in names
