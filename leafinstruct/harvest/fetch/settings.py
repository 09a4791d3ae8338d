"""How images are fetched: settings of a source's `fetch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from leafinstruct.errors import LeafError
from leafinstruct.harvest.fetch import robots
from leafinstruct.version import __version__


@dataclass(frozen=True)
class FetchSettings:
    """Limits of the downloads of one source."""

    connections: Annotated[int, Meta(ge=1)] = 64
    """Connections in all."""
    per_host: Annotated[int, Meta(ge=1)] = 4
    timeout: Annotated[float, Meta(gt=0)] = 30.0
    """Seconds for one image with its redirects."""
    tries: Annotated[int, Meta(ge=1)] = 3
    contact: str = ""
    """URL or mail address that is added to the user agent."""
    private: bool = False
    """Allows private addresses, for tests."""

    @property
    def agent(self) -> str:
        about = f"; {self.contact}" if self.contact else ""
        return f"{robots.AGENT}/{__version__} (collects images for training data; heeds robots.txt{about})"


def fetch_settings(source: str, given: bool | FetchSettings) -> FetchSettings:
    """Settings of a source's `fetch`: true means the defaults. Raises LeafError if its packages are not installed."""
    try:
        import aiohttp  # noqa: F401
        import protego  # noqa: F401
    except ImportError as error:
        raise LeafError(
            f"source {source}: fetch needs {error.name}, which is not installed; pip install leafinstruct[fetch]"
        ) from None
    return FetchSettings() if isinstance(given, bool) else given
