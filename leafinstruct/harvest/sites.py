"""Where the site that a repository is published as begins: the folders whose content a reference such as `/img/a.png`
may mean, and the addresses under which people read it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from leafinstruct.harvest.bounds import shared
from leafinstruct.harvest.files import read_regular

SERVED = frozenset(("static", "public"))
"""Folders that generators copy to the root of the site."""
HIDDEN = frozenset((".vuepress", ".vitepress"))
"""Folders of generators that hold what is served."""
OTHER_ROOTS = frozenset(("assets", "source", "src", "content", "docs", "site", "www"))
CONFIG = re.compile(
    r"docusaurus\.config\.\w+|mkdocs\.ya?ml|zensical\.toml|_config\.ya?ml|hugo\.\w+|config\.(?:toml|ya?ml)|conf\.py|"
    r"book\.toml|gatsby-config\.\w+|astro\.config\.\w+|next\.config\.\w+|nuxt\.config\.\w+|antora\.yml|_quarto\.yml|"
    r"CNAME",
)
ADDRESS = re.compile(
    r"^[ \t]*[\"']?(?:site_url|html_baseurl|baseurl|base_url|url|siteurl|site)[\"']?[ \t]*[:=][ \t]*[\"']?"
    r"(https?://[^\s\"'#,]+)",
    re.MULTILINE | re.IGNORECASE,
)
HOST = re.compile(r"\s*([\w-]+(?:\.[\w-]+)+)\s*$")
HOSTED = re.compile(
    r"https?://(?:(?:raw\.githubusercontent\.com|rawgit\.com|cdn\.rawgit\.com)/[^/]+/([^/]+)/(?:refs/heads/)?[^/]+/"
    r"|github\.com/[^/]+/([^/]+)/(?:blob|raw)/(?:refs/heads/)?[^/]+/"
    r"|cdn\.jsdelivr\.net/gh/[^/]+/([^/@]+)(?:@[^/]+)?/"
    r"|[^/]+/(?:[^/]+/)+([^/]+)/-/(?:raw|blob)/[^/]+/)([^?#]+)",
    re.IGNORECASE,
)
"""Files of a repository as hosts publish them: the repository's name in one of the groups, and the path."""
MOST_FOLDERS = 20_000
MOST_ROOTS = 200
READ = 65536


class Sites:
    """The sites of one repository, looked for when the first reference needs them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.served: list[str] = []
        self.others: list[str] = []
        self.addresses: list[tuple[str, str]] = []
        self._known = False

    def roots(self) -> tuple[list[str], list[str]]:
        """Folders that are served as they are, and other folders at which a site may begin, from the root."""
        self._look()
        return self.served, self.others

    def names(self, url: str, host: str, path: str) -> list[str]:
        """Names below the root that a URL with this host and path may mean: of the site that the repository is
        published as, or of a file of the repository at its host."""
        self._look()
        found = [path.removeprefix(base) for of, base in self.addresses if of == host and path.startswith(base)]
        if hosted := HOSTED.match(url):
            *repositories, inside = hosted.groups()
            name = next(one for one in repositories if one).lower()
            own = re.split(r"[+~]", self.root.name.lower())[-1]
            if own == name or own.startswith(f"{name}-"):
                found.append(f"/{unquote(inside)}")
        return [f"/{name.lstrip('/')}" for name in found]

    def _look(self) -> None:
        if not self._known:
            self._known = True
            with shared():
                self._walk()

    def _walk(self) -> None:
        for number, (folder, folders, files) in enumerate(os.walk(self.root)):
            folders[:] = sorted(f for f in folders if f in HIDDEN or not (f.startswith(".") or f == "node_modules"))
            if number >= MOST_FOLDERS:
                break
            here = Path(folder)
            within = "" if here == self.root else here.relative_to(self.root).as_posix()
            configs = sorted(name for name in files if CONFIG.fullmatch(name))
            if here.name in SERVED:
                self.served.append(within)
            elif within and (here.name in OTHER_ROOTS or configs):
                self.others.append(within)
            del self.served[MOST_ROOTS:], self.others[MOST_ROOTS:]
            for name in configs:
                self._read(here / name)

    def _read(self, config: Path) -> None:
        try:
            text = read_regular(config, READ).decode("utf-8", "replace")
        except OSError:
            return
        if config.name == "CNAME":
            found = HOST.match(text)
            self.addresses += [(found[1].lower(), "/")] if found else []
        elif found := ADDRESS.search(text):
            parts = urlsplit(found[1])
            self.addresses.append((parts.netloc.lower(), f"{parts.path.rstrip('/')}/"))
