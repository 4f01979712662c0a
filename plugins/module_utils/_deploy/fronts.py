# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the balancers in front of a web node let it go: it is not drained already, and others carry the load; and whether they have it
again. Pure."""

from __future__ import annotations


def usable(server):
    """A server of HAProxy that gets visitors."""
    return server["status"].split(" ")[0] in ("UP", "no")


def modjk_objections(node, routes, front, workers, again):
    mine = [one for one in workers if one["route"] in routes]
    for one in mine:
        if one["activation"] != "active" and not again:
            yield ("%s: mod_jk on %s has its worker %s as %s already: somebody else is at work there, or an earlier run was interrupted; "
                   "once that is sure, give it back by playbooks/web_undrain.yml -e web_undrain=%s." % (
                       node, front, one["name"], one["activation"], node))
    for balancer in sorted({one["balancer"] for one in mine}):
        others = [one for one in workers if one["balancer"] == balancer and one["route"] not in routes]
        if not any(one["usable"] and one.get("answers") is not False for one in others):
            yield ("%s: no healthy node is left to carry the load without it: mod_jk on %s has no other usable worker in %s (%s): bring "
                   "another one back first." % (node, front, balancer, described(others, "name", "state")))


def haproxy_objections(node, front, servers, again):
    for mine in (one for one in servers if one["name"] == node):
        backend, status = mine["backend"], mine["status"]
        if status.startswith(("MAINT", "DRAIN")) and not again:
            yield ("%s: HAProxy on %s has it as %s in %s already: somebody else is at work there, or an earlier run was interrupted; "
                   "once that is sure, give it back by playbooks/web_undrain.yml -e web_undrain=%s." % (node, front, status, backend, node))
        others = [one for one in servers if one["backend"] == backend and one["name"] != node]
        if not any(usable(one) for one in others):
            yield ("%s: no healthy node is left to carry the load without it: HAProxy on %s has no other server that is up in %s (%s): "
                   "bring another one back first." % (node, front, backend, described(others, "name", "status")))


def ipvs_objections(node, address, front, services, again):
    for service in services:
        mine = [one for one in service.get("servers", []) if one["address"] == address]
        others = [one for one in service.get("servers", []) if one["address"] != address]
        where = where_of(service)
        if any(one["weight"] == 0 for one in mine) and not again:
            yield ("%s: the director %s gives it no weight in %s already: somebody else is at work there, or an earlier run was "
                   "interrupted; once that is sure, give it back by playbooks/web_undrain.yml -e web_undrain=%s." % (
                       node, front, where, node))
        if mine and not any(one["weight"] > 0 for one in others):
            yield ("%s: no healthy node is left to carry the load without it: the director %s has no other server with a weight in %s: "
                   "bring another one back first." % (node, front, where))


def objections(node, routes, address, fronts, again=False):
    """Sentences on why a node must not be drained now. again: it may be drained already.

    fronts: {"modjk": {host: workers}, "haproxy": {host: what haproxy_info tells}, "ipvs": {host: services}}.
    """
    found = []
    for front, workers in sorted(fronts.get("modjk", {}).items()):
        found += modjk_objections(node, routes, front, workers, again)
    for front, told in sorted(fronts.get("haproxy", {}).items()):
        if not told.get("running"):
            found.append("%s: %s" % (front, " ".join(told.get("problems") or ["HAProxy does not answer: start it."])))
        found += haproxy_objections(node, front, told.get("servers", []), again)
    for front, services in sorted(fronts.get("ipvs", {}).items()):
        found += ipvs_objections(node, address, front, services, again)
    return found


def settled(kind, told):
    """Whether an answer will do. Who holds a server for dead may do so for a moment only: on a busy machine, or just after it came back."""
    if told.get("failed"):
        return False
    if kind == "modjk":
        return not told["in_error"]
    if kind == "haproxy":
        return not any(one["status"].startswith("DOWN") for one in told["servers"])
    # keepalived takes such a server out of the kernel's table, so that another one stands there alone.
    return not any(len(service.get("servers", [])) == 1 for service in told["services"])


def unseen(before, after, node, routes, address):
    """Sentences on which balancers do not send visitors to a node that they had before."""
    for front, workers in sorted(after.get("modjk", {}).items()):
        for one in workers:
            if one["route"] in routes and not (one["usable"] and one.get("answers") is not False):
                yield "mod_jk on %s has its worker %s as %s %s" % (front, one["name"], one["activation"], one["state"])
    for front, told in sorted(after.get("haproxy", {}).items()):
        if not told.get("running"):
            yield "HAProxy on %s does not answer" % front
        for one in told.get("servers", []):
            if one["name"] == node and not usable(one):
                yield "HAProxy on %s has it as %s in %s" % (front, one["status"], one["backend"])
    for front, services in sorted(after.get("ipvs", {}).items()):
        weighted = {key for key, weight in weights(services, address) if weight > 0}
        for key in sorted({key for key, _weight in weights(before.get("ipvs", {}).get(front, []), address)} - weighted):
            yield "the director %s gives it no weight in %s" % (front, key)


def weights(services, address):
    """(virtual service, weight) of a node in a director's table."""
    for service in services:
        for one in service.get("servers", []):
            if one["address"] == address:
                yield where_of(service), one["weight"]


def where_of(service):
    return "%s:%s" % (service.get("address") or "mark %s" % service.get("fwmark"), service.get("port") or "*")


def described(servers, name, state):
    return ", ".join("%s %s" % (one[name], one[state]) for one in servers) or "there is none"
