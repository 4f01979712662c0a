# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the content's variables must not contradict."""

from __future__ import annotations

import posixpath
import re

from ansible_collections.failover.stack.plugins.module_utils._content.plan import whole
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, Need, Offer, address_of, owning

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# What rsyncd.conf, lsyncd's configuration, authorized_keys, units and command lines all carry as it is.
PATH = re.compile(r"/[A-Za-z0-9._+@,:=/-]+")
WORD = re.compile(r"[A-Za-z0-9._-]+")
SHORTEST_PASSWORD = 12
SHORTEST_INTERVAL_S = 10
# Where servers of databases have their files, and whose they are. What lies above would have them in it.
DATABASES = {"/var/lib/mysql": "MySQL or MariaDB", "/var/lib/postgresql": "PostgreSQL", "/var/lib/mongodb": "MongoDB",
             "/var/lib/redis": "Redis", "/var/lib/rabbitmq": "RabbitMQ", "/var/lib/etcd": "etcd", "/var/lib/ldap": "OpenLDAP"}
# A target is emptied of what its source has not.
SYSTEM = ("/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run", "/sbin",
          "/srv", "/sys", "/tmp", "/usr", "/var", "/var/cache", "/var/lib", "/var/log", "/var/www", "/usr/local", "/usr/share")
WITHOUT_TARGETS = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/sbin")
UNITS_OF_OURS = ("lsyncd", "poke", "poke@")


def inside(path, other):
    """Whether path is other or lies in it."""
    return path == other or path.startswith(other.rstrip("/") + "/")


def contents(values):
    return [one for one in values.get("rsync_sync_contents") or [] if isinstance(one, dict)]


def complete(values):
    """(place, content with its defaults) of those that have what they need."""
    short = {name.removeprefix("rsync_sync_"): value for name, value in values.items()}
    for position, one in enumerate(contents(values)):
        if one.get("name") and one.get("path"):
            yield "rsync_sync_contents[%d]" % position, whole(one, short)


def mine(host, values):
    for place, one in complete(values):
        if host in (one["source"], *one["targets"]):
            yield place, one


def name_problems(_host, values):
    seen = {}
    for position, one in enumerate(contents(values)):
        name, place = str(one.get("name")), "rsync_sync_contents[%d].name" % position
        if not NAME.fullmatch(name) or name in UNITS_OF_OURS:
            yield "%s is '%s': begin with a small letter or a digit, use these, - and _, 40 at most%s." % (
                place, name, "; this one is taken by a unit of the role" if name in UNITS_OF_OURS else "")
        if name in seen:
            yield "%s is '%s', which %s has already: give each its own." % (place, name, seen[name])
        seen.setdefault(name, place)
    users = {}
    for place, one in complete(values):
        if not WORD.fullmatch(str(one["user"])):
            yield "%s.user is '%s': use letters, digits and . _ - only." % (place, one["user"])
        if one["transport"] == "rsyncd" and users.setdefault((one["source"], one["user"]), place) != place:
            yield "%s.user is '%s', which %s has already, with a password of its own: give each its own." % (
                place, one["user"], users[one["source"], one["user"]])


def path_problems(_host, values):
    for place, one in complete(values):
        for key in ("path", "target_path", "source_mount", "target_mount"):
            path = str(one[key])
            if path and (not PATH.fullmatch(path) or posixpath.normpath(path) != path):
                yield ("%s.%s is '%s': write an absolute path without . and .., without a slash at its end, of letters, digits and "
                       ". _ + @ , : = -." % (place, key, path))
        for key in ("path", "target_path"):
            path = str(one[key])
            for data, whose in DATABASES.items():
                if inside(path, data) or inside(data, path):
                    yield ("%s.%s is %s, where %s has its data: files that a server writes are no content, replicate or back up the "
                           "database." % (place, key, path, whose))
                    break
        target = str(one["target_path"])
        if target in SYSTEM or any(inside(target, other) for other in WITHOUT_TARGETS):
            yield ("%s.target_path is %s, in which whatever the source has not would be deleted: name a directory of its own." % (
                place, target))
        for key, path in (("source_mount", one["path"]), ("target_mount", target)):
            if one[key] and not inside(path, one[key]):
                yield "%s.%s is %s, and %s does not lie there: name what is mounted above it." % (place, key, one[key], path)
        if one["atomic"] and target == one["target_mount"]:
            yield "%s.target_path is where target_mount is, and atomic makes it a symbolic link: name a directory within." % place


def place_problems(_host, values):
    sources, targets = values.get("rsync_sync_sources") or [], values.get("rsync_sync_targets") or []
    for place, one in complete(values):
        if one["source"] is None:
            yield "%s has no source, and group '%s' has %s: name one in source." % (
                place, values.get("rsync_sync_source_group"), "%d hosts" % len(sources) if sources else "no hosts")
        elif one["source"] not in sources:
            yield "%s.source is '%s', which is not in group '%s': put it there, or correct the name." % (
                place, one["source"], values.get("rsync_sync_source_group"))
        for host in one["targets"]:
            if host not in targets:
                yield "%s.targets has '%s', which is not in group '%s': put it there, or correct the name." % (
                    place, host, values.get("rsync_sync_target_group"))
        if not one["targets"]:
            yield "%s ('%s') has no targets: fill group '%s', or name some in targets." % (
                place, one["name"], values.get("rsync_sync_target_group"))


def address_problems(host, values):
    addresses = values.get("rsync_sync_addresses") or {}
    for other in sorted({name for _place, one in mine(host, values) for name in (one["source"], *one["targets"]) if name in addresses}):
        if address_of(addresses[other]) is None:
            yield "%s has the address '%s', which is none, and only addresses are let in: set its ansible_host or rsync_sync_address." % (
                other, addresses[other])
    bind = values.get("rsync_sync_bind_address")
    if bind and address_of(bind) is None:
        yield "rsync_sync_bind_address is '%s', which is no address: give one of this host's, or leave it empty for all." % bind


def number_problems(_host, values):
    for place, one in complete(values):
        if int(one["interval_s"]) < SHORTEST_INTERVAL_S:
            yield "%s.interval_s is %s: at least %d s, or push for what must be there at once." % (
                place, one["interval_s"], SHORTEST_INTERVAL_S)
        if not 0 <= int(one["random_delay_s"]) <= int(one["interval_s"]):
            yield "%s.random_delay_s is %s: between 0 and interval_s (%s)." % (place, one["random_delay_s"], one["interval_s"])
        if not 0 <= int(one["delete_percent"]) <= 100:
            yield "%s.delete_percent is %s: between 0 and 100." % (place, one["delete_percent"])
        for key, least in (("delete_always", 0), ("keep", 1), ("timeout_s", 1), ("max_connections", 0)):
            if int(one[key]) < least:
                yield "%s.%s is %s: at least %d." % (place, key, one[key], least)
    for name in ("rsync_sync_port", "rsync_sync_ssh_port", "rsync_sync_poke_port"):
        if values.get(name) is not None and not 1 <= int(values[name]) <= 65535:
            yield "%s is %s: a TCP port is 1 to 65535." % (name, values[name])


def text_problems(_host, values):
    marker = str(values.get("rsync_sync_marker") or "")
    if not WORD.fullmatch(marker) or marker in (".", ".."):
        yield "rsync_sync_marker is '%s': a file's name of letters, digits and . _ -." % marker
    for place, one in complete(values):
        for key in ("uid", "gid", "owner", "group"):
            if one[key] and not WORD.fullmatch(str(one[key])):
                yield "%s.%s is '%s': a name or a number." % (place, key, one[key])
        for key in ("exclude", "refuse_options"):
            for word in one[key] or []:
                if "\n" in str(word) or not str(word):
                    yield "%s.%s has an empty text or a line break: leave it out." % (place, key)
                elif key == "refuse_options" and not re.fullmatch(r"!?[a-z*?\[][a-z*?\[\]-]*", str(word)):
                    yield "%s.refuse_options has '%s': write an option's long name without its dashes." % (place, word)


def password_problems(host, values):
    passwords = values.get("rsync_sync_passwords") or {}
    for place, one in mine(host, values):
        if one["transport"] != "rsyncd":
            continue
        password = str(passwords.get(one["name"]) or "")
        if not password:
            yield "rsync_sync_passwords has none for '%s' (%s): add one of at least %d characters, or pull by transport ssh." % (
                one["name"], place, SHORTEST_PASSWORD)
        elif len(password) < SHORTEST_PASSWORD:
            yield "rsync_sync_passwords.%s has %d characters: use at least %d." % (one["name"], len(password), SHORTEST_PASSWORD)
        elif re.search(r"\s|@@", password) or password.startswith("#"):
            yield "rsync_sync_passwords.%s has a blank, @@ or a # at its beginning: use other characters." % one["name"]


def overlap_problems(host, values):
    """On one host no content may lie in another: each would delete what the other has put there."""
    known = []
    for place, one in mine(host, values):
        if host in one["targets"]:
            known.append((place + ".target_path", str(one["target_path"]), one["name"]))
        if one["source"] == host:
            known.append((place + ".path", str(one["path"]), one["name"]))
    for number, (place, path, name) in enumerate(known):
        for other, there, whose in known[:number]:
            both_are_read = place.endswith(".path") and other.endswith(".path")
            if not both_are_read and (inside(path, there) or inside(there, path)):
                yield "%s is %s, and %s of '%s' is %s: what one has the other would delete, keep '%s' apart." % (
                    place, path, other, whose, there, name)


RULES = (name_problems, path_problems, place_problems, address_problems, number_problems, text_problems, password_problems,
         overlap_problems)


def problems(host, values):
    return ["%s: %s" % (host, sentence) for rule in RULES for sentence in rule(host, values)]


def claims(host, values):
    """The ports on which it listens belong to nobody else on this host; source and targets of a content say the same of it."""
    return ports(host, values) + agreement(host, values) + directories(host, values)


def directories(host, values):
    """In a target is what its source has, and what anybody else puts there is deleted."""
    return [claim for place, one in mine(host, values) if host in one["targets"] and PATH.fullmatch(str(one["target_path"]))
            for claim in owning(host, "rsync_sync", place + ".target_path", str(one["target_path"]))]


def agreement(host, values):
    """A list that only one side sees would be a content that nobody pulls."""
    found = [Offer(scope_of(host), "")]
    for place, one in mine(host, values):
        same = " ".join(str(one[key]) for key in ("name", "path", "source", "transport", "user", "push"))
        found.append(Offer(scope_of(host), same))
        others = one["targets"] if host == one["source"] else [one["source"]]
        found += [Need(scope_of(other), same, (
            "%s: %s ('%s') is not the same for %s: give rsync_sync_contents to source and targets alike, in group_vars of a group that has "
            "both." % (host, place, one["name"], other))) for other in others if other]
    return found


def scope_of(host):
    return "contents of %s" % host


def ports(host, values):
    found = []
    if any(one["source"] == host and one["transport"] == "rsyncd" for _place, one in complete(values)):
        found.append(("rsync_sync_port", "rsyncd"))
    if any(host in one["targets"] and one["push"] for _place, one in complete(values)):
        found.append(("rsync_sync_poke_port", "the socket that hears of changes"))
    return [Claim("TCP ports of %s" % host, str(values.get(variable)), "rsync_sync " + variable, (
        "%s: %s (%s) listens on port %s, which another service of this host uses already: give each its own port." % (
            host, what, variable, values.get(variable)))) for variable, what in found if values.get(variable)]
