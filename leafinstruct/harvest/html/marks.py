"""Marks of inline markup inside collected text, as Unicode noncharacters: text of a page cannot contain them.

A walk writes them around emphasis, code and formulas; they are taken out for plain text, and written as Markdown by
`inline_markdown`, which escapes what only looks like Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

STRONG, STRONG_END, EM, EM_END, CODE, CODE_END, STRIKE, STRIKE_END = map(chr, range(0xFDD0, 0xFDD8))
SUB, SUB_END, SUP, SUP_END, KBD, KBD_END, MATH, MATH_END = map(chr, range(0xFDD8, 0xFDE0))
PLAIN, PLAIN_END = map(chr, range(0xFDE0, 0xFDE2))
"""Around what is read where there is no markup: the signs of a formula that is also there as TeX."""
DISPLAY, DISPLAY_END = map(chr, range(0xFDE2, 0xFDE4))
"""Begins the TeX of a formula on lines of its own; with its end, around one that is about to be written there."""
LINK, ADDRESS_END, LINK_END = map(chr, range(0xFDE4, 0xFDE7))
"""Around the text of a link whose address is kept: LINK address ADDRESS_END text LINK_END."""
DOLLAR, TILDE = map(chr, range(0xFDE7, 0xFDE9))
"""A dollar sign that could begin a formula, and a tilde that could begin deleted text."""
SIGN = {DOLLAR: "\\$", TILDE: "\\~"}
ALL = "".join(map(chr, range(0xFDD0, 0xFDF0)))
ADDRESS = re.compile(f"{LINK}[^{ADDRESS_END}]*{ADDRESS_END}")
ANY = re.compile(f"[{ALL}](?:(?<={LINK})[^{ADDRESS_END}]*{ADDRESS_END})?")
"""Patterns here begin with a set or with literals, which are looked for many times as fast as groups and choices."""
REMOVED = str.maketrans("", "", ALL)
TEX = re.compile(f"{MATH}[^{MATH_END}]*{MATH_END}")
SIGNS_OF_TEX = re.compile(f"{PLAIN}[^{PLAIN_END}]*{PLAIN_END}")
PAIRS = {STRONG: STRONG_END, EM: EM_END, CODE: CODE_END, STRIKE: STRIKE_END, SUB: SUB_END, SUP: SUP_END, KBD: KBD_END}
PAIRS[LINK] = LINK_END
OF_TAG = {
    "strong": STRONG,
    "b": STRONG,
    "em": EM,
    "i": EM,
    "code": CODE,
    "tt": CODE,
    "samp": CODE,
    "del": STRIKE,
    "s": STRIKE,
    "strike": STRIKE,
    "sub": SUB,
    "sup": SUP,
    "kbd": KBD,
}
WRITTEN = {STRONG: "**", EM: "*", STRIKE: "~~"}
HTML = {SUB: "sub", SUP: "sup", KBD: "kbd"}
AS_MARKDOWN = WRITTEN | {PAIRS[mark]: sign for mark, sign in WRITTEN.items()}
AS_MARKDOWN |= {mark: f"<{tag}>" for mark, tag in HTML.items()}
AS_MARKDOWN |= {PAIRS[mark]: f"</{tag}>" for mark, tag in HTML.items()}
ON_ITS_OWN = re.compile(f"{DISPLAY}([^{DISPLAY_END}]*){DISPLAY_END}")
PASSES = 5
"""Times that emphasis is looked at again after some of it was left out; a paragraph that needs more loses the rest."""
EMPHASIS = frozenset([*WRITTEN, *(PAIRS[mark] for mark in WRITTEN)])
AROUND = {mark: re.compile(f"{mark}([^{mark}]*){PAIRS[mark]}") for mark in (EM, STRONG)}
EMPHASIZED = re.compile(f"[{''.join(EMPHASIS)}]")
ENDS = {end: start for start, end in PAIRS.items()}


def without_marks(text: str) -> str:
    """The text as a reader sees it."""
    return ANY.sub("", TEX.sub("", text) if MATH in text else text)


# To Markdown

SIGNS = frozenset(".")
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
SPECIAL = re.compile(
    r"\\|`|\*|_"
    r"|\[(?=[^\[\]\n]*\](?:[(\[:]|$))"
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=(?:[A-Za-z][A-Za-z0-9]{1,31}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});)"
)
SIGNED = re.compile(rf"[\\`*_~\[<&$|{ALL}]")
"""What may have to be written in another way than it is."""
MARK = re.compile(f"([{ALL}])")
SPACES = re.compile(" {2,}")
DELIMITERS = re.compile(r"(?=.*-)(?=.*\|)[|:\- ]+")
LINE_START = re.compile(r"(?P<mark>#{1,6}|={1,}(?=\s*$)|-{2,}(?=\s*$)|[-+]|>|\d{1,9}(?=[.)]))(?P<rest>.|$)", re.DOTALL)


def inline_markdown(text: str, cell: bool = False, line: bool = False) -> str:
    """Collected text as the Markdown of one paragraph or of a table's `cell`, or as one `line`, of a heading."""
    out = text
    if not _is_plain(text):
        out = _simply_written(text, cell) or _written(_tildes(_dollars(_well_marked(text))), cell)
    if cell or line:
        out = out.replace(DISPLAY, "$").replace(DISPLAY_END, "$")
        return " ".join(one.strip() for one in out.split("\n"))
    if DISPLAY not in out:
        return _lines(out)
    pieces = ON_ITS_OWN.split(out)
    written = [f"$$\n{piece}\n$$" if at % 2 else _lines(piece.strip()) for at, piece in enumerate(pieces)]
    return "\n\n".join(piece for piece in written if piece)


def _is_plain(text: str) -> bool:
    """Whether nothing in a text may have to be written in another way than it is. Of ASCII the signs are looked for one
    by one, in a tenth of the time of a pattern."""
    if not text.isascii():
        return not SIGNED.search(text)
    return not (
        "*" in text or "_" in text or "[" in text or "<" in text or "&" in text
        or "`" in text or "\\" in text or "$" in text or "~" in text
        or "|" in text
    )  # fmt: skip


def _simply_written(text: str, cell: bool) -> str:
    """The usual text, without formulas and links, and without marks in others or beside them, in a fraction of the time
    of `_written`; "" for any other."""
    if "$" in text or "~" in text or "  " in text:
        return ""
    pieces = MARK.split(text)
    if len(pieces) % 4 != 1:
        return ""
    out = [_escaped(pieces[0], cell)]
    for at in range(0, len(pieces) - 1, 4):
        before, start, inside, end, after = pieces[at : at + 5]
        if (
            PAIRS.get(start) != end
            or start == LINK
            or (at and not before)
            or not _is_simple(start, inside, before, after)
        ):
            return ""
        if start == CODE:
            out.append(_code(inside, cell))
        else:
            out += [AS_MARKDOWN[start], _escaped(inside, cell), AS_MARKDOWN[end]]
        out.append(_escaped(after, cell))
    return "".join(out)


def _is_simple(mark: str, inside: str, before: str, after: str) -> bool:
    """Whether a mark and its end count where they are (see `_balanced` and `_flanked`)."""
    first, last = inside[:1], inside[-1:]
    if not inside or first.isspace() or last.isspace():
        return False
    if mark not in WRITTEN:
        return True
    opens = first.isalnum() or not before[-1:].isalnum()
    closes = last.isalnum() or not after[:1].isalnum()
    return opens and closes and any(map(str.isalnum, inside))


def _well_marked(text: str) -> str:
    """The text with marks that Markdown can write."""
    if text.isascii() or not ANY.search(text):
        return text
    marked = SPACES.sub(" ", _balanced(SIGNS_OF_TEX.sub("", text)))
    return _flanked(marked).replace(f"{CODE_END}{CODE}", "")


def _dollars(text: str) -> str:
    """The text with a mark for each dollar sign from which a later one, or a formula's, could make a formula."""
    if "$" not in text:
        return text
    apart = [found.span() for found in APART.finditer(text)]

    def marked(found: re.Match[str]) -> str:
        inside = any(start < found.start() < end for start, end in apart)
        return "$" if inside else DOLLAR

    return OPENING_DOLLAR.sub(marked, text)


def _tildes(text: str) -> str:
    """The text with a mark for each tilde that could begin or end deleted text: parsers take one for two."""
    if "~" not in text:
        return text
    pieces = APART.split(text)
    if STRIKE not in text and sum(piece.count("~") for piece in pieces[::2]) == 1:
        return text
    return "".join(piece if at % 2 else piece.replace("~", TILDE) for at, piece in enumerate(pieces))


def _lines(text: str) -> str:
    if "\n" not in text:
        return _line(text.strip())
    return "\\\n".join(_line(line.strip()) for line in text.split("\n") if line.strip())


def _line(line: str) -> str:
    """Escape what would begin a block at the start of a line, or make the line before it the head of a table."""
    if line[:1].isalpha():  # the usual case, without a look at the patterns
        return line
    if DELIMITERS.fullmatch(line):
        return line.replace("|", "\\|", 1)
    found = LINE_START.match(line)
    if not found:
        return line
    mark, rest = found["mark"], found["rest"]
    if mark[0].isdigit():
        after = line[len(mark) + 1 : len(mark) + 2]
        return f"{mark}\\{line[len(mark) :]}" if not after or after.isspace() else line
    if mark[0] in "#-+" and rest and not rest.isspace() and not (mark[0] == "-" and len(mark) > 1):
        return line
    return f"\\{line}"


def _balanced(text: str) -> str:
    """The text with each mark closed in the order opened, spaces moved out of emphasis, and empty pairs dropped."""
    out: list[str] = []
    open_marks: list[str] = []
    for piece in _pieces(text):
        if piece[0] in PAIRS:
            if CODE in open_marks or any(other[:1] == piece[0] for other in open_marks):
                open_marks.append("")  # inside itself, or inside code: no mark, and none at its end
            else:
                open_marks.append(piece)
                out.append(piece)
        elif piece in ENDS:
            _close(out, open_marks, ENDS[piece])
        else:
            out.append(piece)
    while open_marks:
        _end(out, open_marks.pop())
    return "".join(out)


def _close(out: list[str], open_marks: list[str], mark: str) -> None:
    if not open_marks:
        return
    if open_marks[-1][:1] in ("", mark):
        _end(out, open_marks.pop())
    elif any(other[:1] == mark for other in open_marks):  # closed over others, which end too
        while open_marks[-1][:1] != mark:
            _end(out, open_marks.pop())
        _end(out, open_marks.pop())


def _end(out: list[str], mark: str) -> None:
    """Write the end of a mark before trailing space; nothing at all around nothing, and no emphasis of punctuation
    alone, which Markdown may read as the end of another."""
    if not mark:
        return
    at = len(out) - 1
    while out[at] != mark:
        at -= 1
    inside = "".join(out[at + 1 :])
    shown = ANY.sub("", inside).strip()
    if not shown or (mark in WRITTEN and CODE not in inside and not any(map(str.isalnum, shown))):
        out[at:] = [inside]
        return
    start, end = len(inside) - len(inside.lstrip()), len(inside.rstrip())
    if start and at and out[at - 1].endswith(" "):
        inside, end, start = inside[start:], end - start, 0
    out[at:] = [inside[:start], mark, inside[start:end], PAIRS[mark[0]], inside[end:]]


def _flanked(text: str) -> str:
    """The text without emphasis that Markdown cannot write: a mark between a letter and punctuation does not count as
    one (CommonMark 0.31, 6.2), as in `**http://**host`, and two that touch are read as one run."""
    before = ""
    while before != text:  # the outer ones first may bring inner ones together
        before = text
        for mark, end in PAIRS.items():
            if mark != LINK and mark in text:
                text = text.replace(f"{end}{mark}", "")  # one ends where the next begins
    if not EMPHASIZED.search(text):
        return text
    for outer, inner in ((EM, STRONG), (STRONG, EM)):
        text = AROUND[outer].sub(partial(_unless_confused, inner), text)
    for _ in range(PASSES):
        found = _with_marks_that_count(text)
        if found == text:
            return text
        text = found
    return "".join(character for character in text if character not in EMPHASIS)


def _unless_confused(inner: str, found: re.Match[str]) -> str:
    """Emphasis without its marks if it touches one of several others inside: three signs in a row belong to one."""
    inside = found[1]
    several = inside.count(inner) > 1 and (inside.startswith(inner) or inside.endswith(PAIRS[inner]))
    return inside if several else found[0]


def _with_marks_that_count(text: str) -> str:
    characters = list(text)
    waiting: list[tuple[int, bool]] = []
    for found in EMPHASIZED.finditer(text):
        at = found.start()
        if found[0] in WRITTEN:
            before = next((characters[i] for i in range(at - 1, -1, -1) if characters[i]), "")
            waiting.append((at, ENDS.get(before) in WRITTEN))
        elif waiting:
            begin, after_end = waiting.pop()
            if after_end or not (_beside(characters, begin, 1) and _beside(characters, at, -1)):
                characters[begin] = characters[at] = ""
    return "".join(characters)


def _beside(characters: list[str], at: int, inward: int) -> bool:
    """Whether a mark can be read as one: what it encloses touches it, and if that is punctuation, so is what is
    outside."""
    inside = _nearest(characters, at, inward)
    outside = _nearest(characters, at, -inward)
    if inside.isspace():
        return False
    return inside not in SIGNS or outside.isspace() or outside in SIGNS


def _nearest(characters: list[str], at: int, step: int) -> str:
    """The nearest character that will be written as one; marks that are written as signs count as punctuation."""
    at += step
    while 0 <= at < len(characters):
        character = characters[at]
        if character and character not in ALL:
            return character if character.isalnum() or character.isspace() else "."
        if character:
            return "."
        at += step
    return " "


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for found in ANY.finditer(text):
        if found.start() > at:
            yield text[at : found.start()]
        yield found[0]
        at = found.end()
    if at < len(text):
        yield text[at:]


def _written(text: str, cell: bool) -> str:
    out: list[str] = []
    position, address = 0, ""
    for found in SPAN.finditer(text):
        piece = _escaped(text[position : found.start()], cell)
        out.append(BRACKET.sub(r"\\\g<0>", piece) if address else piece)
        address = found["address"] or address
        if found["mark"] == LINK_END:
            out.append(f"]({address})")
            address = ""
        else:
            out.append(_span(found, cell))
        position = found.end()
    out.append(_escaped(text[position:], cell))
    return "".join(out)


BRACKET = re.compile(r"(?<!\\)[\[\]]")
OPENING_DOLLAR = re.compile(rf"\$(?=[^\s$](?:[^\n]{{0,2000}}[^\s$])?(?:\$|{MATH_END})|\$)")
APART = re.compile(f"({CODE}[^{CODE_END}]*{CODE_END}|{MATH}[^{MATH_END}]*{MATH_END}|{ADDRESS.pattern})")
SPAN = re.compile(
    f"(?P<mark>[{ALL}])(?:(?<={LINK})(?P<address>[^{ADDRESS_END}]*){ADDRESS_END}"
    f"|(?<={CODE})(?P<code>[^{CODE_END}]*){CODE_END}|(?<={MATH})(?P<math>[^{MATH_END}]*){MATH_END})?"
)


def _span(found: re.Match[str], cell: bool) -> str:
    if found["code"] is not None:
        return _code(found["code"], cell)
    if found["math"] is not None:
        return _formula(found["math"], cell)
    if found["address"] is not None:
        return "["
    mark = found["mark"]
    if mark in SIGN:
        return SIGN[mark]
    return AS_MARKDOWN.get(mark, "")


def _formula(text: str, cell: bool) -> str:
    """TeX between dollar signs; as code if it has one itself. In a cell a formula has no lines of its own."""
    tex = " ".join(text.translate(REMOVED).split())
    if "$" in tex:
        return _code(tex, cell)
    if cell:
        tex = tex.replace("|", "\\|")
    elif text.startswith(DISPLAY):
        return f"{DISPLAY}{tex}{DISPLAY_END}"
    return f"${tex}$"


def _code(text: str, cell: bool) -> str:
    """A code span: as many backticks as the text needs."""
    text = " ".join(text.translate(REMOVED).split("\n"))
    if cell:
        text = text.replace("|", "\\|")
    if not text.strip():
        return text
    runs = re.findall("`+", text) if "`" in text else ()
    ticks = "`" * max((1, *(len(run) + 1 for run in runs)))
    pad = " " if text.startswith("`") or text.endswith("`") or text[0] == text[-1] == " " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _escaped(text: str, cell: bool) -> str:
    if not cell or "|" not in text:
        return SPECIAL.sub(_escape, text)
    return "\\|".join(SPECIAL.sub(_escape, part) for part in text.split("|"))


def _escape(found: re.Match[str]) -> str:
    """A character that would be read as markup with a backslash before it; as it is where it could not be."""
    text = found.string
    before = text[found.start() - 1] if found.start() else " "
    after = text[found.end()] if found.end() < len(text) else " "
    sign = found[0]
    if sign == "\\" and after not in PUNCTUATION:
        return sign
    if sign in ("*", "_") and before == " " and after.isspace() and found.start():
        return sign
    if sign == "_" and before.isalnum() and after.isalnum():
        return sign
    return "".join(f"\\{character}" for character in sign)
