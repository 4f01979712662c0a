from __future__ import annotations

import pytest
from ansible_collections.failover.stack.plugins.module_utils._host.files import (
    HIDDEN,
    Found,
    Wanted,
    diff_of,
    differs,
    fill,
    objections,
    placeholders,
    surplus,
    visible_before,
)


def wanted(template, content=None, mode=0o644, uid=0, gid=0):
    return Wanted("/etc/x", template, template if content is None else content, mode, uid, gid)


def test_fill_replaces_every_placeholder():
    assert fill("a=@@one@@ b=@@two@@ c=@@one@@", {"one": "1", "two": 2}) == "a=1 b=2 c=1"


def test_fill_names_a_missing_secret():
    with pytest.raises(KeyError, match="two"):
        fill("@@two@@", {"one": 1})


def test_a_name_may_have_dots_and_dashes():
    assert fill("a=@@resource.tomcat1.user..jdbc-demo@@", {"resource.tomcat1.user..jdbc-demo": "1"}) == "a=1"


def test_fill_does_not_expand_a_secret_that_looks_like_a_placeholder():
    assert fill("@@one@@", {"one": "@@two@@", "two": "x"}) == "@@two@@"


def test_an_email_or_a_single_at_sign_is_no_placeholder():
    assert placeholders("admin@example.org @@ @x@ @@a b@@") == set()


@pytest.mark.parametrize("found, difference", [
    (Found("a", 0o644, 0, 0), set()),
    (Found("b", 0o644, 0, 0), {"content"}),
    (Found("a", 0o600, 0, 0), {"mode"}),
    (Found("a", 0o644, 1, 2), {"owner", "group"}),
    (Found(), {"content", "mode", "owner", "group"}),
])
def test_differs(found, difference):
    assert differs(found, wanted("a")) == difference


def test_unresolved_owner_counts_as_different():
    assert differs(Found("a", 0o644, None, 0), wanted("a", uid=None)) == {"owner"}


OURS = "# Managed by failover.stack\npassword=OLD\n"


def test_an_old_text_of_ours_that_anybody_can_read_is_shown_whole():
    assert visible_before(Found(OURS, public=True), wanted("new\n")) == OURS


def test_a_file_in_a_directory_of_ours_is_ours():
    there = wanted("{}\n")._replace(path="/etc/failover-stack/x.json")
    assert visible_before(Found("{old}\n", public=True), there) == "{old}\n"


@pytest.mark.parametrize("found, template", [
    (Found(OURS), "# Managed by failover.stack\nplain=1\n"),
    (Found("password=OLD\n", public=True), "# Managed by failover.stack\n"),
    (Found(OURS, public=True), "# Managed by failover.stack\npassword=@@p@@\n"),
], ids=["only some can read it", "made by hand", "the new one has a secret"])
def test_an_old_text_that_may_hold_a_secret_is_hidden_although_the_new_one_has_no_placeholder(found, template):
    shown = visible_before(found, wanted(template))
    assert "OLD" not in shown and shown.endswith(HIDDEN)
    assert ("# Managed by failover.stack\n" in shown) == ("failover" in found.content)


def test_an_old_secret_is_never_shown():
    shown = visible_before(
        Found("user=a\npassword=OLD\nlegacy=OLD2\n"), wanted("user=a\npassword=@@p@@\n", "user=a\npassword=NEW\n"))
    assert shown == "user=a\n" + HIDDEN + HIDDEN
    assert "OLD" not in shown


def test_the_same_secret_is_shown_as_its_placeholder():
    assert visible_before(
        Found("password=S\nx=1\n"), wanted("password=@@p@@\nx=2\n", "password=S\nx=2\n")) == "password=@@p@@\n" + HIDDEN


def test_diff_shows_attributes_only_where_they_differ():
    have, want = {"mode": "0600", "owner": 0}, {"mode": "0644", "owner": 0}
    entry = diff_of("/x", "a\n", "a\n", have, want)
    assert entry["before"] == "# mode: 0600\na\n"
    assert entry["after"] == "# mode: 0644\na\n"


def test_surplus_keeps_what_is_named():
    assert surplus(["/d/b", "/d/a"], ["/d/a", "/e"]) == ["/d/b"]


@pytest.mark.parametrize("text, objection", [
    # mariadbd --help --verbose of 10.11.19 and 11.8.9, which all ended with 0
    ("2026-11-29  9:53:06 0 [Note] slave_connections_needed_for_purge changed to 0\n"
     "2026-11-29  9:53:06 0 [ERROR] Parsing options for plugin 'InnoDB' failed. Disabling plugin\n",
     "2026-11-29  9:53:06 0 [ERROR] Parsing options for plugin 'InnoDB' failed. Disabling plugin"),
    ("2026-11-29  9:53:16 0 [Warning] option 'slow_query_log': boolean value 'maybe' wasn't recognized. Set to OFF.\n",
     "2026-11-29  9:53:16 0 [Warning] option 'slow_query_log': boolean value 'maybe' wasn't recognized. Set to OFF."),
    ("2026-11-29  9:53:16 0 [Warning] Could not increase number of max_open_files to more than 20000 (request: 32043)\n", ""),
    ("", ""),
])
def test_a_checkers_word_counts_and_not_only_its_status(text, objection):
    assert objections(text) == objection
