# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The distribution's releases: which follows which, and which versions they have. Pure."""

from __future__ import annotations

NEXT = {"bookworm": "trixie"}
# Where the way ends.
LAST = [release for release in NEXT.values() if release not in NEXT]
NUMBERS = {"bookworm": "12", "trixie": "13"}
# By the word for it that is in sentences: what the packages of 2026-11-28 were.
VERSIONS = {
    "bookworm": {"MariaDB": "10.11", "RabbitMQ": "3.10", "HAProxy": "2.6", "keepalived": "2.2", "Tomcat 10": "10.1", "mod_jk": "1.2.48",
                 "Apache httpd": "2.4", "Java": "17", "Python": "3.11"},
    "trixie": {"MariaDB": "11.8", "RabbitMQ": "4.0", "HAProxy": "3.0", "keepalived": "2.3", "Tomcat 10": "10.1", "mod_jk": "1.2.50",
               "Apache httpd": "2.4", "Java": "21 and 25", "Python": "3.13"},
}
# What each tier has of it.
OF_GROUP = {
    "apache": ("Apache httpd", "mod_jk"), "tomcat": ("Tomcat 10", "Java"), "mysql_replication": ("MariaDB",), "galera": ("MariaDB",),
    "rabbitmq": ("RabbitMQ",), "haproxy": ("HAProxy",), "keepalived": ("keepalived",), "ipvs_director": ("keepalived",),
}


def target(release):
    """The release that follows, empty where this collection knows of none."""
    return NEXT.get(release, "")


def brings(groups, release):
    """What a machine of these groups gets by the move from `release`: "MariaDB 11.8 for 10.11", only what becomes another one."""
    before, after = VERSIONS[release], VERSIONS[target(release)]
    words = [word for group in groups for word in OF_GROUP.get(group, ())] + ["Python"]
    return ["%s %s for %s" % (word, after[word], before[word]) for word in dict.fromkeys(words) if after[word] != before[word]]
