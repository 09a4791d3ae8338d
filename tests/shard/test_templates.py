from __future__ import annotations

from pathlib import Path

import pytest

from leafinstruct.shard import templates
from leafinstruct.shard.templates import render_all, template_files, template_lines

pytest.importorskip("transformers")

ROW = [
    {"role": "user", "content": [{"type": "text", "text": "How is a knot tied?"}]},
    {"role": "assistant", "content": [{"type": "text", "text": "So."}, {"type": "image", "text": ""}]},
]
EACH = "{% for m in messages %}<{{ m.role }}>{% for c in m.content %}BODY{% endfor %}{% endfor %}"
BOTH = "{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}"
MADE = {
    "keeps": EACH.replace("BODY", BOTH),
    "drops_answer": EACH.replace("BODY", "{% if m.role == 'user' %}" + BOTH + "{% else %}{{ c.text }}{% endif %}"),
    "drops_all": EACH.replace("BODY", "{% if c.type == 'text' %}{{ c.text }}{% endif %}"),
    "prints_list": "{% for m in messages %}{{ m.content }}{% endfor %}",
    "refuses": "{% for m in messages %}{{ 'x' + m.content }}{% endfor %}",
}


@pytest.mark.parametrize("verdict", MADE)
def test_verdicts(verdict: str, tmp_path: Path) -> None:
    path = tmp_path / "made.jinja"
    path.write_text(MADE[verdict])
    (result,) = render_all(ROW, [path])
    assert (result.name, result.verdict) == ("made", verdict)
    assert bool(result.error) == (verdict == "refuses")


def test_the_templates_of_trl_are_sorted_out() -> None:
    if not templates.available():
        pytest.skip("trl is not installed")
    results = {result.name: result.verdict for result in render_all(ROW, template_files())}
    assert results["qwen2_5_vl"] == "keeps"
    assert results["llava_next"] == "drops_answer"
    assert results["llama3"] == "prints_list"
    assert results["qwen3"] == "drops_all"
    lines = template_lines(render_all(ROW, template_files()))
    assert any("silently leave out the images of the assistant: " in line and "llava_next" in line for line in lines)
