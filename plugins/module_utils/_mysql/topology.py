# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes the writes and who replicates from whom: read from the living servers, wished by the inventory. Pure."""

from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._sql import gtid as gtids

# Reading cannot go on: the source no longer has what the replica needs, or has another history.
LOST = (1236, 13114, 1593)


class View:
    """What the servers say, with the members' names in place of addresses."""

    def __init__(self, observed, addresses, sources, replicate_from=None, port=3306, recorded=()):
        self.members = list(addresses)
        self.observed = observed
        self.addresses, self.ports = addresses, port if isinstance(port, dict) else dict.fromkeys(addresses, port)
        self.sources = [name for name in sources if name in addresses]
        self.wishes = {name: wish for name, wish in (replicate_from or {}).items() if wish}
        self.recorded = [name for name in recorded if name in addresses]
        self.links, self.channels, self.foreign, self.strangers = {}, {}, {}, {}
        for member in self.members:
            self.find_link(member)

    def info(self, member):
        return self.observed.get(member) or {}

    def reachable(self, member):
        return bool(self.info(member).get("reachable"))

    def empty(self, member):
        """Neither data nor any part in the replication."""
        info = self.info(member)
        return (info.get("blank") is True and not self.links.get(member) and not self.followers(member)
                and not info["gtid"]["executed"])

    def writable(self, member):
        return self.reachable(member) and bool(self.info(member).get("writable"))

    def find_link(self, member):
        for channel in self.info(member).get("channels") or []:
            source = self.member_at(channel)
            if source and source != member:
                self.links.setdefault(member, source)
                self.channels.setdefault(member, channel)
            else:
                self.strangers.setdefault(member, []).append(channel.get("channel") or "")
                if not channel.get("channel"):
                    self.foreign[member] = channel

    def member_at(self, channel):
        """By address and port, else by the identity that the replica has seen at the other end."""
        host, port = channel.get("source_host"), channel.get("source_port")
        for member in self.members:
            if host in (self.addresses[member], member) and int(self.ports[member]) == int(port or 3306):
                return member
        for member in self.members:
            info = self.info(member)
            if channel.get("source_uuid") and channel["source_uuid"] == info.get("server_uuid"):
                return member
            if not channel.get("source_uuid") and channel.get("source_server_id") and channel["source_server_id"] == info.get("server_id"):
                return member
        return None

    def followers(self, member):
        return [name for name in self.members if self.links.get(name) == member]

    def mutual(self, member):
        """The other of two that replicate each other."""
        other = self.links.get(member)
        return other if other and self.links.get(other) == member else None


# --- The writer ------------------------------------------------------------------


def find_writer(view):
    """(member or None, why). The living decide; the inventory only where there is nothing yet."""
    writable = [name for name in view.members if view.writable(name) and not view.empty(name)]
    if len(writable) == 1 and leads(view, writable[0]):
        return writable[0], "it is the only one that may be written to"
    followed = [name for name in writable if view.followers(name)]
    if len(followed) == 1:
        return followed[0], "it may be written to and others replicate from it"
    found = chosen(view, followed or roots(view))
    if found:
        return found, "the others replicate from it"
    found = chosen(view, ahead(view, writable) or writable)
    if found:
        return found, "it may be written to" + (" and has all that the others have" if len(writable) > 1 else "")
    return without_topology(view)


def leads(view, member):
    """Whether a member that may be written to is no mere replica that was made writable."""
    source = view.links.get(member)
    return (source is None or bool(view.followers(member)) or not view.reachable(source) or view.empty(source))


def ahead(view, names):
    """Those that have all transactions of the others."""
    return [name for name in names
            if all(view.info(other)["dialect"] == view.info(name)["dialect"]
                   and not gtids.errant(view.info(other)["gtid"], view.info(name)["gtid"]) for other in names if other != name)]


def roots(view):
    """Those whom others follow and who follow nobody, or each other."""
    return [name for name in view.members if view.followers(name) and (not view.links.get(name) or view.mutual(name))]


def chosen(view, names):
    """Of several: whom the agent has recorded, then as the inventory has them."""
    for order in (view.recorded, view.sources, view.members):
        for name in order:
            if name in names:
                return name
    return None


def without_topology(view):
    full = [name for name in view.members if view.reachable(name) and not view.empty(name)]
    if chosen(view, view.recorded):
        return view.recorded[0], "it is recorded as the writer"
    first = view.sources[0] if view.sources else None
    if first and view.reachable(first) and view.empty(first) and len(full) == 1:
        return full[0], "it is the only one that holds data"
    return first, "nothing replicates yet, so the inventory decides"


# --- The others ------------------------------------------------------------------


def partner_of(view, writer):
    """The passive one of two sources that replicate each other."""
    if writer is None:
        return None
    if len(view.sources) > 1 and writer in view.sources:
        return next(name for name in view.sources if name != writer)
    return view.mutual(writer)


def source_for(view, member, writer):
    """(source, sentence): whom a member shall replicate from, and what is wrong with the inventory's wish."""
    wish = view.wishes.get(member)
    if not wish or wish == writer:
        return writer, None
    if wish not in view.addresses:
        return writer, "mysql_replication_replicate_from is '%s', which is no member" % wish
    chain = [member]
    while wish and wish != writer:
        if wish in chain:
            return writer, "mysql_replication_replicate_from leads in a circle: %s" % " -> ".join([*chain, wish])
        chain.append(wish)
        wish = view.wishes.get(wish)
    return chain[1], None


def inventory_source(view, member):
    """Whom the inventory alone would have it replicate from."""
    first = view.sources[0] if view.sources else None
    if member == first:
        return view.sources[1] if len(view.sources) > 1 else None
    return view.wishes.get(member) or first


def topology(observed, addresses, sources, replicate_from=None, port=3306, recorded=(), writer=None):
    """{member: {role, source, writable, action, because, differs_from_inventory, errant}}"""
    view = View(observed, addresses, sources, replicate_from, port, recorded)
    writer, why = (writer, "it has just been promoted") if writer else find_writer(view)
    partner = partner_of(view, writer)
    result = {}
    for member in view.members:
        if member == writer:
            continue
        source, wrong = source_for(view, member, writer)
        row = {"role": "passive" if member == partner else "replica", "source": source, "writable": False}
        row["action"], row["because"], row["errant"] = action_for(view, member, source)
        if row["action"] == "join" and view.info(member).get("blank") and becomes_copy(view, source, writer):
            row["action"], row["because"] = "seed", "it is blank and its source %s becomes a copy first" % source
        stray = beside(view, row["errant"], source)
        if member == partner and stray and view.links.get(writer) != member and row["action"] == "none":
            # Back after a failover: what it alone has would flow into the writer as soon as that replicates from it again.
            row["action"], row["because"], row["errant"] = refused(stray, source)
        row["differs_from_inventory"] = differs(view, member, source, wrong)
        result[member] = row
    if writer:
        result[writer] = writer_row(view, writer, why, partner, result)
    return {member: result[member] for member in view.members}


def becomes_copy(view, member, writer):
    """Whether its binary logs are going to begin anew."""
    return member != writer and action_for(view, member, source_for(view, member, writer)[0])[0] == "seed"


def differs(view, member, source, wrong=None):
    if not view.reachable(member):
        return None
    wished = inventory_source(view, member)
    if wrong:
        return "%s: %s: it replicates from %s." % (member, wrong, source)
    if source != wished:
        return "%s: it replicates from %s, the inventory says %s." % (member, source or "nobody", wished or "nobody")
    return None


def writer_row(view, writer, why, partner, others):
    row = {"role": "source", "source": partner, "writable": True, "action": "none", "because": why, "errant": "",
           "differs_from_inventory": None}
    if view.sources and writer != view.sources[0]:
        row["differs_from_inventory"] = "%s: it takes the writes, the inventory says %s." % (writer, view.sources[0])
    if not view.reachable(writer):
        row["because"] = "%s, but it cannot be reached: mysql_failover.yml promotes another member" % why
    elif writer in view.foreign:
        row["action"], row["because"], _errant = foreign_action(view, writer)
    elif partner and view.reachable(partner) and others[partner]["action"] != "refuse":
        row["action"], row["because"] = writer_join(view, writer, partner, why)
    return row


def writer_join(view, writer, partner, why):
    if view.links.get(writer) not in (partner, None):
        return "repoint", "%s; it replicates from %s, the other source is %s" % (why, view.links[writer], partner)
    channel = view.channels.get(writer)
    if channel is None:
        return "join", "%s; the other source is %s" % (why, partner)
    if "stopped" in (channel["receiver"], channel["applier"]) and not (channel["receiver_errno"] or channel["applier_errno"]):
        return "join", "%s; its replication from %s is stopped" % (why, partner)
    return "none", why


def foreign_action(view, member):
    channel = view.foreign[member]
    return "refuse", ("it replicates from %s:%s, which is no member of this group: mysql_replica with state absent takes it from there"
                      % (channel["source_host"], channel["source_port"])), ""


def action_for(view, member, source):
    """(action, why, errant transactions) of a member that shall replicate from source."""
    if not view.reachable(member):
        return "none", "it cannot be reached", ""
    if source is None:
        return "none", "there is no source", ""
    if member in view.foreign:
        return foreign_action(view, member)
    if not view.reachable(source):
        return "none", "its source %s cannot be reached" % source, ""
    mine, theirs = view.info(member), view.info(source)
    if mine["dialect"] != theirs["dialect"]:
        return "refuse", "it is %s and its source %s is %s" % (mine["dialect"], source, theirs["dialect"]), ""
    errant = errant_of(view, member, source)
    link = view.links.get(member)
    if link == source:
        return action_when_linked(view.channels[member], source, errant)
    if link:
        return action_to_repoint(view.channels[member], link, source, errant, lacks(mine, theirs))
    return action_when_new(view, member, source, errant)


def errant_of(view, member, source):
    """A source that is itself a replica may be behind for a moment; that alone is no errant transaction."""
    mine, theirs = view.info(member), view.info(source)
    found = gtids.errant(mine["gtid"], theirs["gtid"])
    uuid = mine["server_uuid"] if mine["dialect"] == "mysql" else None
    if view.strangers.get(member):
        # What channels from elsewhere brought is in nobody's way.
        found = gtids.of_stream(found, theirs["gtid"], mine["server_id"], uuid)
    if found and view.links.get(source) not in (None, member) and not gtids.own(found, mine["server_id"], uuid):
        return ""
    return found


def beside(view, errant, source):
    """What a running replica has beside what its source wrote: that was only looked at a moment earlier."""
    if not errant:
        return ""
    info = view.info(source)
    return gtids.not_from(errant, info["server_id"], info["server_uuid"] if info["dialect"] == "mysql" else None)


def lacks(mine, theirs):
    """Whether the source no longer has in its binary logs what is missing here."""
    purged = theirs["gtid"].get("purged")
    return bool(purged) and bool(gtids.subtract(purged, mine["gtid"]["executed"]))


def refused(errant, source):
    return "refuse", "it has transactions that %s has not: %s" % (source, errant), errant


def action_when_linked(channel, source, errant):
    stopped = [thread for thread in ("receiver", "applier") if channel[thread] == "stopped"]
    errors = [channel[thread + "_error"] for thread in ("receiver", "applier") if channel[thread + "_errno"]]
    broken = channel["receiver_errno"] in LOST or (channel["applier"] == "stopped" and channel["applier_errno"])
    if broken and errant:
        return "refuse", "replication is broken (%s) and it has transactions that %s has not: %s" % (errors[0], source, errant), errant
    if broken:
        return "seed", "replication is broken: %s" % errors[0], ""
    if stopped:
        return ("join", "its replication from %s is stopped" % source, "") if not errant else refused(errant, source)
    return "none", "it replicates from %s" % source, errant


def action_to_repoint(channel, link, source, errant, lost):
    if errant:
        return refused(errant, source)
    if channel["gtid"] == "none":
        return "refuse", "it replicates from %s without GTIDs: at which position to go on at %s is unknown" % (link, source), ""
    if lost:
        return "seed", "%s no longer has the binary logs it needs" % source, ""
    return "repoint", "it replicates from %s" % link, ""


def action_when_new(view, member, source, errant):
    mine, theirs = view.info(member), view.info(source)
    if mine.get("blank") is True:
        return action_when_blank(mine, theirs, source, errant)
    if errant:
        return refused(errant, source)
    if not mine["gtid"]["executed"]:
        names = ", ".join(mine.get("databases") or []) or "databases that may not be seen"
        return "refuse", "it holds %s and no history that %s shares" % (names, source), ""
    if view.strangers.get(member) and not shares_history(mine, theirs) and not theirs["gtid"].get("complete"):
        return "refuse", "it needs a copy of %s, which would replace what its channel '%s' brings" % (
            source, "', '".join(view.strangers[member])), ""
    if lacks(mine, theirs):
        return "seed", "it was a source, and %s no longer has the binary logs it needs" % source, ""
    return "rejoin", "it was a source, or was seeded, and %s has all that it has" % source, ""


def action_when_blank(mine, theirs, source, errant):
    """A copy, unless it is proven that everything is in the source's binary logs: databases may be older than these."""
    gtid = theirs["gtid"]
    if mine["gtid"]["executed"] and not errant and not theirs.get("blank"):
        return "seed", "it is blank, though its binary log says that it has %s" % mine["gtid"]["executed"], ""
    if errant:
        return "seed", "it is blank", ""
    if gtid.get("complete"):
        return "join", "it is blank and the binary logs of %s go back to the beginning" % source, ""
    if gtid.get("purged"):
        return "seed", "it is blank and the binary logs of %s do not go back to the beginning" % source, ""
    return "seed", "it is blank and nothing proves that the binary logs of %s have all that it holds" % source, ""


def shares_history(mine, theirs):
    """Whether some transaction is on both."""
    return gtids.count(mine["gtid"]["executed"]) > gtids.count(mine["gtid"]["executed"], theirs["gtid"]["executed"])
