# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the variables of content by NFS must not contradict."""

from __future__ import annotations

import ipaddress
import posixpath
import re

from ansible_collections.failover.stack.plugins.module_utils._content import nfs
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Need, Offer, address_of, listening, owning
from ansible_collections.failover.stack.plugins.module_utils._preflight.rsync_sync import DATABASES, SYSTEM, inside

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# What exports, a map of automount, systemd and command lines all carry as it is.
PATH = re.compile(r"/[A-Za-z0-9._+/-]+")
FSID = re.compile(r"[1-9][0-9]{0,8}|[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
LEAST_ANSWER_S = 4
# nfsd takes neither less nor more (/proc/fs/nfsd/nfsv4gracetime), nfs(5) says what timeo may be.
GRACE_S, TIMEO_S = (10, 3600), (0.1, 60)


def exports(values):
    return [one for one in values.get("nfs_content_exports") or [] if isinstance(one, dict)]


def short(values):
    return {name.removeprefix("nfs_content_"): value for name, value in values.items()}


def complete(values):
    """(place, export with its defaults) of those that have what they need."""
    for position, one in enumerate(exports(values)):
        if one.get("name") and one.get("path"):
            yield "nfs_content_exports[%d]" % position, nfs.whole(one, short(values))


def mine(host, values):
    for place, one in complete(values):
        if host in (one["source"], *one["clients"]):
            yield place, one


def name_problems(_host, values):
    seen = {}
    for position, one in enumerate(exports(values)):
        name, place = str(one.get("name")), "nfs_content_exports[%d].name" % position
        if not NAME.fullmatch(name):
            yield "%s is '%s': begin with a small letter or a digit, use these, - and _, 40 at most." % (place, name)
        if name in seen:
            yield "%s is '%s', which %s has already: give each its own." % (place, name, seen[name])
        seen.setdefault(name, place)


def is_path(path):
    return bool(PATH.fullmatch(path)) and posixpath.normpath(path) == path


def path_problems(_host, values):
    root, mount_root = str(values.get("nfs_content_root") or ""), str(values.get("nfs_content_mount_root") or "")
    places = [("nfs_content_root", root)] if root else []
    places += [("nfs_content_mount_root", mount_root)] + [(place + ".path", str(one["path"])) for place, one in complete(values)]
    for variable, path in places:
        if not is_path(path):
            yield "%s is '%s': write an absolute path without . and .., without a slash at its end, of letters, digits and . _ + -." % (
                variable, path)
        else:
            yield from database_problems(variable, path)
    if is_path(mount_root) and (mount_root in SYSTEM or inside(mount_root, "/proc") or inside(mount_root, "/sys")):
        yield "nfs_content_mount_root is %s, which automount would hide: name a directory of its own, such as /srv/nfs." % mount_root
    for place, one in complete(values):
        path = str(one["path"])
        if path in ("/", "/etc", "/root", "/home", "/proc", "/sys", "/dev", "/run") or inside(path, "/etc") or inside(path, "/root"):
            yield "%s.path is %s, which is the system's: name a directory with content alone." % (place, path)
        if root and is_path(root) and is_path(path) and not inside(path, root):
            yield "%s.path is %s, which does not lie in nfs_content_root (%s): put it there, or leave nfs_content_root empty." % (
                place, path, root)


def database_problems(variable, path):
    for data, whose in DATABASES.items():
        if inside(path, data) or inside(data, path):
            yield ("%s is %s, where %s has its data: files that a server writes are no content, replicate or back up the database." % (
                variable, path, whose))
            return


def place_problems(_host, values):
    sources, clients = values.get("nfs_content_sources") or [], values.get("nfs_content_clients") or []
    for place, one in complete(values):
        if one["source"] is None:
            yield "%s has no source, and group '%s' has %s: name one in source." % (
                place, values.get("nfs_content_source_group"), "%d hosts" % len(sources) if sources else "no hosts")
        elif one["source"] not in sources:
            yield "%s.source is '%s', which is not in group '%s': put it there, or correct the name." % (
                place, one["source"], values.get("nfs_content_source_group"))
        for host in one["clients"]:
            if host not in clients:
                yield "%s.clients has '%s', which is not in group '%s': put it there, or correct the name." % (
                    place, host, values.get("nfs_content_client_group"))
        if not one["clients"]:
            yield "%s ('%s') has no clients, and it is exported to nobody else: fill group '%s', or name some in clients." % (
                place, one["name"], values.get("nfs_content_client_group"))
        if one["source"] in (exports(values)[int(place[20:-1])].get("clients") or []):
            yield "%s.clients has '%s', which is its source: a mount of one's own export hangs when memory is short, read %s there." % (
                place, one["source"], one["path"])


def address_problems(host, values):
    addresses = values.get("nfs_content_addresses") or {}
    told = set()
    for place, one in mine(host, values):
        here = address_of(addresses.get(one["source"]))
        for other in (one["source"], *one["clients"]):
            if other in addresses and other not in told and address_of(addresses[other]) is None:
                told.add(other)
                yield ("%s has the address '%s', which is none, and only addresses are let in: set its ansible_host or "
                       "nfs_content_address." % (other, addresses[other]))
            there = address_of(addresses.get(other))
            if here and there and ipaddress.ip_address(here).version != ipaddress.ip_address(there).version:
                yield "%s: %s has the address %s and its source %s %s: give both an nfs_content_address of one family." % (
                    place, other, there, one["source"], here)
    bind = values.get("nfs_content_bind_address")
    if bind and address_of(bind) is None:
        yield "nfs_content_bind_address is '%s', which is no address: give one of this host's, or leave it empty for all." % bind


def number_problems(_host, values):
    answer = float(values["nfs_content_answer_s"])
    if answer < LEAST_ANSWER_S:
        yield "nfs_content_answer_s is %g: at least %d s, sooner nobody can tell a server that is away from a busy one." % (
            answer, LEAST_ANSWER_S)
    timeo, retrans = float(values["nfs_content_timeo_s"]), int(values["nfs_content_retrans"])
    if not TIMEO_S[0] <= timeo <= TIMEO_S[1]:
        yield "nfs_content_timeo_s is %g: between %g and %g, in tenths (nfs(5), timeo)." % (timeo, *TIMEO_S)
    if retrans < 0:
        yield "nfs_content_retrans is %d: at least 0." % retrans
    elif timeo * (retrans + 1) > answer:
        yield ("nfs_content_timeo_s x (nfs_content_retrans + 1) is %g x %d = %g s, more than nfs_content_answer_s (%g): make it less, a "
               "soft mount gives up after that (nfs(5))." % (timeo, retrans + 1, timeo * (retrans + 1), answer))
    if not GRACE_S[0] <= int(values["nfs_content_grace_s"]) <= GRACE_S[1]:
        yield "nfs_content_grace_s is %s: between %d and %d, nfsd takes no other." % (values["nfs_content_grace_s"], *GRACE_S)
    for name, least in (("idle_s", 0), ("retry_s", 1), ("threads", 1), ("verify_s", 1)):
        if int(values["nfs_content_" + name]) < least:
            yield "nfs_content_%s is %s: at least %d." % (name, values["nfs_content_" + name], least)


def option_problems(_host, values):
    fsids = {}
    for place, one in complete(values):
        if one["writable"] and one["recovery"] == "soft":
            yield ("%s is writable and soft: what a program has written would be lost without its notice when the server is away (nfs(5)); "
                   "set recovery: hard." % place)
        fsid = str(one["fsid"])
        if fsid and not FSID.fullmatch(fsid):
            yield "%s.fsid is '%s': a number of its own from 1 on, or a UUID; 0 is nfs_content_root's." % (place, fsid)
        if fsid and fsids.setdefault((one["source"], fsid.lower()), place) != place:
            yield "%s.fsid is '%s', which %s has already: clients would mix their files up, give each its own." % (
                place, fsid, fsids[one["source"], fsid.lower()])


def overlap_problems(_host, values):
    """Without subtree checks whoever may read a directory may read all of its file system: two rights over one place are none."""
    known = []
    for place, one in complete(values):
        path = str(one["path"])
        for other, before in known:
            there = str(before["path"])
            if one["source"] != before["source"] or not (inside(path, there) or inside(there, path)):
                continue
            if path == there:
                yield "%s.path is %s, which %s ('%s') exports already: name its clients there." % (place, path, other, before["name"])
            else:
                yield ("%s.path is %s, and %s.path of '%s' is %s: nfsd has one set of options and clients for both, keep them apart." % (
                    place, path, other, before["name"], there))
        known.append((place, one))


RULES = (name_problems, path_problems, place_problems, address_problems, number_problems, option_problems, overlap_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(host, values)]


# --- What belongs to one -----------------------------------------------------------------


def claims(host, values):
    """Port, directories, and that both sides say the same."""
    return ports(host, values) + directories(host, values) + agreement(host, values)


def ports(host, values):
    if not any(one["source"] == host for _place, one in complete(values)):
        return []
    return listening(host, "nfsd", "nfs_content_bind_address", nfs.PORT, (values.get("nfs_content_bind_address") or "",),
                     "NFS 4 has this one, give the other service another")


def directories(host, values):
    """What automount mounts over is nobody else's: rsync_sync and app_deploy claim theirs, too."""
    if not any(host in one["clients"] for _place, one in complete(values)):
        return []
    path = str(values.get("nfs_content_mount_root") or "")
    return owning(host, "nfs_content", "nfs_content_mount_root", path) if is_path(path) else []


def agreement(host, values):
    """A list that only one side sees would be content that nobody gets."""
    found = [Offer(scope_of(host), "")]
    for place, one in mine(host, values):
        same = " ".join(str(one[key]) for key in ("name", "path", "source", "writable")) + " " + str(values.get("nfs_content_root") or "")
        found.append(Offer(scope_of(host), same))
        others = one["clients"] if host == one["source"] else [one["source"]]
        found += [Need(scope_of(other), same, (
            "%s: %s ('%s') is not the same for %s: give nfs_content_exports and nfs_content_root to source and clients alike, in "
            "group_vars of a group that has both." % (host, place, one["name"], other))) for other in others if other]
    return found


def scope_of(host):
    return "NFS exports of %s" % host
