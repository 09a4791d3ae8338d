from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from leafinstruct.timing import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 1.5 ", 1.5),
        ("-3", 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("nan", 0.0),
        ("inf", 0.0),
        ("1e999", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", 0.0),
    ],
)
def test_what_a_server_asks_to_wait(value: str, seconds: float) -> None:
    assert retry_after(value) == seconds


def test_a_date_counts_from_now() -> None:
    assert 55 < retry_after(formatdate(time.time() + 60, usegmt=True)) <= 60
