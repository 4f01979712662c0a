# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Tomcats of a host serve an application from its document root. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._deploy.places import within
from ansible_collections.failover.stack.plugins.module_utils._web.ajp_workers import route_of

CURRENT = "current"


def wiring(instances, application, host):
    """{"units": [...], "served": [{port, path, manager}], "routes": [all of this host]} of one application on one host."""
    units, served, routes = [], [], []
    for instance, service in services_of(instances):
        routes.append(route_of(host, instance, service))
        for one in service.get("applications") or []:
            if within(str(one.get("doc_base") or "/"), "%s/%s" % (application["docroot"], CURRENT)):
                units.append("tomcat@%s.service" % instance.get("name"))
                served.append({"port": int(service["ajp_port"]), "path": str(one.get("path") or ""), "manager": manager_of(service)})
    return {"units": list(dict.fromkeys(units)), "served": served, "routes": list(dict.fromkeys(routes))}


def services_of(instances):
    return [(instance, service) for instance in instances or [] for service in instance.get("services") or []]


def node(instances, host):
    """Of all Tomcats of a host: {"routes": jvmRoutes, "unshared": whether sessions of one of them are not shared}."""
    found = services_of(instances)
    return {"routes": list(dict.fromkeys(route_of(host, *pair) for pair in found)),
            "unshared": any(not manager_of(service) for _instance, service in found)}


def manager_of(service):
    """How sessions are shared; empty when they are not."""
    cluster = service.get("cluster")
    return str(cluster.get("manager") or "BackupManager") if isinstance(cluster, dict) else ""


def targets(wired, application, address):
    """What app_health asks: the Tomcats by AJP; the host's httpd where none serves the application."""
    health = application.get("health") or {}
    path = "/" + str(health.get("path") or "/").lstrip("/")
    if wired["served"]:
        return [{"kind": "ajp", "host": address, "port": one["port"], "path": one["path"] + path} for one in wired["served"]]
    return [{"kind": "http", "host": address, "port": int(health.get("port") or 80), "path": path}]


def wired(application, instances, host, address):
    """All that a host has to do with an application, see filter deploy_wiring."""
    found = wiring(instances, application, host)
    managers = sorted({one["manager"] for one in found["served"]})
    return dict(found, managers=managers, targets=targets(found, application, address),
                asked={"name": application["name"], "docroot": application["docroot"], "units": found["units"]})
