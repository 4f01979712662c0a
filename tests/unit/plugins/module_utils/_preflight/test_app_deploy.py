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


FIRST = "web1: app_deploy_applications[0]"
ABSOLUTE = "give an absolute path of two parts or more that is none of the system's, such as /srv/shop."
WITHIN = "give a path within the application."
DATABASE = "/var/lib/mysql is a database's directory"


@pytest.mark.parametrize("change, sentence", [
    ({"name": "My Shop"}, "web1: app_deploy_applications has the name 'My Shop': take lower-case letters, digits, - and _."),
    ({"name": "-shop"}, "web1: app_deploy_applications has the name '-shop': take lower-case letters, digits, - and _."),
    ({"docroot": "/srv"}, FIRST + ".docroot is '/srv': " + ABSOLUTE),
    ({"docroot": "/srv/"}, FIRST + ".docroot is '/srv/': " + ABSOLUTE),
    ({"docroot": "srv/shop"}, FIRST + ".docroot is 'srv/shop': " + ABSOLUTE),
    ({"docroot": "/srv/a shop"}, FIRST + ".docroot is '/srv/a shop': " + ABSOLUTE),
    ({"docroot": None}, FIRST + ".docroot is '': " + ABSOLUTE),
    ({"docroot": "/etc/shop"}, FIRST + ".docroot is '/etc/shop': " + ABSOLUTE),
    ({"docroot": "/srv/../etc"}, FIRST + ".docroot is '/srv/../etc': " + ABSOLUTE),
    ({"docroot": "/var/lib/mysql/shop"},
     FIRST + ".docroot is /var/lib/mysql/shop, and " + DATABASE + ": an application does not belong there, choose another one."),
    ({"repository": None}, FIRST + " has neither repository nor archive: give either a repository or an archive."),
    ({"archive": WAR["archive"]}, FIRST + " has both repository and archive: give either a repository or an archive."),
    ({"repository": {"url": "https://ann:secret@git.example.org/x"}},
     FIRST + ".repository.url has a password in it, which every list of processes would show: take a key of SSH, or git's credential "
     "helper on the host that builds."),
    ({"repository": {"url": "--upload-pack=x"}},
     FIRST + ".repository.url is '--upload-pack=x': give an address that git reads, or an absolute path."),
    ({"repository": {"branch": "main"}}, FIRST + ".repository.url is '': give an address that git reads, or an absolute path."),
    ({"repository": {"url": "/var/lib/mysql"}},
     FIRST + ".repository.url is /var/lib/mysql, and " + DATABASE + ": what is deployed does not come from there, correct it."),
    ({"repository": {"url": "file:///srv/shop/git"}},
     FIRST + ".repository.url is /srv/shop/git, which lies in the application's own docroot: keep the source elsewhere."),
    ({"repository": {"url": "git@x:y", "subdirectory": "../z"}}, FIRST + ".repository.subdirectory has '../z': " + WITHIN),
    ({"repository": {"url": "git@x:y", "subdirectory": "a/../../z"}}, FIRST + ".repository.subdirectory has 'a/../../z': " + WITHIN),
    ({"shared": ["/srv/uploads"]}, FIRST + ".shared has '/srv/uploads': " + WITHIN),
    ({"shared": [""]}, FIRST + ".shared has '': " + WITHIN),
    ({"build": {"command": []}}, FIRST + ".build.command is empty: give a command with its arguments, or take build away."),
    ({"build": {"command": ["make"], "result": "/tmp"}}, FIRST + ".build.result has '/tmp': " + WITHIN),
    ({"health": {"times": 0}}, FIRST + ".health.times is 0: take 1 or more."),
    ({"health": {"max_ms": 0}}, FIRST + ".health.max_ms is 0: take 1 or more."),
    ({"health": {"status": 42}}, FIRST + ".health.status is 42: give a status of http, such as 200."),
    ({"health": {"status": 600}}, FIRST + ".health.status is 600: give a status of http, such as 200."),
    ({"keep": 1}, FIRST + ".keep is 1: take 2 or more, since going back needs the one before."),
    ({"version": "v 1"}, FIRST + ".version is 'v 1': write a tag's name, in letters, digits and . _ + / -."),
    ({"version": "-v1"}, FIRST + ".version is '-v1': write a tag's name, in letters, digits and . _ + / -."),
])
def test_each_wrong_thing_has_its_sentence(change, sentence):
    assert said(dict(SHOP, **change)) == [sentence]


@pytest.mark.parametrize("archive, sentence", [
    ({"url": "/srv/a.war", "checksums": {}}, "archive has no checksums: give sha256 of each version."),
    ({"url": "/srv/a.war", "checksums": SUMS}, "archive.url is /srv/a.war for 2 versions: write {version} where their names differ."),
    ({"url": "/srv/a.war", "checksums": {"1": "abc"}}, "archive.checksums has 'abc' for 1: write sha256: and the digest."),
    ({"url": "/srv/a.war", "checksums": {"1": "md5:00"}}, "archive.checksums has 'md5:00' for 1: write sha256: and the digest."),
    ({"url": "https://a:secret@b/a.war", "checksums": {"1": "sha256:00"}},
     "archive.url has a password in it: have the file fetched by other means and give its path."),
    ({"url": "/srv/war/a.war", "checksums": {"1": "sha256:00"}},
     "archive.url is /srv/war/a.war, which lies in the application's own docroot: keep the source elsewhere."),
    ({"url": "/var/lib/mysql/a.war", "checksums": {"1": "sha256:00"}},
     "archive.url is /var/lib/mysql/a.war, and " + DATABASE + ": what is deployed does not come from there, correct it."),
])
def test_each_wrong_archive(archive, sentence):
    assert said(dict(WAR, archive=archive)) == ["web1: app_deploy_applications[0]." + sentence]


def test_what_several_applications_contradict_each_other_in():
    assert said(SHOP, dict(SHOP, docroot="/srv/other")) == [
        "web1: app_deploy_applications has the name 'shop' twice: give each application its own."]
    assert said(SHOP, dict(WAR, docroot="/srv/shop/war")) == [
        "web1: app_deploy_applications[1].docroot is /srv/shop/war, which lies in /srv/shop of application 'shop': give each its own "
        "directory."]
    assert said(SHOP, app_deploy_application="blog") == [
        "web1: deploy_application is 'blog', which is none of app_deploy_applications: name one of shop."]
    assert said(SHOP, app_deploy_sessions_end_s=-1) == ["web1: app_deploy_sessions_end_s is -1: take 0 or more."]


def test_a_tomcat_that_serves_the_document_root_itself():
    (found,) = said(SHOP, app_deploy_instances=[{"name": "a", "services": [{"applications": [{"doc_base": "/srv/shop/v1"}]}]}])
    assert found == ("web1: instance 'a' has the doc_base /srv/shop/v1, which is not where app_deploy_applications[0].docroot is served "
                     "from: write /srv/shop/current.")


def test_two_applications_with_one_document_root():
    found = clashes(claims("web1", {"app_deploy_applications": [SHOP, dict(WAR, docroot="/srv/shop/")]}))
    assert found == [
        "web1: app_deploy_applications[1].docroot is /srv/shop/, which another application has already: give each its own directory."]
    assert clashes(claims("web1", {"app_deploy_applications": [SHOP]}) + claims("web2", {"app_deploy_applications": [SHOP]})) == []
