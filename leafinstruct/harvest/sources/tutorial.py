"""Source `tutorial`: repositories of Markdown, notebooks, reStructuredText or HTML with images next to them.

Each folder that `path` matches is a repository; links resolve inside it only. Documents are spread over buckets by the
hash of their path, so that a new file makes one bucket stale. A file that looks like a document and is none is counted,
with the reason.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from leafinstruct.document import Document, Harvested, Image, document_id
from leafinstruct.errors import LeafError
from leafinstruct.harvest import base
from leafinstruct.harvest.index import Index
from leafinstruct.harvest.tree_files import LICENSE_FILE, META, Files, Input

if TYPE_CHECKING:
    from leafinstruct.harvest.links import Tree

STEP_FILE = re.compile(r"step[-_ ]?(\d{1,4})\.(?:md|markdown|mdx|rst|html?)$", re.IGNORECASE)


class Source(base.Source):
    """Tutorial trees. Settings: path, license, language, topic, partition."""

    imports = ("leafinstruct.harvest.tutorials",)

    def check(self) -> None:
        super().check()
        if not self.repositories():
            raise LeafError(
                f"source {self.name}: path '{self.settings.path}' names no folder; give the folder of the tutorials"
            )

    def repositories(self) -> dict[str, Path]:
        """Folders by the name of their site: the folder's, with its parent's if two share one."""
        folders = [p for p in self.paths() if p.is_dir()]
        names = [p.resolve().name for p in folders]
        return {
            f"{p.resolve().parent.name}+{name}" if names.count(name) > 1 else name: p.absolute()
            for p, name in zip(folders, names, strict=True)
        }

    def inputs(self) -> list[Input]:
        return [i for site, folder in self.repositories().items() for i in _inputs(site, folder)]

    def plan(self, known: int | None) -> list[base.Chunk]:
        """Buckets by the hash of the document's path; all of them, empty ones too."""
        inputs = self.inputs()
        count = known or max(1, -(-len(inputs) // self.partition))
        buckets: list[list[Input]] = [[] for _ in range(count)]
        for one in inputs:
            key = hashlib.sha256(one.where.encode("utf-8", "surrogateescape")).digest()
            buckets[int.from_bytes(key[:8], "big") % count].append(one)
        return [self._chunk(number, bucket) for number, bucket in enumerate(buckets)]

    def _chunk(self, number: int, bucket: list[Input]) -> base.Chunk:
        read = [one for one in bucket if not one.not_read]
        files = tuple(sorted({str(file) for one in read for file in (*one.files, *one.about)}))
        documents = [
            [one.site, str(one.repository), one.path, [str(f) for f in one.files], one.not_read] for one in bucket
        ]
        return base.Chunk(f"{number:05d}", files, {"documents": documents})

    def harvest(self, chunk: base.Chunk, index: Index | None) -> Harvested:
        from leafinstruct.harvest.links import Tree

        result = Harvested()
        trees: dict[str, Tree] = {}
        for site, repository, path, files, not_read in chunk.spec["documents"]:
            tree = trees.setdefault(repository, Tree(Path(repository)))
            one = Input(site, tree.root, path, tuple(Path(f) for f in files), not_read=not_read)
            document, images = self._document_or_reason(one, tree)
            result.documents.append(document)
            result.images.update(images)
            result.files.update([] if not_read else files)
        for tree in trees.values():
            result.files.update(tree.seen)
        return result

    def _document_or_reason(self, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
        """A document; whatever its file makes the code that reads it raise is a document with the reason."""
        try:
            with self.bounded(one.where):
                return self._document(one, tree)
        except LeafError:
            raise
        except Exception as error:
            return base.failed(self, document_id(self.name, one.where), one.site, one.where, error), {}

    def _document(self, one: Input, tree: Tree) -> tuple[Document, dict[str, Image]]:
        from leafinstruct.harvest.tutorials import document_of

        return document_of(self, one, tree)


def _inputs(site: str, repository: Path) -> Iterator[Input]:
    """Documents of a repository in path order, and what is none; hidden folders and installed packages are skipped."""
    licenses: dict[Path, tuple[Path, ...]] = {}
    kinds = Files(repository)
    for folder, folders, names in os.walk(repository):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "node_modules")
        here = Path(folder)
        within = here.relative_to(repository).as_posix()
        prefix = "" if within == "." else f"{within}/"
        own = tuple(here / name for name in sorted(names) if LICENSE_FILE.match(name))
        licenses[here] = about = own + licenses.get(here.parent, ())
        steps = {int(m[1]): name for name in sorted(names) if (m := STEP_FILE.match(name))}
        meta = tuple(here / name for name in names if name == META)
        if len(steps) > 1:
            yield Input(site, repository, prefix, tuple(here / steps[n] for n in sorted(steps)), about + meta)
        for name in sorted(names):
            if len(steps) > 1 and name in steps.values():
                continue
            if (reason := kinds.reason(here, name)) is not None:
                yield Input(site, repository, prefix + name, (here / name,), about, reason)
