# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a web application, unpacked or an archive, says of itself."""

from __future__ import annotations

import io
import os
import zipfile
from fnmatch import fnmatch
from xml.etree import ElementTree

WEB_XML, FRAGMENT_XML, LIBRARIES = "WEB-INF/web.xml", "META-INF/web-fragment.xml", "WEB-INF/lib"


class Directory:
    """An unpacked application."""

    def __init__(self, path):
        self.path = path

    def read(self, name):
        """The bytes of a file; None when there is none."""
        try:
            with open(os.path.join(self.path, name), "rb") as handle:
                return handle.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def libraries(self):
        """Names of the jars that it brings along."""
        try:
            return sorted(one for one in os.listdir(os.path.join(self.path, LIBRARIES)) if one.endswith(".jar"))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def fragment(self, library):
        """The web fragment of a jar; None when it has none."""
        return member(os.path.join(self.path, LIBRARIES, library), FRAGMENT_XML)


class Archive:
    """An application in a war."""

    def __init__(self, path):
        self.path = path

    def read(self, name):
        return member(self.path, name)

    def libraries(self):
        with zipfile.ZipFile(self.path) as archive:
            names = archive.namelist()
        return sorted(os.path.basename(one) for one in names if one.endswith(".jar") and os.path.dirname(one) == LIBRARIES)

    def fragment(self, library):
        return member(io.BytesIO(self.read("%s/%s" % (LIBRARIES, library))), FRAGMENT_XML)


def member(path, name):
    """The bytes of a file in an archive; None when there is none."""
    with zipfile.ZipFile(path) as archive:
        try:
            return archive.read(name)
        except KeyError:
            return None


def root_of(text):
    return ElementTree.fromstring(text)


def declares_distributable(root):
    return any(str(child.tag).rsplit("}", 1)[-1] == "distributable" for child in root)


def local_because(application, not_scanned=()):
    """Why Tomcat keeps the sessions of an application to itself, as part of a sentence; empty when it shares them.

    application: a Directory or an Archive. not_scanned: patterns of jars that Tomcat does not look into.
    """
    text = application.read(WEB_XML)
    if text is None:
        return "it has no %s, which has to say <distributable/>" % WEB_XML
    root = root_of(text)
    if not declares_distributable(root):
        return "its %s does not say <distributable/>" % WEB_XML
    if root.get("metadata-complete") == "true":
        return ""
    for library in application.libraries():
        if any(fnmatch(library, pattern) for pattern in not_scanned):
            continue
        fragment = application.fragment(library)
        if fragment is not None and not declares_distributable(root_of(fragment)):
            return "the %s of its %s/%s does not say <distributable/>" % (FRAGMENT_XML, LIBRARIES, library)
    return ""


def probe(doc_base, clustered, not_scanned=()):
    """What is wrong with an application for a Tomcat, a sentence without the host; empty when nothing is."""
    if not os.path.exists(doc_base):
        return "%s is not there: deploy the application" % doc_base
    application = Directory(doc_base) if os.path.isdir(doc_base) else Archive(doc_base)
    try:
        why = local_because(application, not_scanned) if clustered else ""
    except (OSError, zipfile.BadZipFile, ElementTree.ParseError) as error:
        return "%s cannot be read (%s): deploy it anew" % (doc_base, error)
    return "the sessions of %s stay on this host, since %s: add it, or take cluster out of the service" % (doc_base, why) if why else ""
