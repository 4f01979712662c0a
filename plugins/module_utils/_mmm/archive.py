# Copyright (c) 2026 The failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MMM's source archive: what is taken from it for a database host and for the monitor's, and where upstream's Makefile lays that."""

from __future__ import annotations

import tarfile

from ansible_collections.failover.stack.plugins.module_utils._mmm import mends
from ansible_collections.failover.stack.plugins.module_utils._mmm.config import BIN, PERL, SBIN

SUPPORTED = ("2.2.1", "2.2.2", "2.2.3")
# What its own release step would put there.
VERSION_MARK = "!!!VERSION!!!"
# Directories and programs by part, in the archive and on the host.
TREES = {"common": {"lib/Common": PERL + "/Common"},
         "agent": {"lib/Agent": PERL + "/Agent", "bin/agent": BIN + "/agent"},
         "monitor": {"lib/Monitor": PERL + "/Monitor", "bin/monitor": BIN + "/monitor"}}
PROGRAMS = {"common": (), "agent": ("sbin/mmm_agentd",), "monitor": ("sbin/mmm_mond", "sbin/mmm_control")}
# Without these it is not MMM.
LEAST = ("VERSION", "lib/Common/Config.pm", "lib/Agent/Agent.pm", "lib/Monitor/Monitor.pm", "sbin/mmm_agentd", "sbin/mmm_mond")
MOST_BYTES = 4 << 20


class BadArchive(Exception):
    """One sentence, without the host."""


def read(path):
    """{path below the archive's one directory: text}"""
    found = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.removeprefix("./").partition("/")[2]
                if member.isfile() and name and member.size <= MOST_BYTES and ".." not in name.split("/"):
                    found[name] = archive.extractfile(member).read().decode("utf-8", "replace")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadArchive("%s cannot be unpacked (%s): give the tar.gz of MMM's sources" % (
            path, str(error).splitlines()[0].rstrip(":"))) from error
    missing = [name for name in LEAST if name not in found]
    if missing:
        raise BadArchive("%s is not MMM: it has no %s: give the tar.gz of MMM's sources" % (path, " and no ".join(missing)))
    return found


def version(files):
    found = files["VERSION"].strip()
    if found not in SUPPORTED:
        raise BadArchive("the archive is MMM %s, and %s are supported: give one of these" % (found, ", ".join(SUPPORTED)))
    return found


def place(name, parts):
    """Where a file of the archive goes on a host with these parts; None for nowhere."""
    for part in parts:
        if name in PROGRAMS[part]:
            return "%s/%s" % (SBIN, name.rpartition("/")[2])
        for directory, target in TREES[part].items():
            rest = name.removeprefix(directory + "/")
            if rest != name and not rest.startswith("t/") and not rest.endswith(".orig"):
                return "%s/%s" % (target, rest)
    return None


def laid(files, parts):
    """[(path on the host, path in the archive)]"""
    found = [(place(name, ("common", *parts)), name) for name in sorted(files)]
    return [(path, name) for path, name in found if path]


def content(files, name, unneeded=()):
    """A file as it is laid down: with its version, and mended."""
    return mends.mended(name, files[name].replace(VERSION_MARK, version(files)), unneeded)


def mode(path):
    return "0644" if path.endswith(".pm") else "0755"


def knows_blocking(files):
    """Whether this version closes the port while it fences, which has to be switched off."""
    return "blocking_type" in files["lib/Common/Config.pm"]
