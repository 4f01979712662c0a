# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A version of an application as it is asked for: its tag in a repository, its name, its signature. Pure."""

from __future__ import annotations

import hashlib
import re

# What git takes for a tag, less what would hurt in a path or an option.
VERSION = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._+/-]*$")
SECRET_IN_URL = re.compile(r"^[a-z+]+://[^/@]*:[^/@]+@")
SSH_KEY = re.compile(r"^(ssh-|ecdsa-|sk-)")


def is_version(text):
    return bool(VERSION.match(text)) and ".." not in text and "//" not in text and not text.endswith(("/", ".", ".lock"))


def local_path(url):
    """The path of a repository on this machine; empty for any other."""
    if url.startswith("file://"):
        return url[len("file://"):]
    return url if url.startswith("/") else ""


def tag_of(listing, version):
    """(object, commit) of a tag in what git ls-remote says; None when it has none. They differ where the tag is annotated."""
    found = {}
    for line in listing.splitlines():
        digest, mark, name = line.partition("\t")
        if mark:
            found[name] = digest
    tag = found.get("refs/tags/%s" % version)
    return (tag, found.get("refs/tags/%s^{}" % version, tag)) if tag else None


def tags_in(listing):
    """Names of all tags."""
    names = [line.partition("\t")[2] for line in listing.splitlines()]
    return [name[len("refs/tags/"):] for name in names if name.startswith("refs/tags/") and not name.endswith("^{}")]


def by_number(version):
    """What sorts v1.10 behind v1.9."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", version) if part]


def newest(versions, most=10):
    """The versions with the highest numbers in words, and how many there are besides; empty where there is none."""
    return shown(sorted(set(versions), key=by_number, reverse=True), most)


def unasked(names, application, version):
    """The end of a sentence on what an operator has to name; empty where nothing is missing. names: of all applications."""
    wanted = [] if version else ["-e deploy_version=<a version of %s>" % (application or (names[0] if len(names) == 1 else "it"))]
    wanted += [] if application or len(names) == 1 else ["-e deploy_application=<one of %s>" % ", ".join(names)]
    given = [name for name, value, more in (("deploy_version", version, True), ("deploy_application", application, len(names) > 1))
             if more and not value]
    return "%s not given: say %s." % (" and ".join(given) + (" are" if len(given) > 1 else " is"), " ".join(wanted)) if wanted else ""


def release_name(version, digest):
    """What a release's directory is called: the same version made anew from something else lies beside the first."""
    return "%s-%s" % (version.replace("/", "_"), digest[:12])


def key_of(*parts):
    """Names a package in the cache: the same source, made the same way."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:16]


def signers(text):
    """Who signed, from what gpg's status lines or ssh-keygen say of a good signature; empty for any other."""
    match = re.search(r"^\[GNUPG:\] VALIDSIG (\w+)", text, re.M)
    if match and re.search(r"^\[GNUPG:\] GOODSIG ", text, re.M):
        return match.group(1)
    match = re.search(r'^Good "git" signature for \S+ with \S+ key (\S+)', text, re.M)
    return match.group(1) if match else ""


def allowed_signers(keys):
    """The file by which ssh-keygen knows who may sign, of public keys as they lie in ~/.ssh/*.pub."""
    lines = [line.strip() for key in keys for line in key.splitlines() if line.strip() and not line.startswith("#")]
    return "".join('deployer namespaces="git" %s\n' % line for line in lines)


def changes(status):
    """Paths that git status --porcelain tells of."""
    return [line[3:] for line in status.splitlines() if line[3:]]


def shown(names, most=3):
    """The first few of many."""
    more = len(names) - most
    return ", ".join(names[:most]) + (" and %d more" % more if more > 0 else "")
