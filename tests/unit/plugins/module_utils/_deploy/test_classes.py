# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Session classes, on class files that are made here byte by byte."""

from __future__ import annotations

import struct

from ansible_collections.failover.stack.plugins.module_utils._deploy.classes import difference, parse, session_classes


def class_file(name, parent="java/lang/Object", interfaces=(), body=b""):
    """A class file with a constant of each awkward kind in front."""
    pool, number = b"", 1

    def add(entry, places=1):
        nonlocal pool, number
        pool, number = pool + entry, number + places
        return number - places

    add(b"\x05" + b"\x00" * 8, 2)
    add(b"\x0f\x01\x00\x01")
    places = []
    for one in (name, parent, *interfaces):
        text = add(b"\x01" + struct.pack(">H", len(one)) + one.encode())
        places.append(add(b"\x07" + struct.pack(">H", text)))
    head = b"\xca\xfe\xba\xbe" + struct.pack(">HHH", 0, 61, number)
    return head + pool + struct.pack(">%dH" % (4 + len(interfaces)), 0x21, places[0], places[1], len(interfaces), *places[2:]) + body


def test_a_class_file_tells_its_name_and_whom_it_comes_from():
    assert parse(class_file("shop/Basket", "shop/Base", ["java/io/Serializable"])) == ("shop/Basket", "shop/Base", ["java/io/Serializable"])
    assert parse(b"PK\x03\x04") is None
    assert parse(class_file("shop/Basket")[:30]) is None


def test_what_is_serializable_by_itself_by_its_parent_or_by_an_interface_is_a_session_class():
    found = session_classes([
        class_file("shop/Basket", interfaces=["java/io/Serializable"]),
        class_file("shop/BigBasket", "shop/Basket"),
        class_file("shop/Kept", interfaces=["java/io/Externalizable"]),
        class_file("shop/Item", interfaces=["shop/Kept"]),
        class_file("shop/List", "java/util/ArrayList"),
        class_file("shop/Plain"),
        class_file("shop/Page", "jakarta/servlet/http/HttpServlet"),
        class_file("shop/Worker", "java/lang/Thread", ["java/lang/Runnable"]),
    ])
    assert list(found) == ["shop/Basket", "shop/BigBasket", "shop/Item", "shop/Kept", "shop/List"]


def test_classes_that_inherit_in_a_circle_end():
    assert session_classes([class_file("a", "b"), class_file("b", "a")]) == {}


def test_the_difference_names_what_only_one_has_and_what_is_different():
    basket, changed = (class_file("shop/Basket", interfaces=["java/io/Serializable"], body=body) for body in (b"", b"x"))
    old = session_classes([basket, class_file("shop/Gone", "java/util/ArrayList")])
    new = session_classes([changed, class_file("shop/New", "java/util/ArrayList")])
    assert difference(old, new) == ["shop.Basket (different)", "shop.Gone (only in the old one)", "shop.New (only in the new one)"]
    assert difference(old, old) == []
