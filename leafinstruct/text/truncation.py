"""Evidence that a text was cut off: endings that no writer gives a paragraph, in any style of punctuation."""

from __future__ import annotations

import re
from collections import Counter

# Words that need another one after them. Prepositions that end English or German sentences ("turn it on") are left out.
UNFINISHED = {
    "en": (
        "the a an and or of with from by your my our their its his is are was were be if but because than which who "
        "into onto can will should would could may must has i we they to every each between as"
    ),
    "de": (
        "der die den dem des ein eine einen einem eines und oder aber mit von für durch wenn weil dass als wie zum zur "
        "im am vom beim ihre ihren ihrem seine seinen deine deinen jede jeder jeden zwischen"
    ),
    "fr": (
        "le la les un une des du de et ou avec par que qui si mais au aux ce cette ces votre vos leur leurs son sa ses "
        "mon ma mes notre nos est sont dans entre chaque vers"
    ),
    "es": "el la los las un una de del y o con para por en que su sus al se es son entre cada pero si",
    "nl": "de het een en of met van voor als dat die uw je is zijn naar tussen elke maar",
    "it": "il lo la i gli le un una di e o con per da che del della dei delle al alla nel nella ogni tra",
    "pt": "o a os as um uma de do da dos das e ou com para que em no na nos nas seu sua cada entre mas",
}
UNFINISHED_WORDS = {language: frozenset(words.split()) for language, words in UNFINISHED.items()}
LONE_LETTERS = frozenset("aàeéiouyxyzABCDEFGHIKVX")
"""One-letter words of some languages, and letters that name things."""
LAST_WORD = re.compile(r"(?<![^\W_])([^\W\d_]+)$")
PAIRS = (("(", ")"), ("[", "]"), ("（", "）"), ("「", "」"))


def has_open_row(markdown: str) -> bool:
    """Whether a text ends in a row of a table that is not closed."""
    line = markdown.rstrip().rpartition("\n")[2]
    return re.match(r"\s*\|.*\S", line) is not None and not line.endswith("|")


def is_truncated(text: str, language: str, vocabulary: Counter[str]) -> bool:
    """Whether a plain text ends where no text ends: at a word that needs another one, inside a word or in an open
    bracket. `vocabulary` counts the lower-case words of the whole document."""
    paragraph = text.rstrip().split("\n\n")[-1]
    line = paragraph.split("\n")[-1]
    if any(paragraph.count(left) > paragraph.count(right) for left, right in PAIRS):
        return True
    found = LAST_WORD.search(line)
    return found is not None and len(line) > len(found[1]) and _unfinished(found[1], language, vocabulary)


def _unfinished(word: str, language: str, vocabulary: Counter[str]) -> bool:
    if len(word) == 1 and word.isascii():
        return word not in LONE_LETTERS
    known = word.lower()
    if known in UNFINISHED_WORDS.get(language, ()):
        return True
    return (
        vocabulary[known] <= 1
        and len(known) >= 3
        and any(other.startswith(known) and len(other) > len(known) + 2 for other in vocabulary)
    )
