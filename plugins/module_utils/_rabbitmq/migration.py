# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module rabbitmq_queue_migration: which classic queues become quorum queues, by which way, and what stands against it.

A queue keeps its name, so its messages move twice: into a quorum queue beside it, and back once the queue is one of the new type.
What of that is done already is seen from which queues there are; nothing is remembered but what goes with the old queue.
"""

from __future__ import annotations

import json
from urllib.parse import quote

PREFIX = "failover-migration."
# A global parameter of the cluster, until the move has ended: arguments, bindings, permissions, nodes' files of plugins.
NOTES = "failover-migration"
# They say how a classic queue is kept; a quorum queue refuses them.
DROPPED = ("x-queue-type", "x-queue-mode", "x-queue-version", "x-queue-master-locator")
# The name of a replica, vhost and queue together, is an atom.
LONGEST = 250


def objection(queue):
    """Why a queue cannot become a quorum queue; None when it can."""
    arguments = queue.get("arguments") or {}
    if "x-max-priority" in arguments:
        return "has priorities (x-max-priority), which quorum queues do not know: use a queue for each priority"
    if arguments.get("x-overflow") == "reject-publish-dlx":
        return "has x-overflow reject-publish-dlx, which quorum queues do not know: use reject-publish"
    if len(queue["vhost"]) + len(PREFIX) + len(queue["name"]) > LONGEST:
        return "has a name too long for the queue beside it"
    return None


def key_of(queue):
    return queue["vhost"], queue["name"]


def notes_of(definitions):
    """What an earlier run left, since it was broken off."""
    for entry in definitions.get("global_parameters") or []:
        if entry["name"] == NOTES:
            return json.loads(entry["value"])
    return {"queues": [], "bindings": [], "permissions": [], "plugins": {}}


def noted(notes):
    """The global parameter. As text, since an export does not give every kind of value back in the shape it was given."""
    return {"name": NOTES, "value": json.dumps(notes, sort_keys=True)}


def plan(definitions, listing, vhosts):
    """(queues to move with all that goes with them, sentences against it, names of those that are left alone).

    definitions: an export. listing: queues as list_queues tells them. vhosts: where to look.
    """
    notes = notes_of(definitions)
    known = {key_of(queue): queue for queue in definitions.get("queues") or []}
    before = {key_of(queue) for queue in notes["queues"]}
    moved, refused, alone = list(notes["queues"]), [], []
    for queue in listing:
        key = key_of(queue)
        if queue["type"] != "classic" or queue["vhost"] not in vhosts or key in before:
            continue
        definition = known.get(key)
        if definition is None or not definition["durable"] or definition.get("auto_delete"):
            alone.append(queue["name"])
            continue
        bad = objection(definition)
        if bad:
            refused.append("Queue '%s' in vhost '%s' %s." % (queue["name"], queue["vhost"], bad))
        moved.append({"vhost": definition["vhost"], "name": definition["name"], "arguments": definition.get("arguments") or {}})
    keys = {key_of(queue) for queue in moved}
    bindings = list(notes["bindings"])
    bindings += [one for one in definitions.get("bindings") or []
                 if one["destination_type"] == "queue" and (one["vhost"], one["destination"]) in keys and one not in bindings]
    places = {queue["vhost"] for queue in moved}
    permissions = list(notes["permissions"])
    permissions += [entry for entry in definitions.get("permissions") or [] if entry["vhost"] in places and entry not in permissions]
    return {"queues": moved, "bindings": bindings, "permissions": permissions, "plugins": notes["plugins"]}, refused, alone


def beside(queue):
    """The queue that holds the messages meanwhile."""
    return {**quorum(queue), "name": PREFIX + queue["name"], "arguments": {"x-queue-type": "quorum"}}


def quorum(queue):
    arguments = {name: value for name, value in queue["arguments"].items() if name not in DROPPED}
    return {"vhost": queue["vhost"], "name": queue["name"], "durable": True, "auto_delete": False,
            "arguments": {**arguments, "x-queue-type": "quorum"}}


def dropped(queue):
    return sorted(name for name in queue["arguments"] if name in DROPPED[1:])


def shovel(queue, source, destination):
    """Moves as many messages as there are, each gone from its source only once it is confirmed at its destination."""
    uri = "amqp:///" + quote(queue["vhost"], safe="")
    return {"vhost": queue["vhost"], "component": "shovel", "name": PREFIX + queue["name"], "value": {
        "src-protocol": "amqp091", "src-uri": uri, "src-queue": source, "dest-protocol": "amqp091", "dest-uri": uri,
        "dest-queue": destination, "ack-mode": "on-confirm", "src-delete-after": "queue-length", "src-prefetch-count": 1000}}


def stage(queue, listing):
    """away: into the queue beside it; back: into the new queue of its name; done."""
    types = {key_of(one): one["type"] for one in listing}
    if types.get(key_of(queue)) == "classic":
        return "away"
    return "back" if (queue["vhost"], PREFIX + queue["name"]) in types else "done"


def anew(queues, notes):
    """Definitions of the quorum queues that take their names, with their bindings."""
    keys = {key_of(queue) for queue in queues}
    return {"queues": [quorum(queue) for queue in queues],
            "bindings": [one for one in notes["bindings"] if (one["vhost"], one["destination"]) in keys]}


def note_counts(notes, found):
    for queue in notes["queues"]:
        queue["messages"] = found[key_of(queue)]


def counts_of(notes):
    """Messages of each queue as they were counted first; of queues that have been counted."""
    return {key_of(queue): queue["messages"] for queue in notes["queues"] if "messages" in queue}


def counts(queues, listing):
    """{(vhost, name): messages}, those beside included."""
    messages = {key_of(one): one["messages"] for one in listing}
    return {key_of(queue): messages.get(key_of(queue), 0) + messages.get((queue["vhost"], PREFIX + queue["name"]), 0) for queue in queues}


def differing(before, after):
    return ["Queue '%s' in vhost '%s' had %d messages and has %d." % (key[1], key[0], before[key], after.get(key, 0))
            for key in sorted(before) if before[key] != after.get(key)]
