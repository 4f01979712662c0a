# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes the writes when the members decide it themselves, by a lease in etcd. Pure.

Keys below a cluster's prefix: `writer` (who holds it; goes with its lease), `last` (who held it last, and what it had when it began),
`sync` (who may acknowledge for the writer), `handover` (to whom a writer gives its part, NOBODY while the cluster
becomes one that is led by hand), `member/<name>` (what a member says of itself; goes with its lease).

A term is the time of one writer, and named by the revision of `last`. What is kept:

1. A writer acknowledges a commit when a member of `sync` has it, never alone (semi-synchronous, AFTER_SYNC, no time limit). So every
   acknowledged transaction is on some member of `sync`.
2. A member acknowledges only while its own server process, named in `sync`, is the one that receives.
3. Nobody takes the writer's place before all members of `sync` have stopped receiving from the old one and have said so for that term. From
   then on nothing that the old one does is acknowledged, whether it knows of its successor or not.
4. Who takes it has everything that any of them has. An entry of `sync` is `whole` when its member has everything that was acknowledged
   before `sync` was changed; at least one must be.

The lease decides who may try; 1 to 3 hold without any clock.
"""

from __future__ import annotations

from collections import namedtuple

from ansible_collections.failover.stack.plugins.module_utils._agents.mysql_record import DOWN, KEEP, READ_ONLY, RELEASE, TAKE, WRITABLE
from ansible_collections.failover.stack.plugins.module_utils._sql.gtid import GtidError, contains, union

FORGET, GIVE_UP, KILL, ADOPT, DEPOSE, CONFIRM = "forget", "give up", "kill", "adopt", "depose", "confirm"
PROMISE, FOLLOW, NOTHING = "promise", "follow", "nothing"
NOBODY = ""
# So long a writer whose server is gone, and for whom nobody can stand in, keeps its address: clients are refused at once.
GRACE_S = 10.0

# What a member sees in the store. term: 0 before anybody has held the lease. writer: None when nobody holds it; by: the id of its lease.
# made: the revision of that key's making, sync_made: of the last change of `sync`, said: {member: of what it says}.
View = namedtuple("View", "term writer by last sync handover members made sync_made said",
                  defaults=(0, None, "", {}, {}, {}, {}, 0, 0, {}))
# What it knows of itself. lease: whether the writer's key is its own and was renewed in time. proof: whether it is certain that nobody else
# can have taken over. alive: whether its own lease was renewed in time. unfit: why it should not be the writer, "" if it may. confirmed:
# whether no request of this member's to give its part to another one can still be on its way. by_hand: whether it was made the writer by
# hand, and has never held the lease. joined: whether it has followed somebody who holds it since it was last led by hand.
# wrote: whether its server, which does not answer now, took writes when it did.
Own = namedtuple("Own", "name server instance recorded held lease proof down_s unfit continuous alive confirmed by_hand joined wrote",
                 defaults=(False, False, False, False, 0.0, "", False, False, True, False, True, False))
Decision = namedtuple("Decision", "server address lease replication because target acks",
                      defaults=(KEEP, KEEP, KEEP, NOTHING, "", "", None))


def view_of(keys):
    """View of what _etcd.keys.Keys.read() returned."""
    def value(name):
        return keys[name][0] if name in keys else {}

    members = {name[len("member/"):]: entry[0] for name, entry in keys.items() if name.startswith("member/")}
    last = keys.get("last")
    _value, made, _changed, by = keys.get("writer", ({}, 0, 0, ""))
    return View(term=last[2] if last else 0, writer=value("writer").get("name"), by=by, last=value("last"), sync=value("sync"),
                handover=value("handover"), members=members, made=made, sync_made=keys["sync"][2] if "sync" in keys else 0,
                said={name: keys["member/" + name][2] for name in members})


def admitted(view, own):
    """Whether this member's server is one of those that may acknowledge for the writer: then it says that it does."""
    return bool(own.instance) and view.sync.get(own.name, {}).get("instance") == own.instance


def acknowledges(view, own):
    """Whether it may begin to: what it says is what the writer takes it out by, so it must have been said first."""
    return admitted(view, own) and bool(view.members.get(own.name, {}).get("acks"))


def parked(view):
    """Whether the writer has said that the cluster becomes one that is led by hand: whatever its lease does, nobody takes over."""
    return view.handover.get("to") == NOBODY


def has(mine, theirs):
    """Whether a position has all of another one; what cannot be compared has not."""
    try:
        return contains(mine or "", theirs or "")
    except GtidError:
        return False


def deposed(view):
    """Whether the lease need not be waited for: everybody who may acknowledge says that the writer's machine is silent. If they are wrong
    the writer sees that its key is gone, and nothing else happens than does when they are right."""
    there = [view.members.get(name, {}) for name in view.sync]
    return bool(there) and any(entry.get("whole") for entry in view.sync.values()) and all(
        told.get("silent") == view.term and told.get("instance") == entry.get("instance")
        for told, entry in zip(there, view.sync.values()))


# --- Who follows ----------------------------------------------------------------------


def promises(view):
    """{member: what it had when it stopped receiving in this term}. What a process that ended had received is gone."""
    return {name: told["promise"] for name, told in view.members.items() if told.get("promise", {}).get("term") == view.term
            and told["promise"].get("instance") == told.get("instance")}


def unproven(view):
    """Why nobody may take over yet: some acknowledged transaction might be on nobody who was asked. "" when that is excluded."""
    given = promises(view)
    if given.get(view.last.get("name"), {}).get("complete"):
        return ""
    if not view.sync:
        return "%s acknowledged alone: it has to come back" % view.last.get("name")
    if not any(entry.get("whole") for entry in view.sync.values()):
        return "%s may lack what %s acknowledged before" % (" and ".join(sorted(view.sync)), view.last.get("name"))
    away = sorted(name for name, entry in view.sync.items()
                  if name not in given or given[name].get("instance") != entry.get("instance"))
    if away:
        return "%s may have acknowledged what nobody else has, and %s not told" % (
            " and ".join(away), "has" if len(away) == 1 else "have")
    return ""


def everything(view):
    """All that may have been acknowledged, of those who promised."""
    found = ""
    for name, promise in promises(view).items():
        if name in view.sync or promise.get("complete"):
            found = union(found, promise["position"])
    return found


def successor(view, order):
    """(name, "") of the one who takes over in this term, or (None, why nobody does yet). order: names, those that are preferred first."""
    why = unproven(view)
    if why:
        return None, why
    given = promises(view)
    late = sorted(name for name, told in view.members.items() if told.get("following") == view.term and name not in given)
    if late:
        # It received, too, and one that had stood still for long may have acknowledged before it knew that it may not. It says so at once,
        # or its key goes.
        return None, "%s has not told yet what it received" % " and ".join(late)
    try:
        needed = everything(view)
    except GtidError as error:
        return None, str(error)
    fit = [name for name, promise in given.items() if has(promise["position"], needed) and not promise.get("unfit")]
    if not fit:
        return None, "no member has all of %s" % needed

    def rank(name):
        # Somebody else's more recent transactions were acknowledged to nobody, but whoever has them could not follow without a copy.
        lacking = sum(not has(given[name]["position"], other["position"]) for other in given.values())
        return lacking, name not in view.sync, order.index(name) if name in order else len(order)

    return min(fit, key=rank), ""


# --- What a member does ---------------------------------------------------------------


def plan(own, view, order, leaderless=False, alone=False):
    """view: None when the store did not tell anything recently. leaderless: it is proven that the store can change nothing."""
    if view is None:
        return without_store(own, leaderless)
    if view.writer == own.name and own.lease:
        return as_writer(own, view, alone)
    if own.recorded:
        return as_former(own, view, leaderless)
    return as_replica(own, view, order)


def closed(own, **more):
    """Nobody writes here, nobody comes here for the writer. A writer's server that hangs could go on where it was."""
    server = READ_ONLY if own.server == WRITABLE else KILL if own.server == DOWN and (own.recorded or own.wrote) else KEEP
    return Decision(server=server, address=RELEASE if own.held else KEEP, **more)


def without_store(own, leaderless):
    if own.recorded and own.server != READ_ONLY and own.by_hand:
        # Nobody takes over from a writer that has never held the lease.
        return Decision(address=KEEP if own.held or own.server == DOWN else TAKE,
                        because="etcd does not answer yet, stays the writer that it was made by hand")
    if own.recorded and own.server == WRITABLE and (own.lease or own.proof or leaderless):
        why = "the lease still runs" if own.lease else "no etcd can give it away" if leaderless else "its replicas still follow it"
        return Decision(address=KEEP if own.held else TAKE, because="etcd does not answer, %s: stays the writer" % why)
    if own.recorded and own.server == DOWN and (own.lease or leaderless) and own.down_s <= GRACE_S:
        return Decision(because="the server does not answer, nor does etcd")
    # A replica that cannot renew its lease counts as gone before long, unless nobody can change that.
    return closed(own, because="etcd does not answer", acks=None if own.alive or leaderless else False)


def as_writer(own, view, alone):
    stand_in = fit_to_follow(view, own.name)
    if own.server == DOWN:
        if stand_in:
            return Decision(address=RELEASE, lease=GIVE_UP, server=KILL,
                            because="the server does not answer, %s takes over" % " or ".join(stand_in))
        late = own.down_s > GRACE_S
        return Decision(address=RELEASE if late and own.held else KEEP, because="the server does not answer, and nobody can take over")
    if own.unfit and stand_in:
        return Decision(address=RELEASE, lease=GIVE_UP, server=KILL, because="%s, %s takes over" % (own.unfit, " or ".join(stand_in)))
    if own.server == READ_ONLY and not own.confirmed:
        return Decision(lease=CONFIRM, because="the lease is here, unless this member is just giving it away")
    if own.server == READ_ONLY:
        return Decision(server=WRITABLE, because="the lease is here")
    return Decision(address=KEEP if own.held else TAKE, acks=bool(view.sync or not alone), because="writer" + (
        "" if view.sync else ", and no replica may acknowledge" + (": it acknowledges alone" if alone else "")))


def fit_to_follow(view, me):
    """Members of `sync` when all of them are there as they were put in, and one has everything: they can take over at once."""
    if not any(entry.get("whole") for entry in view.sync.values()):
        return []
    there = [name for name, entry in view.sync.items()
             if name != me and view.members.get(name, {}).get("instance") == entry.get("instance")
             and view.members[name].get("following") == view.term and not view.members[name].get("unfit")]
    return sorted(there) if len(there) == len(view.sync) else []


def as_former(own, view, leaderless):
    """It is recorded as the writer, and does not hold the lease."""
    if not view.writer and own.by_hand and own.server == WRITABLE:
        # Of a cluster that was led by a lease once, too: since then somebody else has decided.
        return Decision(lease=ADOPT, because="no writer holds a lease yet" if not view.term else "was made the writer by hand")
    if not view.term:
        return Decision(because="no writer holds a lease yet")
    if view.writer in (None, own.name) and own.server == WRITABLE and view.last.get("name") == own.name and own.continuous and (
            own.proof or leaderless) and not view.handover:
        return Decision(lease=TAKE, address=KEEP, because="the lease has run out, and its replicas still follow: takes it again")
    who = view.writer or "nobody"
    return closed(own, lease=FORGET, because="%s holds the lease" % (who if who != own.name else "another process here"))


def as_replica(own, view, order):
    if own.server == DOWN:
        return closed(own, because="the server does not answer")
    if not view.term:
        # The server that a run is just making the writer takes writes before that is recorded.
        return Decision(because="no writer holds a lease yet")
    if view.writer == own.name:
        # Of an agent that was started anew without its lease: it has to run out.
        return closed(own, because="an older lease of this member has to run out")
    if view.writer and deposed(view):
        return closed(own, lease=DEPOSE, because="the machine of %s does not answer anybody who follows it" % view.writer)
    if view.writer:
        return closed(own, replication=FOLLOW, target=view.writer, acks=acknowledges(view, own), because="follows %s" % view.writer)
    if parked(view) or not own.joined:
        # What the store knows is of another time.
        return closed(own, because="it is led by hand, until the writer of now takes the lease")
    if view.handover:
        mine = view.handover.get("to") == own.name
        return closed(own, lease=TAKE if mine else KEEP, because=(
            "takes over from %s" if mine else "%s gives its part away") % view.handover.get("from"))
    if own.name not in promises(view):
        return closed(own, replication=PROMISE, because="nobody holds the lease, no longer receives from %s" % view.last.get("name"))
    who, why = successor(view, order)
    return closed(own, lease=TAKE if who == own.name else KEEP, because="nobody holds the lease: %s" % (why or "%s takes over" % who))


# --- Who may acknowledge ----------------------------------------------------------------


def ready(view, me):
    """{member: its server process} of those that receive from the writer of this term."""
    return {name: told["instance"] for name, told in view.members.items()
            if name != me and told.get("instance") and receives(told, view.term) and not told.get("unfit")}


def may_acknowledge(told, entry, term):
    """Whether a member of `sync` can still say that it has something: unless it is gone (its agent ends that before its key goes), its
    server is another process, or it says itself that it does not."""
    return told.get("instance") == entry.get("instance") and (told.get("acks") is not False or receives(told, term))


def receives(told, term):
    """Whether a member receives from the writer of a term, or is about to.

    `joining`: a former writer whose last transactions were taken back needs them again from the others, and MariaDB lets a server have its
    own transactions back only while it acknowledges."""
    return term in (told.get("following"), told.get("joining"))


def next_sync(view, me, positions, needed, alone=False):
    """`sync` as the writer should have it; the same when nothing is to be changed.

    positions: what members were seen to have, a moment ago. needed: what the writer had before that, None when it is not known. Who is
    added may acknowledge from then on; whole it is when it has `needed`, which contains whatever was acknowledged before. Who is gone is
    taken out when somebody else has everything that it may have acknowledged, and whole are then only those who were seen to have it.
    """
    there = ready(view, me)
    kept = {name: entry for name, entry in view.sync.items() if may_acknowledge(view.members.get(name, {}), entry, view.term)}
    gone = len(kept) < len(view.sync)

    def whole(name):
        return needed is not None and name in positions and has(positions[name], needed)

    if gone and kept and not any(whole(name) for name in {**kept, **there}):
        # The last who knew it all may be the one that is gone.
        kept = view.sync
    elif gone and not kept and not there and not alone:
        # It may come back, with the same process, and all that it acknowledged.
        kept = view.sync
    same = kept if kept is view.sync or not gone else {}
    found = {name: {"instance": entry["instance"], "whole": whole(name) or bool(same.get(name, {}).get("whole"))}
             for name, entry in kept.items()}
    for name, instance in there.items():
        if name not in found:
            found[name] = {"instance": instance, "whole": whole(name)}
    return found


def leaving(view, sync):
    """[(member, revision of what it said)] of those that `sync` has no more, or as another process: it holds while they say the same."""
    return [(name, view.said.get(name, 0)) for name, entry in view.sync.items() if sync.get(name, {}).get("instance") != entry["instance"]]


def changes(view, me):
    """Whether `sync` is not, or not yet, what it should be."""
    return ready(view, me) != {name: entry.get("instance") for name, entry in view.sync.items()} or not all(
        entry.get("whole") for entry in view.sync.values())


def taken_sync(view, me):
    """`sync` of a new term: those who stopped receiving, who will turn to the new writer, may acknowledge for it at once.

    They are whole when they have what the new writer has: nothing else was acknowledged."""
    given = promises(view)
    mine = given.get(me, {}).get("position", "")
    return {name: {"instance": promise["instance"], "whole": has(promise["position"], mine)} for name, promise in given.items()
            if name != me and promise.get("instance") and not promise.get("unfit") and has(mine, promise["position"])}
