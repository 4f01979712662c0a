# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which virtual hosts the applications of an httpd make, in the order in which httpd has to read them. Pure."""

from __future__ import annotations

# What belongs to the host name, not to one of the applications below it.
OF_THE_HOST = ("server_aliases", "tls", "https_port", "https_redirect", "hsts_s")


def is_wild(name):
    return "*" in name or "?" in name


def host_of(application):
    """What makes two applications share a virtual host: name and http port."""
    return str(application.get("server_name")).lower(), int(application.get("http_port") or 80)


def hosts(applications):
    """Applications by virtual host, both in the order of the inventory: a list of lists."""
    found = {}
    for application in applications:
        found.setdefault(host_of(application), []).append(application)
    return list(found.values())


def unmounts(members):
    """[(path, worker)]: what no Tomcat gets of what is mounted, in a virtual host of these applications.

    The worker is '*', all of them, for what is served from a directory and for what several unmount: mod_jk keeps one worker a path.
    """
    owners = {}
    for member in members:
        worker = "lb_%s" % member["name"]
        for part in member.get("static") or []:
            owners.setdefault("%s/*" % part["path"], []).extend([worker] if len(members) == 1 else ["*"])
        for path in member.get("unmounts") or []:
            owners.setdefault(path, []).append(worker)
    return [(path, workers[0] if len(set(workers)) == 1 else "*") for path, workers in owners.items()]


def virtual_hosts(applications):
    """The virtual hosts: [{"name", "lead", "applications", "aliases", "unmounts"}].

    name: of the file. lead: the application whose names, ports and certificate the host has. aliases: its exact ones.
    unmounts: [(path, worker)], see unmounts().
    """
    result = []
    for members in hosts(applications):
        lead = members[0]
        result.append({
            "name": lead["name"], "lead": lead, "applications": members, "unmounts": unmounts(members),
            "aliases": [alias for alias in lead.get("server_aliases") or [] if not is_wild(alias)],
        })
    return result


def wild_hosts(applications):
    """The same hosts by their aliases with wildcards, the most exact first: httpd takes the first that matches."""
    result = [dict(host, aliases=[alias]) for host in virtual_hosts(applications)
              for alias in host["lead"].get("server_aliases") or [] if is_wild(alias)]
    return sorted(result, key=lambda host: -len(host["aliases"][0].replace("*", "").replace("?", "")))
