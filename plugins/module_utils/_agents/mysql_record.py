# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent of the writer address does in which situation, and the record that it shares with module mysql_writer.

Only the standard library and no neighbours: it is also installed beside the agent on the nodes.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections import namedtuple

DIRECTORY = "/var/lib/failover-mysql"
RUN_DIRECTORY = "/run/mysql-writer"
RECORD, LOCK = "writer.json", "lock"
# The name stays: whoever switches over with a new collection must know the agent of an old one, which holds this lock.
ALIVE = "guard.lock"
# So long a writer whose server is gone keeps its address: clients are refused at once instead of hanging, and a restart is short.
GRACE_S = 10.0

WRITABLE, READ_ONLY, DOWN = "writable", "read_only", "down"
KEEP, TAKE, RELEASE, FORGET = "keep", "take", "release", "forget"

# What the agent knows of itself. recorded None: there is no record, so nobody has said yet who is the writer.
Own = namedtuple("Own", "recorded yielding server held down_s restarted continuous rival isolated")
# What it knows of another member. follows is 'me', 'other' or None (replicates from nobody), ahead: has transactions that are not here.
Peer = namedtuple("Peer", "name reached writable follows ahead", defaults=(False, False, None, False))
Decision = namedtuple("Decision", "address server record because")


def own(recorded=True, yielding=False, server=WRITABLE, held=True, down_s=0.0, restarted=False, continuous=False, rival=None,
        isolated=False):
    return Own(recorded, yielding, server, held, down_s, restarted, continuous, rival, isolated)


def objection(state, peers):
    """Why a recorded writer that was restarted must not take writes again yet; None when it may."""
    if peers is None:
        return "the other members are being asked"
    there = [peer for peer in peers if peer.reached]
    followers = [peer.name for peer in there if peer.follows == "me"]
    for peer in there:
        if peer.follows == "other":
            return "%s replicates from another member" % peer.name
        if peer.ahead and not (followers and peer.follows is None):
            return "%s has transactions that are not here" % peer.name
    if peers and not there and not state.continuous:
        return "no other member can be asked"
    return None


def plan(state, peers):
    """Address and writes go together, and only where this member is the recorded writer."""
    if state.recorded is None:
        return Decision(KEEP, KEEP, KEEP, "nobody has said yet who is the writer")
    if not state.recorded:
        return unrecorded(state)
    other_writer = [peer.name for peer in peers or () if peer.reached and peer.writable]
    if other_writer and state.server == READ_ONLY:
        return Decision(RELEASE, KEEP, FORGET, "%s is the writer now" % other_writer[0])
    stop = READ_ONLY if state.server == WRITABLE else KEEP
    if state.rival:
        return Decision(RELEASE, stop, KEEP, "%s answers for the address, too" % state.rival)
    if state.isolated:
        return Decision(RELEASE, stop, KEEP, "cut off: neither a peer nor the gateway answers")
    if state.server == DOWN:
        late = state.down_s > GRACE_S
        return Decision(RELEASE if late else KEEP, KEEP, KEEP, "the server does not answer%s" % (
            " for more than %d s" % GRACE_S if late else ""))
    if state.server == WRITABLE:
        return Decision(KEEP if state.held else TAKE, KEEP, KEEP, "writer")
    return restarted(state, peers)


def urgent(state):
    """Whether a writer has to stop at once, whoever works on the member.

    Who is not the writer hears the writer's answers, and may be taking over from it at this very moment.
    """
    return bool(state.recorded) and bool(state.isolated or state.rival)


def unrecorded(state):
    server = READ_ONLY if state.server == WRITABLE else KEEP
    if state.yielding:
        return Decision(KEEP, server, KEEP, "hands the address over")
    return Decision(RELEASE, server, KEEP, "not the writer")


def restarted(state, peers):
    """The recorded writer's server answers and is read-only."""
    if not state.restarted:
        return Decision(RELEASE, KEEP, KEEP, "somebody made the server read-only")
    why = objection(state, peers)
    if why:
        # Whoever held it all the time keeps it while he asks.
        return Decision(KEEP if state.continuous and peers is None else RELEASE, KEEP, KEEP, "stays read-only: %s" % why)
    return Decision(KEEP, WRITABLE, KEEP, "the writer is back and nobody objects")


def follows(sources, here, members):
    """'me', 'other' or None: whom a peer with these sources [(host, port)] replicates from.

    here and members are {(host, port)} of this member and of the others; a source outside the cluster is nobody's business.
    """
    sources = set(sources)
    if sources & here:
        return "me"
    return "other" if sources & members else None


def chained(peers, sources, members):
    """Peers behind a peer that replicates from this member follow this member, too.

    sources: {name: [(host, port)]}, members: {name: {(host, port)}}
    """
    found = dict((peer.name, peer) for peer in peers)
    changed = True
    while changed:
        changed = False
        for name, peer in list(found.items()):
            if peer.follows != "other":
                continue
            above = [other for other, where in members.items() if where & set(sources.get(name, []))]
            if above and all(found.get(other) and found[other].follows == "me" for other in above):
                found[name] = peer._replace(follows="me")
                changed = True
    return [found[peer.name] for peer in peers]


# What agent and module tell each other.

STATUS, REQUEST, START = "status.json", "request.json", "start.json"
# There while the agent holds the lease: its server acknowledges for nobody.
LEADS = "leads"


def read_json(path):
    """{} where there is nothing, or nothing that can be read."""
    try:
        with open(path, encoding="utf-8") as handle:
            return json.load(handle)
    except (OSError, ValueError):
        return {}


def write_json(path, value):
    """Whole or not at all."""
    with open(path + ".new", "w", encoding="utf-8") as handle:
        json.dump(value, handle, sort_keys=True)
    os.replace(path + ".new", path)


# The record: whether this member is the writer, and to whom it hands the address over.

def record_path(directory=DIRECTORY):
    return os.path.join(directory, RECORD)


def read_record(directory=DIRECTORY):
    """(record, time of its last change); an empty one when there is none."""
    try:
        with open(record_path(directory), encoding="utf-8") as handle:
            return json.load(handle), os.fstat(handle.fileno()).st_mtime
    except (OSError, ValueError):
        return {}, 0.0


def write_record(record, directory=DIRECTORY):
    """Whole or not at all, and there after a power cut."""
    path = record_path(directory)
    with open(path + ".new", "w", encoding="utf-8") as handle:
        json.dump(record, handle, sort_keys=True)
        handle.write("\n")
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(path + ".new", path)
    node = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(node)
    finally:
        os.close(node)


@contextlib.contextmanager
def locked(directory=DIRECTORY, wait=True):
    """One at a time: the agent or the module. Yields whether the lock was got."""
    handle = os.open(os.path.join(directory, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def agent_runs(directory=RUN_DIRECTORY):
    """Whether an agent is alive: it keeps a lock as long as it lives."""
    try:
        handle = os.open(os.path.join(directory, ALIVE), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
