# Copyright (c) 2026, the failover.stack founders
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each thing that app_deploy refuses, in one sentence, and that what is right is not refused."""

from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._preflight.app_deploy import claims, problems
from ansible_collections.failover.stack.plugins.module_utils._preflight.core import clashes

SHOP = {"name": "shop", "docroot": "/srv/shop", "version": "v1.0", "repository": {"url": "https://git.example.org/shop.git"}}
SUMS = {"1": "sha256:" + "0" * 64, "2": "sha256:" + "1" * 64}
WAR = {"name": "war", "docroot": "/srv/war", "archive": {"url": "/srv/store/war-{version}.war", "checksums": SUMS}}


def said(*applications, **values):
    return problems("web1", dict({"app_deploy_applications": list(applications)}, **values))


def test_what_is_right_is_not_refused():
    assert said(SHOP, WAR) == [] == said()
    assert said(SHOP, app_deploy_application="shop", app_deploy_instances=[
        {"name": "a", "services": [{"applications": [{"doc_base": "/srv/shop/current"}, {"doc_base": "/srv/shopping"}]}]}]) == []


@pytest.mark.parametrize("change, sentence", [
    ({"name": "My Shop"}, "app_deploy_applications has the name 'My Shop': take lower-case letters, digits, - and _."),
    ({"docroot": "/srv"}, "app_deploy_applications[0].docroot is '/srv': give an absolute path of two parts or more"),
    ({"docroot": "/etc/shop"}, "docroot is '/etc/shop': give an absolute path"),
    ({"docroot": "/srv/../etc"}, "docroot is '/srv/../etc': give an absolute path"),
    ({"docroot": "/var/lib/mysql/shop"}, "docroot is /var/lib/mysql/shop, and /var/lib/mysql is a database's directory"),
    ({"repository": None}, "has neither repository nor archive: give either"),
    ({"archive": WAR["archive"]}, "has both repository and archive: give either"),
    ({"repository": {"url": "https://ann:secret@git.example.org/x"}}, "repository.url has a password in it"),
    ({"repository": {"url": "--upload-pack=x"}}, "repository.url is '--upload-pack=x': give an address that git reads"),
    ({"repository": {"url": "/var/lib/mysql"}}, "repository.url is /var/lib/mysql, and /var/lib/mysql is a database's directory"),
    ({"repository": {"url": "/srv/shop/git"}}, "repository.url is /srv/shop/git, which lies in the application's own docroot"),
    ({"repository": {"url": "git@x:y", "subdirectory": "../z"}}, "repository.subdirectory has '../z': give a path within the application."),
    ({"shared": ["/srv/uploads"]}, "shared has '/srv/uploads': give a path within the application."),
    ({"build": {"command": []}}, "build.command is empty: give a command with its arguments"),
    ({"build": {"command": ["make"], "result": "/tmp"}}, "build.result has '/tmp'"),
    ({"health": {"times": 0}}, "health.times is 0: take 1 or more."),
    ({"health": {"status": 42}}, "health.status is 42: give a status of http"),
    ({"keep": 1}, "keep is 1: take 2 or more, since going back needs the one before."),
    ({"version": "v 1"}, "version is 'v 1': write a tag's name"),
])
def test_each_wrong_thing_has_its_sentence(change, sentence):
    (found,) = said(dict(SHOP, **change))
    assert found.startswith("web1: ") and sentence in found and "secret" not in found


@pytest.mark.parametrize("archive, sentence", [
    ({"url": "/srv/a.war", "checksums": {}}, "archive has no checksums"),
    ({"url": "/srv/a.war", "checksums": WAR["archive"]["checksums"]}, "archive.url is /srv/a.war for 2 versions: write {version}"),
    ({"url": "/srv/a.war", "checksums": {"1": "abc"}}, "archive.checksums has 'abc' for 1: write sha256:"),
    ({"url": "https://a:secret@b/a.war", "checksums": {"1": "sha256:00"}}, "archive.url has a password in it"),
])
def test_each_wrong_archive(archive, sentence):
    (found,) = said(dict(WAR, archive=archive))
    assert sentence in found and "secret" not in found


def test_what_several_applications_contradict_each_other_in():
    assert "has the name 'shop' twice" in said(SHOP, dict(SHOP, docroot="/srv/other"))[0]
    (found,) = said(SHOP, dict(WAR, docroot="/srv/shop/war"))
    assert "docroot is /srv/shop/war, which lies in /srv/shop of application 'shop'" in found
    (found,) = said(SHOP, app_deploy_application="blog")
    assert "deploy_application is 'blog', which is none of app_deploy_applications: name one of shop." in found
    assert "app_deploy_sessions_end_s is -1" in said(SHOP, app_deploy_sessions_end_s=-1)[0]


def test_a_tomcat_that_serves_the_document_root_itself():
    (found,) = said(SHOP, app_deploy_instances=[{"name": "a", "services": [{"applications": [{"doc_base": "/srv/shop/v1"}]}]}])
    assert "instance 'a' has the doc_base /srv/shop/v1" in found and "write /srv/shop/current" in found


def test_two_applications_with_one_document_root():
    found = clashes(claims("web1", {"app_deploy_applications": [SHOP, dict(WAR, docroot="/srv/shop/")]}))
    assert found == [
        "web1: app_deploy_applications[1].docroot is /srv/shop/, which another application has already: give each its own directory."]
    assert clashes(claims("web1", {"app_deploy_applications": [SHOP]}) + claims("web2", {"app_deploy_applications": [SHOP]})) == []
