from __future__ import annotations

import pytest

from leafinstruct.text.urls import host_of, site_keys, url_key

PAGE = "https://a.example/fold/crane"


@pytest.mark.parametrize(
    "other",
    [
        "http://a.example/fold/crane",
        "https://www.A.example/fold/crane/",
        "https://a.example:443/fold/crane#step-2",
        "http://a.example:80/fold/crane?utm_source=x&gclid=1&fbclid=2&UTM_term=y",
        "a.example/fold/crane",
        "https://a.example/fold/cr%61ne",
        "https://a.example/fold/./paper/../crane",
        "https://user@a.example./fold//crane/",
    ],
)
def test_spellings_of_one_address_are_one(other: str) -> None:
    assert url_key(other) == url_key(PAGE) == "a.example/fold/crane"


@pytest.mark.parametrize(
    "other",
    [
        "https://a.example/fold/Crane",
        "https://b.a.example/fold/crane",
        "https://a.example:8080/fold/crane",
        "https://a.example:443/fold/crane?page=2",
        "http://a.example:443/fold/crane",
        "https://a.example/fold/crane#!/second",
        "https://a.example/fold%2Fcrane?",
        "https://a.example/fold%252Fcrane",
        "https://a.example",
    ],
)
def test_other_addresses_stay_others(other: str) -> None:
    assert url_key(other) != url_key(PAGE)


def test_the_order_of_parameters_does_not_count_and_their_values_do() -> None:
    assert url_key(f"{PAGE}?b=2&a=1&utm_medium=m") == url_key(f"{PAGE}?a=1&b=2")
    assert url_key(f"{PAGE}?a=1&amp;b=2") == url_key(f"{PAGE}?a=1&b=2")
    assert url_key(f"{PAGE}?a=1") != url_key(f"{PAGE}?a=2") != url_key(f"{PAGE}?a=")
    assert url_key(f"{PAGE}?q=a%26b%3D1") != url_key(f"{PAGE}?q=a&b=1")


def test_an_accent_is_one_character_or_two() -> None:
    for other in ("https://a.example/cafe\u0301?q=u\u0308", "a.example/caf%C3%A9?q=%C3%BC", "a.example/cafe%CC%81?q=ü"):
        assert url_key(other) == url_key("https://a.example/café?q=ü")
    assert url_key("https://a.example/cafe") != url_key("https://a.example/café")


def test_what_is_no_address_is_equal_to_itself() -> None:
    assert url_key("https://[broken/x") == "https://[broken/x"
    assert url_key("https://a.example:port/x") == "https://a.example:port/x"


def test_names_in_other_letters_are_compared_as_they_are_resolved() -> None:
    assert url_key("https://bücher.example/x") == url_key("https://xn--bcher-kva.example/x")
    assert url_key("https://straße.example") == url_key("https://xn--strae-oqa.example") == "xn--strae-oqa.example"
    assert url_key("https://www.b%C3%BCcher。example") == url_key("https://BÜCHER.example")
    assert url_key("https://a.example/stra%C3%9Fe") == url_key("https://a.example/straße")
    assert url_key("https://a.example/%E9") != url_key("https://a.example/%E8")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.Example/x", "a.example"),
        ("http://user@a.example.:80/", "a.example"),
        ("http://a.example:81/", "a.example:81"),
        ("/x/y", ""),
        ("https://[broken/x", ""),
        ("", ""),
    ],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert host_of(url) == host


def test_an_address_in_a_parameter_is_not_its_own() -> None:
    assert url_key("www.A.example/x?u=http://b.example") == url_key("http://a.example/x?u=http://b.example")


def test_escaped_slashes_are_not_escaped_percent_signs() -> None:
    assert url_key(f"{PAGE}%2Fx") == url_key(f"{PAGE}%2fx") != url_key(f"{PAGE}%252Fx")


def test_what_has_no_host_is_its_own_key() -> None:
    for url in ("data:image/png;base64,AA//BB", "mailto:a@b.example"):
        assert url_key(url) == url


def test_addresses_in_digits_keep_their_port_apart() -> None:
    assert url_key("http://[::1]:8080/x") == "[::1]:8080/x" != url_key("http://[::1:8080]/x")


def test_half_a_surrogate_pair_is_no_error() -> None:
    assert url_key("https://a.example/\ud800") == url_key("https://a.example/\ufffd")


@pytest.mark.parametrize(
    "other",
    [
        "www.a.example",
        "A.example.",
        "a.example:443",
        "//a.example/",
        "http://a.example/#x",
        "https://a.example/?gclid=1",
    ],
)
def test_spellings_of_one_site_are_one(other: str) -> None:
    assert site_keys(other) & site_keys("a.example")


def test_other_sites_stay_others() -> None:
    for other in ("b.a.example", "a.example:8080", "a.example/x", "a", ""):
        assert not site_keys(other) & site_keys("a.example"), other
    assert site_keys("https://a.example/x") == {"a.example", "a.example/x"}
    assert site_keys("Owner/Name") & site_keys("owner/Name") and not site_keys("owner/name") & site_keys("owner/other")
