from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._web.sandbox import sandbox


def of(*applications, **service):
    return [{"name": "a", "services": [{"name": "user", "applications": list(applications), **service}]}]


def test_home_is_hidden_unless_something_lies_there():
    assert sandbox(of({"doc_base": "/srv/shop"}))["home"] == "true"
    assert sandbox(of({"doc_base": "/home/deploy/shop/current"}))["home"] == "read-only"
    assert sandbox(of({"doc_base": "/srv/shop", "writable_paths": ["/home/shop/uploads"]}))["home"] == "read-only"


def test_what_is_asked_for_by_name_is_made_and_writable():
    made = sandbox(of({"doc_base": "/srv/shop", "writable_paths": ["/srv/uploads"]}))
    assert (made["writable"], made["made"]) == (["/srv/uploads"], ["/srv/uploads"])


def test_a_path_that_the_application_is_told_is_writable_but_not_made():
    made = sandbox(of({"doc_base": "/srv/shop", "parameters": {"upload.dir": "/srv/uploads", "title": "Shop", "size": 3}}))
    assert (made["writable"], made["made"]) == (["/srv/uploads"], [])


@pytest.mark.parametrize("value", ["/", "/etc/shop", "/usr/lib/x", "/srv/../etc/x", "/srv", "relative/path", "/srv/a b", "/run/x/y", None])
def test_the_systems_own_paths_stay_closed(value):
    assert sandbox(of({"doc_base": "/srv/shop", "parameters": {"p": value}}))["writable"] == []


def test_a_store_of_sessions_is_writable():
    assert sandbox(of(cluster={"manager": "PersistentManager", "store_directory": "/mnt/sessions"}))["writable"] == ["/mnt/sessions"]


@pytest.mark.parametrize("instances", [None, [], [{"name": "a"}], of({"doc_base": "/a"}, cluster=None)])
def test_little_given(instances):
    assert sandbox(instances)["writable"] == []
