from __future__ import annotations

from pathlib import Path

from leafinstruct.moss.samples import remove_samples

OURS = ("00-prompt.txt", "00-reference-1.png", "123-generated.txt", "index.html")
FOREIGN = ("notes.txt", "00-prompt.md", "holiday-1.png", "my-00-prompt.txt")


def test_only_samples_go(tmp_path: Path) -> None:
    for name in (*OURS, *FOREIGN):
        (tmp_path / name).write_text("x")
    (tmp_path / "01-prompt.txt").mkdir()
    remove_samples(tmp_path)
    remove_samples(tmp_path / "nowhere")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FOREIGN, "01-prompt.txt"])
