# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of an application's classes can lie in a session, so that two versions of it know whether they understand each other. Pure."""

from __future__ import annotations

import hashlib
import struct

SERIALIZABLE = ("java/io/Serializable", "java/io/Externalizable")
# Superclasses outside of an application that are not serializable, or whose heirs are nothing that one lays into a session. Of any other
# one it is taken for granted.
NO_SESSION = ("java/lang/Object", "java/lang/Record", "java/lang/Thread", "java/lang/ClassLoader", "java/util/TimerTask",
              "java/io/InputStream", "java/io/OutputStream", "java/io/Reader", "java/io/Writer")
NO_SESSION_PACKAGES = ("jakarta/servlet/", "javax/servlet/", "jakarta/websocket/", "javax/websocket/")
SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}


def parse(data):
    """(name, superclass, interfaces) of a class file; None for what is none."""
    if data[:4] != b"\xca\xfe\xba\xbe":
        return None
    texts, classes, at, number = {}, {}, 10, 1
    try:
        while number < struct.unpack_from(">H", data, 8)[0]:
            tag = data[at]
            if tag == 1:
                size = struct.unpack_from(">H", data, at + 1)[0]
                texts[number] = data[at + 3:at + 3 + size].decode("utf-8", "replace")
                at += 3 + size
            else:
                if tag == 7:
                    classes[number] = struct.unpack_from(">H", data, at + 1)[0]
                at += 1 + SIZES[tag]
            # Long and double take two places.
            number += 2 if tag in (5, 6) else 1
        _flags, this, parent, count = struct.unpack_from(">4H", data, at)
        interfaces = struct.unpack_from(">%dH" % count, data, at + 8)
        named = {place: texts[text] for place, text in classes.items()}
        return named[this], named.get(parent, ""), [named[one] for one in interfaces]
    except (KeyError, IndexError, struct.error):
        return None


def session_classes(files):
    """{class: digest} of those whose objects a session can hold. files: the bytes of all class files."""
    known, digests = {}, {}
    for data in files:
        found = parse(data)
        if found:
            known[found[0]] = found[1:]
            digests[found[0]] = hashlib.sha256(data).hexdigest()[:16]
    return {name: digests[name] for name in sorted(known) if is_serializable(name, known)}


def is_serializable(name, known):
    seen, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one in SERIALIZABLE:
            return True
        if one in seen or one not in known:
            continue
        seen.add(one)
        parent, interfaces = known[one]
        if parent not in known and parent not in NO_SESSION and not parent.startswith(NO_SESSION_PACKAGES):
            return True
        waiting += [parent, *interfaces]
    return False


def difference(old, new):
    """[what differs, a word each] between the session classes of two versions."""
    words = [(name, "only in the old one") for name in old if name not in new]
    words += [(name, "only in the new one") for name in new if name not in old]
    words += [(name, "different") for name in old if name in new and old[name] != new[name]]
    return ["%s (%s)" % (name.replace("/", "."), word) for name, word in sorted(words)]
