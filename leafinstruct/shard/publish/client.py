"""The Hub's client, and its refusals as errors of one line."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from leafinstruct.errors import LeafError, one_line, text_of

CONNECT_SECONDS = 5.0
TOKEN = re.compile(r"hf_\w+")


class Unreachable(LeafError):
    """The Hub cannot be reached."""


def check_reachable(repo_id: str) -> None:
    """Raises Unreachable within seconds if no Hub answers; the client would retry for a minute."""
    from huggingface_hub import constants

    place = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((place.hostname or "", place.port or 443), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise Unreachable(f"{repo_id}: the Hub cannot be reached ({type(error).__name__}: {error})") from None


def hub_api(token: str | None) -> Any:
    try:
        from huggingface_hub import HfApi
    except ImportError:
        raise LeafError("the Hub needs huggingface_hub: pip install leafinstruct[hub]") from None
    return HfApi(token=token, library_name="leafinstruct")


@contextmanager
def hub_errors(repo_id: str, *, reading: bool = False) -> Iterator[None]:
    """Turn the Hub's refusals into one-line LeafErrors; a token never appears in them."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        yield
    except HFValidationError as error:
        raise LeafError(f"{repo_id}: not a repository id: {said(error)}") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if reading and isinstance(error, RepositoryNotFoundError) and not isinstance(error, GatedRepoError):
            raise LeafError(f"{repo_id}: no such dataset on the Hub, or the token has no access to it") from None
        advice = {
            401: "the token is missing or refused; log in with `hf auth login` or set HF_TOKEN",
            403: "the token may not read this dataset; ask for access on its page"
            if reading
            else "the token may not write here; use one with write access to this dataset",
            404: "not found, or the token has no access to it",
            412: "another commit came first; push again",
        }.get(status, f"the Hub refused; repeating the {'check' if reading else 'push'} later is safe")
        raise LeafError(f"{repo_id}: HTTP {status}: {advice} ({said(error)})") from None
    except (HTTPError, LocalEntryNotFoundError, ConnectionError, TimeoutError) as error:
        raise Unreachable(f"{repo_id}: the Hub cannot be reached ({type(error).__name__}: {said(error)})") from None
    except (ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        # the client raises these for uploads that the storage refuses, and for answers that are not the Hub's
        what, cause = f"{type(error).__name__}: {_whole(error)}", error.__cause__
        why = f"; {_whole(cause)}" if cause else ""
        again = "check" if reading else "push"
        raise LeafError(
            f"{repo_id}: the Hub or its storage failed; repeating the {again} later is safe ({what}{why})"
        ) from error


def _whole(error: BaseException) -> str:
    """All that an error says, on one line and without a token."""
    return TOKEN.sub("hf_...", one_line(text_of(error)))


def said(error: Exception) -> str:
    """What the Hub said, else the first line of the error, without a token."""
    words = " ".join(str(getattr(error, "server_message", None) or "").split())
    return TOKEN.sub("hf_...", words or str(error).strip().split("\n")[0])[:200]
