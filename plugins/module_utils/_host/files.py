# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure logic of the module config_files: what differs, and a diff that shows no secret."""

from __future__ import annotations

import re
from typing import NamedTuple, Optional

HIDDEN = "(a line that may hold a secret, not shown)\n"
_PLACEHOLDER = re.compile(r"@@([^\s@]+)@@")


class Found(NamedTuple):
    """A file as it is on the host; content is None when there is none."""

    content: Optional[str] = None
    mode: Optional[int] = None
    uid: Optional[int] = None
    gid: Optional[int] = None
    # Whether anybody on the host can read it: its own permission and its directories'.
    public: bool = False


class Wanted(NamedTuple):
    """A file as it should be; template still has its placeholders, content has none."""

    path: str
    template: str
    content: str
    mode: int
    uid: Optional[int]
    gid: Optional[int]


# mariadbd ends well although it leaves a setting, or what it belongs to, out.
_OBJECTION = re.compile(r"\[ERROR\]|boolean value '.*' was(n't| not) recognized|Using unique option prefix")


def objections(text):
    """The lines in which a checker that ended well says that it does not take something; empty when there is none."""
    return "\n".join(line.strip() for line in text.splitlines() if _OBJECTION.search(line))


def placeholders(template):
    """Names of the secrets a template asks for."""
    return set(_PLACEHOLDER.findall(template))


def fill(template, secrets):
    """Put the secrets in. Raises KeyError with the name of a secret that was not given."""
    return _PLACEHOLDER.sub(lambda match: str(secrets[match.group(1)]), template)


def differs(found, wanted):
    """What differs, as a subset of {'content', 'mode', 'owner', 'group'}.

    An owner that is None could not be resolved (check mode on a host where the package that makes
    the user is still missing) and counts as different.
    """
    pairs = (
        ("content", found.content, wanted.content),
        ("mode", found.mode, wanted.mode),
        ("owner", found.uid, wanted.uid),
        ("group", found.gid, wanted.gid),
    )
    return {name for name, have, want in pairs if have != want or want is None}


# What we write says so, or lies in a directory of ours.
_OURS = re.compile(r"failover[.-]stack")


def shown_whole(found, wanted):
    """Whether the old text may be shown as it is: anybody on the host can read it, we wrote it, and the new one has no secret.

    What somebody wrote by hand may hold a password whatever its permissions, and what only some may read does so by design.
    """
    ours = _OURS.search(wanted.path) or _OURS.search(found.content or "")
    return bool(found.public and ours and not placeholders(wanted.template))


def visible_before(found, wanted):
    """The old content; of a file that may hold secrets (see shown_whole) only the lines that the new one has too.

    The old secret is unknown to Ansible's own masking, so any line that is new to us may hold it.
    """
    text = found.content or ""
    if shown_whole(found, wanted):
        return text
    template_lines = wanted.template.splitlines(keepends=True)
    known = {line for line in template_lines if not placeholders(line)}
    filled = dict(zip(wanted.content.splitlines(keepends=True), template_lines))
    return "".join(
        line if line in known else filled.get(line, HIDDEN)
        for line in text.splitlines(keepends=True)
    )


def diff_of(path, before, after, have=None, want=None):
    """One entry of Ansible's diff list; attributes are shown only where they differ."""
    entry = {"before_header": path, "after_header": path, "before": before, "after": after}
    changed = [key for key in ("mode", "owner", "group") if have and want and have.get(key) != want.get(key)]
    if changed:
        for side, values in (("before", have), ("after", want)):
            lines = "".join("# %s: %s\n" % (key, values.get(key)) for key in changed)
            entry[side] = lines + entry[side]
    return entry


def surplus(existing, named):
    """Paths to remove: those that exist in a purged directory and are not named."""
    return sorted(set(existing) - set(named))
