"""Personal data in a text: email addresses, phone numbers, IP addresses, card and bank account numbers.

Checksums of numbers are verified; addresses that belong to nobody (examples, private networks, git@) are ignored. With
`mask`, the edited document has [email], [phone], [ip], [card] or [iban] in place of the data.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from leafinstruct.document import Document
from leafinstruct.score.base import Column, DocumentScorer, Row
from leafinstruct.text.edits import edited
from leafinstruct.text.plain import plain, reading

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,24}(?![\w-])")
NOBODY = re.compile(
    r"^(?:git|svn|hg|root|user(?:name)?|name|you(?:r\.?name)?|your[._-]?e?-?mail|someone|somebody|foo|bar|no-?reply)@"
    r"|@(?:[\w-]+\.)*(?:example\.\w+|test|invalid|local|localhost|localdomain|yourdomain\.\w+|domain\.com)$"
    r"|\.(?:png|jpe?g|gif|svg|webp|js|css|py)$",
    re.IGNORECASE,
)
"""Addresses of examples and services (RFC 2606 names among them), and file names such as icon@2x.png."""
IPV4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{1,4}:){2,7}(?::?[0-9A-Fa-f]{1,4}){1,7}(?![\w:])")
PHONE = re.compile(
    r"(?<![\w.,/+-])(?<!\d )(?:"
    r"(?:\+|00)[1-9]\d{0,2}(?:[ ./-]?\(0?\d{0,4}\))?(?:[ ./-]?\d){6,12}"
    r"|\(0?[2-9]\d{2,4}\)[ .-]?\d{3,4}[ .-]?\d{3,5}"
    r"|[2-9]\d{2}([.-])\d{3}\1\d{4}"
    r"|(?<=[:. ])0\d{1,4}(?:[ -]| ?/ ?)\d(?:[ -]?\d){5,9}"
    r")(?![\w-]|\.\d| \d)"
)
"""International numbers, American ones, and European ones with their leading zero."""
CARD = re.compile(r"(?<![\w.-])(?:[2-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3[47]\d{2} ?\d{6} ?\d{5})(?![\w-]|\.\d)")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
    "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24,
    "TR": 26,
}  # fmt: skip


class Scorer(DocumentScorer):
    version = 2
    columns = (
        Column("emails", "document", "int", "count", "email addresses of people or companies"),
        Column("phones", "document", "int", "count", "phone numbers"),
        Column("ips", "document", "int", "count", "IP addresses of the public internet"),
        Column("cards", "document", "int", "count", "card numbers with a valid checksum (Luhn)"),
        Column("ibans", "document", "int", "count", "bank account numbers with a valid checksum (ISO 13616)"),
        Column("found", "document", "int", "count", "sum of the other columns"),
    )

    @dataclass(frozen=True)
    class Settings:
        mask: bool = False
        """Whether the edited document has the kind in place of the data."""

    def score(self, document: Document) -> list[Row]:
        counts = Counter(kind for part in reading(document).parts for kind, _, _ in find(part.text))
        row: Row = {f"{kind}s": counts[kind] for kind in ("email", "phone", "ip", "card", "iban")}
        return [{"document": document.id, **row, "found": counts.total()}]

    def edit(self, text: str) -> str:
        return masked(text) if self.settings.mask else text


def masked(text: str) -> str:
    """The text, as Markdown, with each finding replaced by its kind, also in what is not shown, such as the address of
    a link."""
    text = edited(text, [(start, end, f"[{kind}]") for kind, start, end in find(plain(text))])
    for kind, start, end in reversed(find(text)):
        text = f"{text[:start]}[{kind}]{text[end:]}"
    return text


def find(text: str) -> list[tuple[str, int, int]]:
    """(kind, start, end) of each finding in order; of two possible kinds, the one with the stricter check is given."""
    if not any(c.isdigit() or c == "@" for c in text):
        return []
    found: list[tuple[str, int, int]] = []
    for kind, start, end in _candidates(text):
        if not any(start < other_end and other_start < end for _, other_start, other_end in found):
            found.append((kind, start, end))
    return sorted(found, key=lambda f: f[1])


def _candidates(text: str) -> Iterator[tuple[str, int, int]]:
    for match in IBAN.finditer(text):
        if is_iban(match.group()):
            yield "iban", *match.span()
    for match in CARD.finditer(text):
        if is_card(match.group()):
            yield "card", *match.span()
    for match in EMAIL.finditer(text):
        if not NOBODY.search(match.group()):
            yield "email", *match.span()
    for pattern in (IPV4, IPV6):
        for match in pattern.finditer(text):
            if is_public_ip(match.group()):
                yield "ip", *match.span()
    for match in PHONE.finditer(text):
        if 7 <= sum(c.isdigit() for c in match.group()) <= 15:
            yield "phone", *match.span()


def is_card(number: str) -> bool:
    """Whether 13 to 19 digits, ignoring spaces and hyphens, have a valid Luhn checksum and are not all the same."""
    digits = [int(c) for c in number if c.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def is_iban(number: str) -> bool:
    """Whether length and checksum (modulo 97) are valid for a bank account of its country."""
    plain = number.replace(" ", "")
    if len(plain) != IBAN_LENGTHS.get(plain[:2]):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def is_public_ip(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_global
    except ValueError:
        return False
