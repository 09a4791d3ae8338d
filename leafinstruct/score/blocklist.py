"""Unwanted words and sites: the user's own lists, and a small built-in list for adult content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leafinstruct.document import Document, digest
from leafinstruct.errors import LeafError
from leafinstruct.score.base import Column, DocumentScorer, Row
from leafinstruct.settings import ModelSettings
from leafinstruct.text.plain import reading
from leafinstruct.text.urls import url_key
from leafinstruct.text.words import words

# Unmistakable words only: terms that medicine, law or cooking also use are left to the user's own lists.
ADULT = (
    "porn porno porns pornhub pornstar pornstars pornographic xxx hentai milf milfs blowjob blowjobs handjob handjobs "
    "cumshot cumshots creampie gangbang gangbangs bukkake deepthroat camgirl camgirls cameltoe upskirt threesome dildo "
    "dildos buttplug fleshlight fuck fucks fucked fucking pussy pussies slut sluts whore whores jizz horny sexcam "
    "porno pornos pornofilm pornofilme ficken fickt gefickt fotze fotzen titten muschi schlampe schlampen nutten "
    "wichsen wichst arschfick sexkontakte sexchat "
    "porno pornographique baiser salope salopes putes bite bites enculer enculé branlette sodomie partouze nichons "
    "porno pornografía follar follada folladas polla pollas coño coños putas zorra zorras mamada mamadas tetas corrida"
)
AMBIGUOUS = frozenset({"bite", "bites", "baiser", "corrida", "zorra", "zorras"})
"""Adult in one language, harmless in another or in most texts of the same one."""
DEFAULT_WORDS = frozenset(ADULT.split()) - AMBIGUOUS


class Scorer(DocumentScorer):
    version = 4
    columns = (
        Column("words", "document", "float", "share", "words of the text that are listed"),
        Column("count", "document", "int", "words", "number of listed words"),
        Column("site", "document", "bool", "", "the document's site or URL is listed"),
    )

    @dataclass(frozen=True)
    class Settings:
        word_files: tuple[str, ...] = ()
        """Text files with one word per line; # begins a comment."""
        site_files: tuple[str, ...] = ()
        """Text files with one host (subdomains included), site or beginning of a URL per line."""
        adult: bool = True
        """Whether to use the built-in list."""

    def __init__(self, settings: Mapping[str, Any], model: ModelSettings | None = None) -> None:
        super().__init__(settings, model)
        self._words = DEFAULT_WORDS if self.settings.adult else frozenset()
        self._sites: frozenset[str] = frozenset()

    def read_files(self, root: Path) -> None:
        self._words |= {entry.lower() for entry in _entries(root, self.settings.word_files)}
        self._sites = frozenset(_address(entry) for entry in _entries(root, self.settings.site_files))

    def identity(self) -> dict[str, Any]:
        """Lists are identified by their content, not by their path."""
        held = {"words": digest(sorted(self._words)), "sites": digest(sorted(self._sites))}
        return {**super().identity(), "settings": held}

    def score(self, document: Document) -> list[Row]:
        found = words(reading(document).text)
        count = sum(word in self._words for word in found)
        share = count / len(found) if found else 0.0
        listed = any(self._is_listed(place) for place in (document.site, document.url) if place)
        return [{"document": document.id, "words": share, "count": count, "site": listed}]

    def _is_listed(self, place: str) -> bool:
        """Whether a host or one of its parent domains, or a URL up to one of its slashes, is listed."""
        host, _, path = _address(place).partition("/")
        labels = host.split(".")
        hosts = {".".join(labels[i:]) for i in range(len(labels))}
        steps = path.split("/")
        paths = {"/".join([host, *steps[: i + 1]]) for i in range(len(steps))} if path else set()
        return not self._sites.isdisjoint(hosts | paths)


def _address(place: str) -> str:
    """Host and path of a URL in a form that all its spellings share."""
    return url_key(place).partition("?")[0].partition("#")[0]


def _entries(root: Path, files: Iterable[str]) -> list[str]:
    """Entries of files of the project. Raises LeafError for a file that is missing or is not UTF-8 text."""
    found = []
    for file in files:
        try:
            lines = (root / file).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise LeafError(f"list {root / file} cannot be read as UTF-8 text ({type(error).__name__})") from None
        found += [entry for line in lines if (entry := line.split("#")[0].strip())]
    return found
