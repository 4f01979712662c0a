# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""JDBC URLs for MariaDB Connector/J in front of a Galera cluster. Pure."""

from __future__ import annotations

import re

MODES = ("sequential", "loadbalance", "replication")
NAME = re.compile(r"^[A-Za-z0-9_$.-]+$")
PROPERTY = re.compile(r"^[A-Za-z][A-Za-z0-9]*$")
# Known by Connector/J 2.7 and 3. Its own defaults (30 s to connect, no limit for an answer, 120 attempts) would keep a request
# waiting far longer than the cluster takes to leave a dead member out.
DEFAULTS = {"connectTimeout": 1000, "socketTimeout": 10000, "retriesAllDown": 10}
SECRET = re.compile(r"(?i)^(user|.*password)$")


def host(address, port):
    text = str(address)
    if text.startswith("["):
        return text if "]:" in text else "%s:%s" % (text, port)
    if text.count(":") > 1:
        return "[%s]:%s" % (text, port)
    return text if ":" in text else "%s:%s" % (text, port)


def text_of(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def check(addresses, database, mode, options):
    if mode == "aurora":
        raise ValueError("mode is aurora, which asks for information_schema.replica_host_status, a table that only Amazon Aurora has, "
                         "and is gone from Connector/J 3: use sequential.")
    if mode not in MODES:
        raise ValueError("mode is %s: use one of %s." % (mode, ", ".join(MODES)))
    if isinstance(addresses, str) or not addresses or not all(str(address).strip() for address in addresses):
        raise ValueError("addresses is %r: give a list with the address of each member." % (addresses,))
    if mode == "replication" and len(addresses) < 2:
        raise ValueError("mode is replication, but there is one address: its read-only connections need another, use sequential.")
    if not NAME.match(str(database)):
        raise ValueError("database is %r: use letters, digits and _ $ . - only." % (database,))
    for name in options:
        if SECRET.match(name):
            raise ValueError("options has %s, which does not belong into a URL: give it to the data source." % name)
        if not PROPERTY.match(name):
            raise ValueError("options has %r, which is no name of a property." % name)
        # Connector/J decodes nothing in a URL and cuts it at every &.
        if re.search(r"[&\r\n]", text_of(options[name])):
            raise ValueError("options has %s with & or a line break, which no URL of the connector can have: give it as a property of the "
                             "data source." % name)


def url(addresses, database, mode="sequential", port=3306, options=None):
    """jdbc:mariadb:<mode>://host:port,.../database?properties"""
    options = dict(options or {})
    check(addresses, database, mode, options)
    chosen = dict(DEFAULTS, **options)
    query = "&".join("%s=%s" % (name, text_of(chosen[name])) for name in sorted(chosen) if chosen[name] is not None)
    return "jdbc:mariadb:%s://%s/%s%s" % (
        mode, ",".join(host(address, port) for address in addresses), database, "?" + query if query else "")
