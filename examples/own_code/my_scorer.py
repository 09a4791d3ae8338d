"""A scorer of the project's own: how long the sentences of a document are. `filters/plain_words.yaml` uses it."""

from __future__ import annotations

from typing import Any

from my_helpers import sentences

import leafinstruct as li


class PlainWords(li.DocumentScorer):
    columns = (
        li.Column("words_per_sentence", "document", "float", "words", "mean number of words of a sentence"),
        li.Column("exclamations", "document", "int", "marks", "number of exclamation marks"),
    )

    def score(self, document: li.Document) -> list[dict[str, Any]]:
        text = document.text
        return [
            {
                "document": document.id,
                "words_per_sentence": len(text.split()) / sentences(text),
                "exclamations": text.count("!"),
            }
        ]
