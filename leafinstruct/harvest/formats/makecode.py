"""MakeCode's dialect of Markdown (makecode.com/writing-docs) as its pages show it: blocks by their labels."""

from __future__ import annotations

import re

_WRITTEN = re.compile(r"\|\|\w+:[^|\n]+\|\||^```(?:blocks|spy|ghost|package)\b|@boardname@|^#+[ \t]*~", re.MULTILINE)
_SIGNS = ("||", "@boardname@", "~", "```blocks", "```spy", "```ghost", "```package")
"""One of these is in what is found: most texts have none."""
_LABEL = re.compile(r"(`*)\|\|(?:\w+:)?([^|\n]+)\|\|\1")
_HEADING = re.compile(r"^(#+[ \t]*)\{([^{}\n]*)\}[ \t]*$", re.MULTILINE)
_FLAG = re.compile(r"[ \t]*@\w+")
_SETTING = re.compile(r"^#+[ \t]*@\w+\b.*$", re.MULTILINE)
_BUTTON = re.compile(r"^#*[ \t]*~[ \t]*button\b.*\n(?:.*\n){0,6}?#*[ \t]*~[ \t]*$", re.MULTILINE)
_BOX = re.compile(r"^(?:#+[ \t]*~.*|~(?:[ \t]*\w+)?[ \t]*)$", re.MULTILINE)
_NAMES = {"boardname": "board", "drivename": "drive", "homeurl": ""}
_NAME = re.compile(rf"@({'|'.join(_NAMES)})@")
_HIDDEN = re.compile(
    r"^[ \t]*(?:```|~~~)"
    r"(?:package|template|ghost|config|cards|customts|blockconfig|validation|jres|assetjson|simtheme)\b"
)


def written_for_makecode(body: str) -> bool:
    return any(map(body.__contains__, _SIGNS)) and bool(_WRITTEN.search(body))


def plain(text: str) -> str:
    """Text outside of code as plain Markdown. A placeholder for a device's name becomes the word for its kind."""
    text = _BOX.sub("", _SETTING.sub("", _BUTTON.sub("", text)))
    text = _HEADING.sub(lambda m: m[1] + _FLAG.sub("", m[2]).strip(), text)
    return _NAME.sub(lambda m: _NAMES[m[1]], _LABEL.sub(r"\2", text))


def hidden(code: str) -> bool:
    """Whether fenced code is editor settings, which readers never see."""
    return bool(_HIDDEN.match(code))
