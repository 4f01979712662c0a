# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preflight rules of role app_deploy."""

from __future__ import annotations

import posixpath
import re

from ansible_collections.failover.stack.plugins.module_utils._deploy.places import database_of, within
from ansible_collections.failover.stack.plugins.module_utils._deploy.version import SECRET_IN_URL, is_version, local_path
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import Claim, owning
from ansible_collections.failover.stack.plugins.module_utils._web.sandbox import SYSTEM, top

NAME = re.compile(r"^[a-z0-9][a-z0-9_-]*$")
PLAIN_PATH = re.compile(r"^/[A-Za-z0-9._@+~/-]+$")
CHECKSUM = re.compile(r"^sha(256|384|512):[0-9a-fA-F]+$")
LEAST = {"times": 1, "max_ms": 1, "wait_s": 1, "port": 1}


def applications_of(values):
    return [one for one in values.get("app_deploy_applications") or [] if isinstance(one, dict)]


def name_problems(host, applications):
    names = [str(one.get("name")) for one in applications]
    for name in names:
        if not NAME.match(name):
            yield "%s: app_deploy_applications has the name '%s': take lower-case letters, digits, - and _." % (host, name)
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield "%s: app_deploy_applications has the name '%s' twice: give each application its own." % (host, name)


def docroot_problems(host, where, application, applications):
    docroot = str(application.get("docroot") or "")
    if not PLAIN_PATH.match(docroot) or ".." in docroot.split("/") or len(docroot.strip("/").split("/")) < 2 or top(docroot) in SYSTEM:
        yield "%s: %s.docroot is '%s': give an absolute path of two parts or more that is none of the system's, such as /srv/shop." % (
            host, where, docroot)
        return
    database = database_of(docroot)
    if database:
        yield "%s: %s.docroot is %s, and %s is %s directory: an application does not belong there, choose another one." % (
            host, where, docroot, database[0], database[1])
    for other in applications:
        there = str(other.get("docroot") or "/")
        if other is not application and there != docroot and within(docroot, there) and there != "/":
            yield "%s: %s.docroot is %s, which lies in %s of application '%s': give each its own directory." % (
                host, where, docroot, there, other.get("name"))


def source_problems(host, where, application):
    repository, archive = application.get("repository"), application.get("archive")
    if bool(repository) == bool(archive):
        has = "both repository and archive" if repository else "neither repository nor archive"
        yield "%s: %s has %s: give either a repository or an archive." % (host, where, has)
    elif repository:
        url = str(repository.get("url") or "")
        if SECRET_IN_URL.match(url):
            yield ("%s: %s.repository.url has a password in it, which every list of processes would show: take a key of SSH, or git's "
                   "credential helper on the host that builds." % (host, where))
        elif url.startswith("-") or not url:
            yield "%s: %s.repository.url is '%s': give an address that git reads, or an absolute path." % (host, where, url)
        yield from path_problems(host, where + ".repository.url", local_path(url), application)
        yield from relative_problems(host, where + ".repository.subdirectory", [repository.get("subdirectory") or "."])
    else:
        yield from archive_problems(host, where, application, archive)


def path_problems(host, variable, path, application):
    if path and database_of(path):
        yield "%s: %s is %s, and %s is %s directory: what is deployed does not come from there, correct it." % (
            host, variable, path, database_of(path)[0], database_of(path)[1])
    if path and within(path, str(application.get("docroot") or "/-")):
        yield "%s: %s is %s, which lies in the application's own docroot: keep the source elsewhere." % (host, variable, path)


def archive_problems(host, where, application, archive):
    url, checksums = str(archive.get("url") or ""), archive.get("checksums") or {}
    for version, checksum in checksums.items():
        if not CHECKSUM.match(str(checksum)):
            yield "%s: %s.archive.checksums has '%s' for %s: write sha256: and the digest." % (host, where, checksum, version)
    if len(checksums) > 1 and "{version}" not in url:
        yield "%s: %s.archive.url is %s for %d versions: write {version} where their names differ." % (host, where, url, len(checksums))
    if not checksums:
        yield "%s: %s.archive has no checksums: give sha256 of each version." % (host, where)
    if SECRET_IN_URL.match(url):
        yield "%s: %s.archive.url has a password in it: have the file fetched by other means and give its path." % (host, where)
    yield from path_problems(host, where + ".archive.url", local_path(url), application)


def relative_problems(host, variable, paths):
    for path in paths:
        if str(path).startswith("/") or ".." in str(path).split("/") or not str(path):
            yield "%s: %s has '%s': give a path within the application." % (host, variable, path)


def number_problems(host, where, application):
    health = application.get("health") or {}
    for key, least in LEAST.items():
        if health.get(key) is not None and int(health[key]) < least:
            yield "%s: %s.health.%s is %s: take %d or more." % (host, where, key, health[key], least)
    if not 100 <= int(health.get("status") or 200) <= 599:
        yield "%s: %s.health.status is %s: give a status of http, such as 200." % (host, where, health["status"])
    if application.get("keep") is not None and int(application["keep"]) < 2:
        yield "%s: %s.keep is %s: take 2 or more, since going back needs the one before." % (host, where, application["keep"])
    version = str(application.get("version") or "")
    if version and not is_version(version):
        yield "%s: %s.version is '%s': write a tag's name, in letters, digits and . _ + / -." % (host, where, version)
    command = (application.get("build") or {}).get("command")
    if command is not None and not command:
        yield "%s: %s.build.command is empty: give a command with its arguments, or take build away." % (host, where)


def tomcat_problems(host, where, application, values):
    """A doc_base that is the document root itself would be served with all releases in it."""
    docroot = posixpath.normpath(str(application.get("docroot") or "/"))
    for instance in values.get("app_deploy_instances") or []:
        for service in instance.get("services") or []:
            for one in service.get("applications") or []:
                base = posixpath.normpath(str(one.get("doc_base") or "/"))
                if within(base, docroot) and not within(base, docroot + "/current"):
                    yield "%s: instance '%s' has the doc_base %s, which is not where %s.docroot is served from: write %s/current." % (
                        host, instance.get("name"), base, where, docroot)


def problems(host, values):
    """One sentence each: host, variable, value, remedy. Never a secret's value."""
    applications = applications_of(values)
    sentences = list(name_problems(host, applications))
    for number, application in enumerate(applications):
        where = "app_deploy_applications[%d]" % number
        sentences += docroot_problems(host, where, application, applications)
        sentences += source_problems(host, where, application)
        sentences += relative_problems(host, where + ".shared", application.get("shared") or [])
        sentences += relative_problems(host, where + ".build.result", [(application.get("build") or {}).get("result") or "."])
        sentences += number_problems(host, where, application)
        sentences += tomcat_problems(host, where, application, values)
    chosen = str(values.get("app_deploy_application") or "")
    if applications and chosen and chosen not in [str(one.get("name")) for one in applications]:
        sentences.append("%s: deploy_application is '%s', which is none of app_deploy_applications: name one of %s." % (
            host, chosen, ", ".join(str(one.get("name")) for one in applications)))
    if int(values.get("app_deploy_sessions_end_s") or 0) < 0:
        sentences.append("%s: app_deploy_sessions_end_s is %s: take 0 or more." % (host, values["app_deploy_sessions_end_s"]))
    return sentences


def claims(host, values):
    """A document root belongs to one application, and to no other role."""
    whole = [claim for number, one in enumerate(applications_of(values)) if PLAIN_PATH.match(str(one.get("docroot") or ""))
             for claim in owning(host, "app_deploy", "app_deploy_applications[%d].docroot" % number, posixpath.normpath(one["docroot"]))]
    return whole + [
        Claim("document roots of %s" % host, posixpath.normpath(str(one.get("docroot"))), str(one.get("name")),
              "%s: app_deploy_applications[%d].docroot is %s, which another application has already: give each its own directory." % (
                  host, number, one.get("docroot")))
        for number, one in enumerate(applications_of(values))]
