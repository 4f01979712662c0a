from __future__ import annotations

from ansible_collections.failover.stack.plugins.module_utils._web.virtual_hosts import virtual_hosts, wild_hosts


def app(name, server_name, **more):
    return {"name": name, "server_name": server_name, "workers": {"service": "user"}, **more}


def test_each_host_name_has_a_virtual_host():
    assert [site["name"] for site in virtual_hosts([app("a", "a.test"), app("b", "b.test"), app("c", "a.test", http_port=8080)])] == [
        "a", "b", "c"]


def test_applications_under_one_host_name_share_it():
    [site] = virtual_hosts([app("shop", "www.test", server_aliases=["w.test"]), app("blog", "WWW.test", http_port="80")])
    assert (site["name"], [one["name"] for one in site["applications"]], site["aliases"]) == ("shop", ["shop", "blog"], ["w.test"])


def test_what_one_serves_from_a_directory_no_tomcat_of_another_gets():
    [site] = virtual_hosts([app("shop", "www.test", mounts=["/*"], unmounts=["/favicon.ico"]),
                            app("blog", "www.test", mounts=["/blog/*"], static=[{"path": "/blog/static", "directory": "/srv"}])])
    assert site["unmounts"] == [("/favicon.ico", "lb_shop"), ("/blog/static/*", "*")]


def test_mod_jk_keeps_one_worker_for_a_path_that_two_unmount():
    [site] = virtual_hosts([app("shop", "www.test", unmounts=["/x"]), app("blog", "www.test", unmounts=["/x"])])
    assert site["unmounts"] == [("/x", "*")]


def test_an_application_alone_unmounts_from_its_own_worker():
    [site] = virtual_hosts([app("shop", "www.test", static=[{"path": "/s", "directory": "/srv"}], unmounts=["/x"])])
    assert site["unmounts"] == [("/s/*", "lb_shop"), ("/x", "lb_shop")]


def test_wildcards_come_last_and_the_most_exact_first():
    both = [app("all", "shop.test", server_aliases=["*.shop.test", "shop.example"]),
            app("eu", "eu.test", server_aliases=["*.eu.shop.test"])]
    assert [site["aliases"] for site in virtual_hosts(both)] == [["shop.example"], []]
    assert [(site["name"], site["aliases"]) for site in wild_hosts(both)] == [("eu", ["*.eu.shop.test"]), ("all", ["*.shop.test"])]
