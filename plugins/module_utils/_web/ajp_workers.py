# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which AJP connectors the Tomcat hosts of an inventory offer, and what mod_jk calls them. Pure; runs on the controller."""

from __future__ import annotations

import hashlib

# JK_MAX_NAME_LEN in jk_global.h: worker names and routes. Seen with 1.2.50: 64 characters make httpd die of a reload that "-t" approved.
NAME_LIMIT = 60
DIGEST = 8
# Both sides of AJP must have the same. Tomcat's and mod_jk's own default is 8192; 65536 is the most that mod_jk takes.
PACKET_SIZE = 16384


def shortened(name, limit=NAME_LIMIT):
    """The name itself if it is short enough, else its beginning and a digest of the whole: distinct names stay distinct."""
    if len(name) <= limit:
        return name
    return "%s-%s" % (name[:limit - DIGEST - 1].rstrip("-_"), hashlib.sha256(name.encode()).hexdigest()[:DIGEST])


def route_of(host, instance, service):
    """jvmRoute of a service: its own, else host and instance; a dot would end the route in a session id."""
    given = service.get("jvm_route")
    if given:
        return str(given).replace(".", "-")
    return shortened(("%s-%s" % (host, instance.get("name"))).replace(".", "-"))


def worker_of(application, route):
    """mod_jk's name for the worker by which an application reaches the Tomcat with this route."""
    return shortened("%s_%s" % (application, route))


def connectors_of(host, hostvars, group):
    """One entry for each service with an AJP port on a host, in the inventory's order."""
    address = hostvars.get("tomcat_cluster_address") or hostvars.get("ansible_host") or host
    found = []
    for instance in hostvars.get("tomcat_cluster_instances") or []:
        for service in instance.get("services") or []:
            if service.get("ajp_port"):
                found.append({
                    "group": group,
                    "service": str(service.get("name")),
                    "host": host,
                    "instance": str(instance.get("name")),
                    "address": str(address),
                    "port": int(service["ajp_port"]),
                    "route": route_of(host, instance, service),
                    "packet_size": int(hostvars.get("tomcat_cluster_ajp_packet_size") or PACKET_SIZE),
                })
    return found


def ajp_workers(hostvars, groups, wanted):
    """All connectors of the wanted groups; a group that is missing or empty offers none.

    hostvars: mapping of host to its variables. groups: mapping of group to hosts. wanted: names of groups.
    """
    found = []
    for group in sorted(set(wanted)):
        for host in groups.get(group) or []:
            found += connectors_of(host, hostvars[host], group)
    return found
