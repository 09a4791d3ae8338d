"""Bytes to text: what the bytes themselves say about their character encoding comes before what a label says.

Labels have the meaning that browsers give them (WHATWG Encoding). Servers and templates often state a wrong one, so
that valid UTF-8 is UTF-8, and a label under which the bytes are no text counts for nothing.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from leafinstruct.harvest.charset_detection import MULTIBYTE, likely_charsets, sample_of
from leafinstruct.harvest.mojibake import encoded_once

META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})")
XML_CHARSET = re.compile(rb"\s*<\?xml[^>]{0,100}?\bencoding\s*=\s*[\"']([\w:.-]{2,40})[\"']")
_HALF = r"&#(?:(5[5-7]\d{3})|x(d[89a-f][\da-f]{2}));"
HALVES = re.compile(_HALF + _HALF, re.IGNORECASE)
HEAD = 65536
"""Bytes in which a <meta> is looked for; the standard looks at 1,024, but scripts may come before it."""
LABELS = {
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-gbk": "gbk",
    "x-x-big5": "big5",
    "ks_c_5601-1987": "cp949",
    "windows-949": "cp949",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "x-euc-jp": "euc_jp",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "koi": "koi8_r",
    "koi8": "koi8_r",
    "koi8-ru": "koi8_u",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "unicode": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-user-defined": "cp1252",
}
WIDER = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
FEW = 4
"""Characters. Text of a multi-byte charset is valid UTF-8 by chance in one of a thousand texts of this length."""
SHORT = 64
"""Bytes of a text too short to tell by its share of other bytes."""
CONTROL = bytes({*range(32)} - {*b"\t\n\f\r\x1b"})
HIGH = bytes(range(128, 256))
SIGN_IN_WORD = re.compile(r"[a-zà-ÿ][¹³±¶¿¼]+[a-zà-ÿ]")
OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u2e80-\ud7ff]")


def decode(data: bytes, charset: str | None = None) -> str | None:
    """Text of a page: by its byte order mark, as UTF-8, by the given charset, its XML declaration or <meta>, or by
    what its letters and words are likely in; None if it is not text."""
    return _decoded(data, lambda: filter(None, [charset, *_stated(data)]))


def decode_text(data: bytes) -> str | None:
    """Text of a file that declares no charset, or None."""
    return _decoded(data, lambda: ())


def _decoded(data: bytes, stated: Callable[[], Iterable[str]]) -> str | None:
    for bom, name in BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    if b"\0" in data:
        if (wide := _utf16(data)) is not None:
            return wide
        if data.count(0) * 100 > len(data):
            return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _not_utf8(data, [codec for label in stated() if (codec := _codec(label))])
    if b"\x1b" in data and b"\x1b$" in data:
        return _strict(data, "iso2022_jp") or text
    if not 0 < len(data) - len(text) < 3 * FEW:  # a character takes three bytes more than one at most
        return encoded_once(text, data)
    labels = (codec for label in stated() if (codec := _codec(label)) in MULTIBYTE)
    return next((found for codec in labels if (found := _strict(data, codec))), text)


def _not_utf8(data: bytes, labels: list[str]) -> str | None:
    """Text of bytes that are not valid UTF-8 throughout."""
    if (len(data) - len(data.translate(None, CONTROL))) * 100 > len(data):
        return None
    if text := _mostly_utf8(data):
        return text
    western = _is_western(data)
    labeled = western and not _has_signs_in_words(data)
    for codec in sorted(labels, key=lambda name: (name not in MULTIBYTE, name == "cp1252")):
        # bytes that are none of its text show in a multi-byte charset; servers add that of Western text to anything
        if codec != "utf-8" and (codec != "cp1252" or labeled) and (text := _nearly(data, codec)):
            return text
    return _by_detection(data) or (data.decode("cp1252", "replace") if western else None)


def _stated(data: bytes) -> Iterator[str]:
    """Labels in a page: of its XML declaration, and of the first <meta> that is not commented out."""
    head = _without_comments(data[:HEAD].lower())  # a pattern that ignores case takes several times as long
    for found in (XML_CHARSET.match(head), META_CHARSET.search(head)):
        if found:
            yield found[1].decode("ascii", "replace")


def _without_comments(html: bytes) -> bytes:
    pieces, place = list[bytes](), 0
    while (begin := html.find(b"<!--", place)) >= 0 and (end := html.find(b"-->", begin)) >= 0:
        pieces.append(html[place:begin])
        place = end + 3
    return b"".join((*pieces, html[place:]))


def _utf16(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: markup is ASCII, so that many bytes are zero, and every second at most."""
    even, odd = data[::2].count(0), data[1::2].count(0)
    if max(even, odd) * 10 < len(data) or min(even, odd) * 4 > max(even, odd):
        return None
    return _strict(data, "utf-16-be" if even > odd else "utf-16-le")


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8 with few other bytes: cut at its end, or a piece pasted from Windows into a page in Latin letters; also
    CESU-8, in which databases wrote characters beyond 16 bits as surrogate pairs."""
    if b"\xed" in data:
        with suppress(UnicodeDecodeError):
            return data.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = data.decode("utf-8", "ignore")
    good = len(text) - len(data.translate(None, HIGH))
    bad = data.decode("utf-8", "replace").count("\ufffd") - text.count("\ufffd")
    if good < FEW * bad:
        return None
    return data.decode("utf-8", "replace" if OTHER_SCRIPT.search(text) else "leafinstruct.stray")


def _stray(error: UnicodeError) -> tuple[str, int]:
    """A lone byte as Windows-1252; what was cut from a longer sequence is lost."""
    assert isinstance(error, UnicodeDecodeError)
    piece = error.object[error.start : error.end]
    cut = len(piece) > 1 or error.end == len(error.object)
    return "\ufffd" if cut else piece.decode("cp1252", "replace"), error.end


def _row_of_nec(error: UnicodeError) -> tuple[str, int]:
    """Characters such as ① that browsers read in EUC-JP and Python does not: they are in the same place of cp932."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and min(pair) > 0xA0 and max(pair) < 0xFF:
        row, cell = pair[0] - 0xA0, pair[1] - 0xA0
        lead = (row + 1) // 2 + (0x80 if row < 63 else 0xC0)
        trail = cell + (0x9E if row % 2 == 0 else 0x40 if cell > 63 else 0x3F)
        return bytes((lead, trail)).decode("cp932", "replace"), error.start + 2
    return "\ufffd", error.end


codecs.register_error("leafinstruct.stray", _stray)
codecs.register_error("leafinstruct.nec", _row_of_nec)


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _nearly(data: bytes, codec: str) -> str | None:
    """Text in a charset, if nearly all of its characters are in there."""
    text = data.decode(codec, "leafinstruct.nec" if codec == "euc_jp" else "replace")
    bad = text.count("\ufffd")
    return text if not bad or bad <= 1 + sum(c > "\x7f" for c in text) // 50 else None


def _is_western(data: bytes) -> bool:
    """Whether few bytes between the tags are not ASCII, as in the languages of Windows-1252."""
    sample = sample_of(data)
    high = len(sample) - len(sample.translate(None, HIGH))
    return high * 4 <= max(len(sample), SHORT)


def _has_signs_in_words(data: bytes) -> bool:
    """Whether words in Windows-1252 would hold signs, as those of Polish do: few pages with its label are in it."""
    return len(SIGN_IN_WORD.findall(sample_of(data).decode("cp1252", "replace"))) >= FEW


def _by_detection(data: bytes) -> str | None:
    return next((text for codec in likely_charsets(sample_of(data)) if (text := _nearly(data, codec))), None)


def with_whole_characters(html: str) -> str:
    """HTML with characters for the pairs of references by which some programs write those beyond 16 bits (emoji as
    `&#55357;&#56832;`); alone, browsers read each half as U+FFFD."""
    return HALVES.sub(_character, html) if "&#" in html else html


def _character(found: re.Match[str]) -> str:
    high, low = (int(a) if a else int(b, 16) for a, b in (found.groups()[:2], found.groups()[2:]))
    if 0xD800 <= high < 0xDC00 <= low < 0xE000:
        return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
    return found[0]


def _codec(name: str) -> str | None:
    """Python's name for a web charset, by browsers' labels (WHATWG Encoding): most mean the Windows code page that
    includes the named one, and UTF-16 in a label means UTF-8, as the bytes were looked at before."""
    label = name.strip().strip("'\"").lower()
    try:
        codec = codecs.lookup(LABELS.get(label, label))
        b"  ".decode(codec.name, "replace")
    except (LookupError, ValueError):  # LookupError also for codecs that return no text, such as hex
        return None
    known = codec.name
    if known.startswith(("utf-", "utf_")):
        return "utf-8"
    return WIDER.get(known, known)
