# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which classes of objects Tomcats hand to one another with a session, and which they take. Pure.

Tomcat's own filter (sessionAttributeValueClassNameFilter) looks at an attribute's value when it is set, sent or stored, by its class alone;
of what arrives each object has been made by then. What is made is the JVM's filter to say (jdk.serialFilter), of every stream it reads.
"""

from __future__ import annotations

import re

PATTERN = re.compile(r"^[A-Za-z_$][\w$]*(\.[\w$]+)*(\.\*\*|\.\*|\*)?$", re.ASCII)
# What passes where only named classes do: values of Java's own, and for streams what Tomcat's messages are made of.
VALUES = ("java.lang.*", "java.math.*", "java.net.*", "java.sql.*", "java.text.*", "java.time.**", "java.util.*", "java.util.concurrent.**")
OWN = ("org.apache.catalina.**",)


def replicates(service):
    """Whether a service has a channel: an empty mapping is a cluster with all defaults, a PersistentManager has none."""
    cluster = service.get("cluster")
    return isinstance(cluster, dict) and cluster.get("manager") != "PersistentManager"


def expression(pattern):
    """The regular expression for a pattern of the JVM's filter: a class, a.* of a package, a.** with all below, a* any that begins so."""
    for end, any_name in ((".**", r"\..*"), (".*", r"\.[^.]*"), ("*", ".*")):
        if pattern.endswith(end):
            return re.escape(pattern[:-len(end)]) + any_name
    return re.escape(pattern)


def named(patterns):
    """One that matches the name of such a class, or of an array of them, as Java's getClass().getName() has it."""
    return r"(?:\[+L)?(?:%s);?" % "|".join(expression(one) for one in patterns)


def attribute_filter(allowed, refused):
    """Tomcat's filter of values. allowed: patterns; empty are all. refused: patterns that count first. Empty for none."""
    if not allowed and not refused:
        return ""
    but = "(?!%s$)" % named(refused) if refused else ""
    return but + (r"(?:%s|\[+[ZBCDFIJS])" % named([*VALUES, *allowed]) if allowed else ".*")


def stream_filter(allowed, refused):
    """The JVM's filter. Empty for none. What it does not name passes, so that a list of allowed ones ends by refusing the rest."""
    parts = ["!" + one for one in refused]
    return ";".join(parts + ([*OWN, *VALUES, *allowed, "!*"] if allowed else []))


def filters(instance, allowed, refused):
    """{attributes, streams} of an instance; both are empty where none of its services has a channel."""
    if not any(replicates(service) for service in instance.get("services") or []):
        return {"attributes": "", "streams": ""}
    return {"attributes": attribute_filter(allowed, refused), "streams": stream_filter(allowed, refused)}


def pattern_problems(patterns):
    for one in patterns or []:
        if not PATTERN.match(str(one)):
            yield "has '%s': write a class (com.shop.Cart), a package (com.shop.*), or one with all below it (com.shop.**)." % one
