from __future__ import annotations

import pytest
from made import core as made

from leafinstruct.score.pii import Scorer, find, is_card, is_iban, masked


def kinds(text: str) -> list[str]:
    return [kind for kind, _, _ in find(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Write to jane.doe+news@mail.company.co.uk.", "email"),
        ("<anna@firma.de>", "email"),
        ("Call +49 30 1234567 today", "phone"),
        ("Call +1 (212) 555-7890.", "phone"),
        ("Tel.: 030 / 123 45 67", "phone"),
        ("Tél : 01 42 68 53 00", "phone"),
        ("(212) 555-7890", "phone"),
        ("212-555-7890", "phone"),
        ("The server 8.8.4.4 answers", "ip"),
        ("at 2001:4860:4860::8888 now", "ip"),
        ("Pay with 4111 1111 1111 1111 now", "card"),
        ("5500-0000-0000-0004", "card"),
        ("3782 822463 10005", "card"),
        ("DE89 3704 0044 0532 0130 00", "iban"),
        ("GB29NWBK60161331926819", "iban"),
        ("FR14 2004 1010 0505 0001 3M02 606", "iban"),
    ],
)
def test_personal_data_is_found(text: str, kind: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "git clone git@github.com:a/b.git",
        "Write to you@example.com",
        "icon@2x.png",
        "@mention of somebody @ home",
        "At 192.168.0.1 and 127.0.0.1 and 10.0.0.7",
        "Version 1.2.3.4.5 or 300.1.1.1",
        "12:30:45 and 00:1A:2B:3C:4D:5E",
        "4111 1111 1111 1112",
        "0000 0000 0000 0000",
        "DE89 3704 0044 0532 0130 01",
        "XX89 3704 0044 0532 0130 00",
        "On 2024-05-17 at 10:20, 1280 x 1024 pixels",
        "ISBN 978-3-16-148410-0",
        "Pi is 3.14159265358979 and 0.577215664901",
        "Issue 12345678, commit 0123456789abcdef",
        "x = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]",
        "Mix 200 g of flour with 100-150 ml of water",
    ],
)
def test_what_is_nobodys_is_kept(text: str) -> None:
    assert kinds(text) == []


def test_checksums() -> None:
    assert is_card("4012 8888 8888 1881") and not is_card("4012 8888 8888 1882")
    assert is_iban("NL91ABNA0417164300") and not is_iban("NL91ABNA0417164301")


def test_findings_are_counted_over_all_texts() -> None:
    parts = [made.text("Ask a@firma.de or b@firma.de"), made.image("a"), made.text("or call +49 30 1234567")]
    (row,) = Scorer({}).score(made.document("d", parts))
    assert row == {
        "document": "d", "emails": 2, "phones": 1, "ips": 0, "cards": 0, "ibans": 0, "found": 3
    }  # fmt: skip


def test_masking_keeps_the_rest_of_the_text() -> None:
    text = "Ask anna@firma.de (card 4111 1111 1111 1111), at 8.8.4.4."
    assert masked(text) == "Ask [email] (card [card]), at [ip]."
    assert Scorer({"mask": True}).edit(text) == masked(text)
    assert Scorer({}).edit(text) == text


def test_addresses_of_links_are_masked_too() -> None:
    assert masked("[jo@boats.org](mailto:jo@boats.org)") == "[[email]](mailto:[email])"
    assert masked('[write](mailto:jo@boats.org "jo@boats.org")') == '[write](mailto:[email] "[email]")'
