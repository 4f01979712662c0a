# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the balancers in front of a web node let it go: it is not drained already, and others carry the load; and whether they have it
again. Pure."""

from __future__ import annotations

# What balancers are called, by how fronts_info has them.
CALLED = {"modjk": "mod_jk on %s", "haproxy": "HAProxy on %s", "ipvs": "IPVS on %s"}


def usable(server):
    """A server of HAProxy that gets visitors."""
    return server["status"].split(" ")[0] in ("UP", "no")


def serves(worker):
    """A worker of mod_jk that gets requests and answers them."""
    return worker["usable"] and worker.get("answers") is not False


def out_of_modjk(worker):
    """How it is where somebody has taken it out."""
    return "" if worker["activation"] == "active" else worker["activation"]


def out_of_haproxy(server):
    return server["status"] if server["status"].startswith(("MAINT", "DRAIN")) else ""


def is_of(route, node):
    """Whether a jvmRoute is of a Tomcat of that node, see route_of() in _web/ajp_workers.py."""
    return route.startswith(node.replace(".", "-") + "-")


class Seen:
    """What the balancers tell of nodes, whose inventory names they, or the notes on drained nodes, know."""

    def __init__(self, fronts, notes):
        self.fronts = fronts
        self.names = {*notes, *fronts.get("modjk", {})}
        self.addresses = {}
        for one in self.servers("haproxy"):
            self.names.add(one["name"])
            self.addresses[one.get("address", "").rpartition(":")[0].strip("[]")] = one["name"]
        for one in self.servers("modjk"):
            self.addresses[one.get("host")] = self.of_route(one)

    def servers(self, kind):
        for told in self.fronts.get(kind, {}).values():
            yield from told.get("servers", []) if kind == "haproxy" else told

    def of_route(self, worker):
        """The node of a worker; the worker's name where nobody knows."""
        return max((name for name in self.names if is_of(worker["route"], name)), key=len, default=worker["name"])

    def groups(self, routes, address, node):
        """Of each balancer with the node in it: ((kind, host), [how it has the node where it is out], [(node, how it is, whether it is
        out) of each other one], whether one of these serves)."""
        for front, workers in sorted(self.fronts.get("modjk", {}).items()):
            for balancer in sorted({one["balancer"] for one in workers if one["route"] in routes}):
                yield (("modjk", front), *self.modjk([one for one in workers if one["balancer"] == balancer], routes))
        for front, told in sorted(self.fronts.get("haproxy", {}).items()):
            servers = told.get("servers", [])
            for backend in sorted({one["backend"] for one in servers if one["name"] == node}):
                yield (("haproxy", front), *self.haproxy([one for one in servers if one["backend"] == backend], node))
        for front, services in sorted(self.fronts.get("ipvs", {}).items()):
            for servers in (service.get("servers", []) for service in services):
                if any(one["address"] == address for one in servers):
                    yield (("ipvs", front), *self.ipvs(servers, address))

    def other(self, name, how, out):
        """Whom nobody knows by name nobody can give back by it."""
        return name, how, bool(out) and name in self.names

    def modjk(self, workers, routes):
        mine, others = parted(workers, lambda one: one["route"] in routes)
        how = {id(one): out_of_modjk(one) or (one["state"] if not one["usable"] else "without an answer") for one in others}
        return ([out_of_modjk(one) for one in mine if out_of_modjk(one)],
                [self.other(self.of_route(one), how[id(one)], out_of_modjk(one)) for one in others], any(serves(one) for one in others))

    def haproxy(self, servers, node):
        mine, others = parted(servers, lambda one: one["name"] == node)
        return ([out_of_haproxy(one) for one in mine if out_of_haproxy(one)],
                [self.other(one["name"], one["status"], out_of_haproxy(one)) for one in others], any(usable(one) for one in others))

    def ipvs(self, servers, address):
        mine, others = parted(servers, lambda one: one["address"] == address)
        return (["weight 0" for one in mine if one["weight"] == 0],
                [self.other(self.addresses.get(one["address"], one["address"]), "weight 0", True) for one in others],
                any(one["weight"] > 0 for one in others))


def parted(servers, is_mine):
    return [one for one in servers if is_mine(one)], [one for one in servers if not is_mine(one)]


def objections(node, routes, address, fronts, again=False, noted=None, last=False):
    """Sentences on why a node must not be drained now: one on the node, one on each proxy that does not answer.

    fronts: {"modjk": {host: workers}, "haproxy": {host: what haproxy_info tells}, "ipvs": {host: services}}.
    again: it may be drained already. last: nobody needs to be left. noted: {"drained": {node: who did what when}, "held": {the same of
    the lock that is there}}, as app_lock tells it.
    """
    noted = noted or {}
    found = ["%s: %s" % (front, " ".join(told.get("problems") or ["HAProxy does not answer: start it."]))
             for front, told in sorted(fronts.get("haproxy", {}).items()) if not told.get("running")]
    groups = list(Seen(fronts, noted.get("drained") or {}).groups(routes, address, node))
    out = {}
    for front, how, _others, _serve in groups:
        for one in how:
            out.setdefault(one, []).append(front)
    if out and not again:
        there = ", ".join("%s by %s" % (how, called(names)) for how, names in sorted(out.items()))
        return [*found, "%s: it is drained already (%s): %s; once nobody is at work there, give it back by %s." % (
            node, there, by_whom(node, noted), undrain(node))]
    without = [group for group in groups if not group[3]]
    return found + ([lonely(node, without, noted)] if without and not last else [])


def alone(node, routes, address, fronts):
    """Whether a balancer would have nobody without it."""
    return any(not serve for _front, _how, _others, serve in Seen(fronts, {}).groups(routes, address, node))


def lonely(node, groups, noted):
    """The sentence on a node that these balancers have nobody else for."""
    others, drained = {}, []
    for _front, _how, known, _serve in groups:
        for name, how, out in known:
            others.setdefault(name, []).append(how)
            if out and name not in drained:
                drained.append(name)
    there = ", ".join("%s is %s" % (name, " and ".join(dict.fromkeys(how))) for name, how in others.items()) or "there is no other one"
    ways = ["give %s back by %s (%s)" % (name, undrain(name), by_whom(name, noted)) for name in drained]
    ill = [name for name in others if name not in drained]
    ways += ["bring %s back first" % " and ".join(ill)] if ill else []
    if not others:
        ways = ["add another one, or let visitors wait meanwhile (docs/deploy.md, a site with one web node)"]
    return "%s: no healthy node is left to carry the load without it by %s (%s): %s." % (
        node, called([front for front, _how, _others, _serve in groups]), there, ", and ".join(ways))


def called(fronts):
    """Balancers in words. fronts: (kind, host)"""
    return ", ".join(CALLED[kind] % listed(sorted({host for one, host in fronts if one == kind}))
                     for kind in CALLED if kind in {one for one, _host in fronts})


def undrain(node):
    return "playbooks/web_undrain.yml -e web_undrain=%s" % node


def by_whom(node, noted):
    """Who holds a node out since when, as far as that was noted."""
    note = (noted.get("drained") or {}).get(node)
    if note:
        return "%s did that at %s (%s)" % (note.get("who"), note.get("since"), note.get("doing"))
    held = noted.get("held") or {}
    if held:
        return "%s has been %s since %s and has not ended" % (held.get("who"), held.get("doing"), held.get("since"))
    return "nothing was noted of who did that, so it was done by hand or by a run that was interrupted"


def listed(names):
    names = list(dict.fromkeys(names))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


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
            if one["route"] in routes and not serves(one):
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
