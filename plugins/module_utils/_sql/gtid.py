# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GTID sets of MariaDB and MySQL: parse, print, compare. Pure.

MySQL: a set `uuid[:tag]:1-5:7, ...` is a dictionary {"uuid" or "uuid:tag": [(first, last), ...]}.
MariaDB: a position `domain-server-sequence, ...` is a dictionary {domain: (server, sequence)}; a binary log state has one entry for each
server of a domain and is a dictionary {(domain, server): sequence}. In strict mode sequences of a domain only ever rise.
"""

from __future__ import annotations

import re

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.I)
TAG = re.compile(r"^[a-z_][a-z0-9_]{0,31}$", re.I)
TRIPLE = re.compile(r"^(\d+)-(\d+)-(\d+)$")
RANGE = re.compile(r"^(\d+)(?:-(\d+))?$")


class GtidError(ValueError):
    pass


def dialect(text):
    """'mysql' or 'mariadb' by the look of a set; None for the empty one."""
    text = compact(text)
    if not text:
        return None
    return "mariadb" if TRIPLE.match(text.split(",")[0]) else "mysql"


def compact(text):
    return re.sub(r"\s+", "", text or "")


# --- MySQL: sets -----------------------------------------------------------------


def parse_set(text):
    result = {}
    for part in filter(None, compact(text).split(",")):
        fields = part.split(":")
        uuid, name = fields[0].lower(), fields[0].lower()
        if not UUID.match(uuid) or len(fields) < 2:
            raise GtidError("'%s' is no GTID set of MySQL: it is written uuid:1-5 or uuid:tag:1-5." % part)
        for field in fields[1:]:
            found = RANGE.match(field)
            if found:
                first = int(found.group(1))
                result.setdefault(name, []).append((first, int(found.group(2) or first)))
            elif TAG.match(field):
                name = "%s:%s" % (uuid, field.lower())
            else:
                raise GtidError("'%s' is no GTID set of MySQL: '%s' is neither a range nor a tag." % (part, field))
    return {name: merged(ranges) for name, ranges in result.items()}


def merged(ranges):
    result = []
    for first, last in sorted(ranges):
        if last < first:
            continue
        if result and first <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def print_set(gtids):
    """As MySQL prints it, in one line."""
    by_uuid = {}
    for name, ranges in gtids.items():
        uuid, _colon, tag = name.partition(":")
        if ranges:
            by_uuid.setdefault(uuid, []).append((tag, ranges))
    parts = []
    for uuid in sorted(by_uuid):
        words = [uuid]
        for tag, ranges in sorted(by_uuid[uuid]):
            words += [tag] if tag else []
            words += ["%d-%d" % pair if pair[0] != pair[1] else str(pair[0]) for pair in ranges]
        parts.append(":".join(words))
    return ",".join(parts)


def subtract_ranges(ranges, others):
    result = []
    for first, last in ranges:
        for other_first, other_last in others:
            if other_last < first or other_first > last:
                continue
            if other_first > first:
                result.append((first, other_first - 1))
            first = other_last + 1
        if first <= last:
            result.append((first, last))
    return result


def subtract_set(left, right):
    result = {name: subtract_ranges(ranges, right.get(name, ())) for name, ranges in left.items()}
    return {name: ranges for name, ranges in result.items() if ranges}


def union_set(left, right):
    return {name: merged(list(left.get(name, ())) + list(right.get(name, ()))) for name in set(left) | set(right)}


def count_set(gtids):
    return sum(last - first + 1 for ranges in gtids.values() for first, last in ranges)


# --- MariaDB: positions and states -----------------------------------------------


def triples(text):
    for part in filter(None, compact(text).split(",")):
        found = TRIPLE.match(part)
        if not found:
            raise GtidError("'%s' is no GTID of MariaDB: it is written domain-server-sequence, as 0-1-100." % part)
        yield tuple(int(number) for number in found.groups())


def parse_position(text):
    """{domain: (server, sequence)}: of several servers in a domain, the highest sequence."""
    result = {}
    for domain, server, sequence in triples(text):
        if domain not in result or sequence >= result[domain][1]:
            result[domain] = (server, sequence)
    return result


def parse_state(text):
    """{(domain, server): sequence}."""
    result = {}
    for domain, server, sequence in triples(text):
        result[domain, server] = max(sequence, result.get((domain, server), 0))
    return result


def print_position(position):
    return ",".join("%d-%d-%d" % (domain, position[domain][0], position[domain][1]) for domain in sorted(position))


def union_position(left, right):
    result = dict(left)
    for domain, (server, sequence) in right.items():
        if domain not in result or sequence > result[domain][1]:
            result[domain] = (server, sequence)
    return result


def subtract_position(left, right):
    """{domain: (server, first, last)}: the sequences that left has beyond right."""
    result = {}
    for domain, (server, sequence) in left.items():
        known = right.get(domain, (0, 0))[1]
        if sequence > known:
            result[domain] = (server, known + 1, sequence)
    return result


# --- Either, as text: what the filters offer -------------------------------------


def is_mariadb(*texts):
    kinds = {dialect(text) for text in texts} - {None}
    if len(kinds) > 1:
        raise GtidError("GTIDs of MariaDB and of MySQL cannot be compared: %s." % " and ".join("'%s'" % compact(text) for text in texts))
    return kinds == {"mariadb"}


def normal(text):
    if is_mariadb(text):
        return print_position(parse_position(text))
    return print_set(parse_set(text))


def subtract(left, other):
    """What left has and the other lacks; for MariaDB in the form domain-server-first..last."""
    if not is_mariadb(left, other):
        return print_set(subtract_set(parse_set(left), parse_set(other)))
    left_over = subtract_position(parse_position(left), parse_position(other))
    return ",".join(span(domain, *left_over[domain]) for domain in sorted(left_over))


def span(domain, server, first, last):
    return "%d-%d-%d" % (domain, server, last) if first == last else "%d-%d-%d..%d" % (domain, server, first, last)


def union(left, other):
    if is_mariadb(left, other):
        return print_position(union_position(parse_position(left), parse_position(other)))
    return print_set(union_set(parse_set(left), parse_set(other)))


def contains(left, other):
    """Whether left has all of other."""
    return not subtract(left=other, other=left)


def count(left, right=""):
    """How many transactions left has and right lacks."""
    if is_mariadb(left, right):
        return sum(last - first + 1 for _server, first, last in subtract_position(parse_position(left), parse_position(right)).values())
    return count_set(subtract_set(parse_set(left), parse_set(right)))


# --- Errant transactions ---------------------------------------------------------


def errant(mine, source):
    """The transactions of a replica that its source has not, as text; '' when there are none.

    mine and source are `gtid` of the observed information, mine with server_id.
    """
    if is_mariadb(*(one.get(key, "") for one in (mine, source) for key in ("executed", "state"))):
        return errant_mariadb(mine, source)
    return print_set(subtract_set(parse_set(mine.get("executed")), parse_set(source.get("executed"))))


def errant_mariadb(mine, theirs):
    """Positions alone cannot tell: a stray write may have a sequence the source has passed. So the binary log states are compared.

    A source that was seeded has no state of what it was seeded with; its replication position stands for that, but never for what
    the replica itself has written.
    """
    state, seeded = parse_state(theirs.get("state")), parse_position(theirs.get("slave"))
    own, result = mine.get("server_id"), []
    entries = parse_state(mine.get("state"))
    for domain, (server, sequence) in parse_position(mine.get("executed")).items():
        # Without a binary log the position is all there is.
        entries.setdefault((domain, server), sequence)
    for (domain, server), sequence in sorted(entries.items()):
        known = state.get((domain, server), 0)
        base = seeded.get(domain, (None, 0))
        if base[0] == server or (not known and server != own):
            known = max(known, base[1])
        if sequence > known:
            result.append(span(domain, server, known + 1, sequence))
    return ",".join(result)


def of_stream(spans, source, server_id=None, server_uuid=None):
    """Errant transactions of a server that replicates from elsewhere, too: those that it wrote itself, or that belong to a domain
    (MariaDB) or server (MySQL) of which the source has some as well. What the source has never heard of came by another channel."""
    known = set()
    for text in filter(None, (compact(source.get(key)) for key in ("executed", "state", "slave"))):
        known |= {str(domain) for domain in parse_position(text)} if is_mariadb(text) else {name.split(":")[0] for name in parse_set(text)}
    return ",".join(part for part in filter(None, compact(spans).split(","))
                    if own(part, server_id, server_uuid) or origin(part) in known)


def origin(part):
    """Domain of a transaction of MariaDB, UUID of one of MySQL."""
    return part.split(":")[0].lower() if ":" in part else part.split("-")[0]


def not_from(spans, server_id=None, server_uuid=None):
    """Errant transactions without those that this server wrote."""
    return ",".join(part for part in filter(None, compact(spans).split(",")) if not own(part, server_id, server_uuid))


def own(spans, server_id=None, server_uuid=None):
    """Whether among errant transactions are some that the replica wrote itself, rather than got from where the source is behind."""
    for part in filter(None, compact(spans).split(",")):
        if server_uuid and part.lower().startswith(server_uuid.lower()):
            return True
        fields = part.split("-")
        if server_id is not None and len(fields) == 3 and fields[1] == str(server_id):
            return True
    return False
