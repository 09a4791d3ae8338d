"""Steps of a page, from its headings, its bold lines and its lists, and lists that what is between their items
interrupts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from leafinstruct.harvest.html.flow import Block, Container
from leafinstruct.harvest.html.marks import STRONG, STRONG_END
from leafinstruct.harvest.html.numerals import CARDINAL, CHINESE, ORDINAL, ROMAN, number_in

_WORDS = """
    step ｓｔｅｐ schritt étape etape paso passo pas passaggio fase stap steg trin krok lépés vaihe korak βήμα шаг крок
    стъпка корак bước adım langkah hakbang hatua
"""
WORDS = "|".join(_WORDS.split())
_UNSPACED = "步骤 步驟 ステップ 手順 단계 الخطوة خطوة שלב चरण ধাপ படி ขั้นตอนที่ ขั้นตอน مرحله گام"
UNSPACED = "|".join(_UNSPACED.split())
"""Words that stand right before a number, or in scripts without cases."""
WEAK = "part|task|phase|stage|teil|partie|parte|exercise|lesson|lektion|leçon|aufgabe"
"""Words of other divisions too: steps only if they are numbered from 1."""
NUMBER = rf"(?:\d{{1,2}}|{CARDINAL}|{ROMAN}|{CHINESE})"
STEP_WORD = re.compile(
    rf"^\W*(?:(?:{WORDS})\s*(?:n[°º.ro]{{0,2}}\s*|#\s*|ke-)?{NUMBER}(?!\w)"
    rf"|(?:{UNSPACED})\s*(?:\d{{1,2}}|{CHINESE}|(?:{ORDINAL})(?!\w))(?!\d)"
    rf"|(?:{ORDINAL})\s+(?:{WORDS})(?!\w)"
    rf"|第\s*(?:\d{{1,2}}|{CHINESE})\s*[步歩]"
    rf"|\d{{1,2}}\s*단계|\d{{1,2}}(?:\.|º|ª|er|e|ère|ème|st|nd|rd|th|-[йія])?\s+(?:{WORDS})(?!\w))",
    re.IGNORECASE,
)
KEYCAP = re.compile(r"^(\d)\ufe0f?\u20e3|^([\u2460-\u2473\u2776-\u277f])")
PART = re.compile(rf"^\W*(?:{WEAK})\s*#?\s*(\d{{1,2}})(?!\w)", re.IGNORECASE)
NUMBERED = re.compile(
    rf"^\W*(?:\d{{1,2}}\s*(?:[.):：．](?!\d)|、|[-–—]\s)|{CHINESE}\s*[、.．：:]|{ROMAN}[.):]\s)\s*\S", re.IGNORECASE
)
NUMBERED_LINE = re.compile(r"^(?:\d{1,2}\s*(?:[.)．](?!\d)\s*\S|、|$)|\d\ufe0f?\u20e3|[\u2460-\u2473\u2776-\u277f])")
AFTER_NUMBER = re.compile(r"[^\S\n]*(?:$|[\n:：.,，、)\]\-–—])")
"""What tells "Step 3: Wait" from a sentence about step 3."""
LEAST_LINES = 3
"""Numbered paragraphs that are steps: two may be anything."""
LONGEST_TITLE = 120
"""Characters of a bold line that is the title of a step."""


def steps_of(blocks: Sequence[Block]) -> list[int]:
    """The step of each block (0: none). Headings or bold lines "Step 3" decide; else paragraphs that begin with
    "Step 3:"; else the items of ordered lists; else numbered headings; else numbered paragraphs. A page may have
    several procedures (see `procedures_of`), each of at least two steps."""
    ways: tuple[Callable[[Sequence[Block]], list[int]], ...] = (
        *(_title_steps, _worded_lines, _item_steps, _number_steps, _numbered_lines),
    )
    return next((steps for way in ways if max(steps := way(blocks), default=0) > 1), [0] * len(blocks))


def procedures_of(steps: Iterable[int]) -> list[int]:
    """The procedure of each step, from 1 (0: no step): another one begins where the numbers fall."""
    found, procedure, last = [], 1, 0
    for step in steps:
        if step:
            procedure, last = procedure + (step < last), step
        found.append(procedure if step else 0)
    return found


def continued(blocks: Sequence[Block]) -> list[Block]:
    """The blocks, where an ordered list that begins with 1 again goes on with the numbers of the one before it, if
    nothing but images and code is between them: without indentation they interrupt a list."""
    found: list[Block] = []
    moved: dict[int, tuple[int, int]] = {}
    last: Container | None = None
    between = True
    for block in blocks:
        item = _outer_item(block)
        if item is not None:
            begins = last is not None and item.of != last.of and item.of not in moved
            if begins and last is not None and between and item.number == 1 and found and not _outer_item(found[-1]):
                of, number = moved.get(last.of, (last.of, 0))
                moved[item.of] = of, number + (last.number or 0)
            last, between = item, True
        elif not block.ref and block.code is None:
            between = False
        found.append(_moved(block, moved) if item is not None and item.of in moved else block)
    return found


def _outer_item(block: Block) -> Container | None:
    """The item of an ordered list that a block is in, outside of all other containers."""
    outer = block.within[0] if block.within else None
    return outer if outer is not None and outer.number is not None else None


def _moved(block: Block, moved: dict[int, tuple[int, int]]) -> Block:
    outer = block.within[0]
    of, more = moved[outer.of]
    item = replace(outer, of=of, number=(outer.number or 0) + more)
    steps = (of, block.item[1] + more) if block.item[0] == outer.of else block.item
    return replace(block, within=(item, *block.within[1:]), item=steps)


def _title_steps(blocks: Sequence[Block]) -> list[int]:
    return _titled(blocks, [_is_step(block) for block in blocks])


def _number_steps(blocks: Sequence[Block]) -> list[int]:
    return _titled(blocks, [bool(block.heading and NUMBERED.match(block.text)) for block in blocks])


def _is_step(block: Block) -> bool:
    text = block.text
    if not (block.heading or _is_bold(block)):
        return False
    return bool(STEP_WORD.match(text) or KEYCAP.match(text) or PART.match(text))


def _is_bold(block: Block) -> bool:
    """Whether a block is one bold line and nothing else."""
    source = block.source
    if not source.startswith(STRONG) or len(block.text) > LONGEST_TITLE or "\n" in block.text or block.within:
        return False
    return source.find(STRONG_END) == len(source) - 1


def _titled(blocks: Sequence[Block], begins: Sequence[bool]) -> list[int]:
    """Steps by their titles, which are headings of one level or bold lines. Titles with words of other divisions count
    if their numbers go up from 1. A number 1 after others begins another procedure. Nothing if there are less than
    two titles."""
    if sum(begins) < 2:
        return []
    levels = [block.heading or 9 for block, one in zip(blocks, begins, strict=True) if one]
    level = max(set(levels), key=levels.count, default=0)
    texts = [b.text for b, one in zip(blocks, begins, strict=True) if one and (b.heading or 9) == level]
    weak = [int(found[1]) for text in texts if not STEP_WORD.match(text) and (found := PART.match(text))]
    if weak and weak != list(range(1, len(weak) + 1)):
        return [0] * len(blocks)
    steps, step, count, was_first = [], 0, 0, True
    for block, one in zip(blocks, begins, strict=True):
        if one and (block.heading or 9) == level:
            is_first = _is_first(block.text)
            count = 1 if is_first and not was_first else count + 1
            step, was_first = count, is_first
        elif block.heading and block.heading <= level:
            step = 0
        steps.append(step)
    return _of_several_steps(steps, procedures_of(steps))


def _is_first(title: str) -> bool:
    """Whether the number of a title of a step is 1."""
    found = next((m for way in (STEP_WORD, KEYCAP, PART, NUMBERED) if (m := way.match(title))), None)
    return found is not None and number_in(found[found.lastindex or 0]) == 1


def _worded_lines(blocks: Sequence[Block]) -> list[int]:
    """Steps by paragraphs that begin with "Step 3:", if their numbers go up from 1."""
    return _counted(blocks, [_number_of_line(block) if _is_line(block) else 0 for block in blocks], 2)


def _number_of_line(block: Block) -> int:
    found = STEP_WORD.match(block.text)
    return number_in(found[0]) if found and AFTER_NUMBER.match(block.text, found.end()) else 0


def _numbered_lines(blocks: Sequence[Block]) -> list[int]:
    """Steps by paragraphs that begin with a number, or are one, if the numbers go up from 1."""
    numbers = [
        number_in(found[0]) if _is_line(block) and (found := NUMBERED_LINE.match(block.text)) else 0 for block in blocks
    ]
    return _counted(blocks, numbers, LEAST_LINES)


def _is_line(block: Block) -> bool:
    return not (block.heading or block.ref or block.within or block.code is not None)


def _counted(blocks: Sequence[Block], numbers: Sequence[int], least: int) -> list[int]:
    """Steps by the numbers of the blocks that begin them, until a heading; none if they do not go up from 1, once or
    several times, or are few."""
    stated = [number for number in numbers if number]
    goes_on = all(number in (last + 1, 1) for last, number in zip([0, *stated], stated, strict=False))
    if len(stated) < least or not goes_on:
        return []
    steps, step = [], 0
    for block, number in zip(blocks, numbers, strict=True):
        step = number or (0 if block.heading else step)
        steps.append(step)
    return steps


def _item_steps(blocks: Sequence[Block]) -> list[int]:
    """Steps by the items of ordered lists. A list that continues the numbers of the one before is the same list, and
    what is between them belongs to the item before; lists under different headings are different procedures, and so are
    lists of several items that each begin with 1. Nothing if there are no such items."""
    if all(block.item == (0, 0) for block in blocks):
        return []
    items = Counter(of for of, _ in {block.item for block in blocks})
    steps: list[int] = []
    procedures: list[int] = []
    count, procedure, last, gap, headed, interrupted = 0, 0, (0, 0), 0, False, False
    for block in blocks:
        if block.item == (0, 0):
            gap, headed = gap + 1, headed or block.heading > 0
            follows = last != (0, 0) and interrupted and not headed and (block.ref or block.code is not None)
            steps.append(count if follows and (gap == 1 or steps[-1] == count) else 0)
            procedures.append(procedure)
            continue
        if block.item != last:
            goes_on = last != (0, 0) and block.item[1] == last[1] + 1
            begins = headed or (block.item[1] == 1 and min(items[last[0]], items[block.item[0]]) > 1)
            if begins and not goes_on and last != (0, 0):
                count, procedure, interrupted = 0, procedure + 1, False
            elif goes_on and gap and not headed:
                steps[-gap:] = [count] * gap
                interrupted = True
            count += 1
        steps.append(count)
        procedures.append(procedure)
        last, gap, headed = block.item, 0, False
    return _of_several_steps(steps, procedures)


def _of_several_steps(steps: Sequence[int], procedures: Sequence[int]) -> list[int]:
    """The steps without those that are the only one of their procedure."""
    several = {own for step, own in zip(steps, procedures, strict=True) if step > 1}
    return [step if own in several else 0 for step, own in zip(steps, procedures, strict=True)]
