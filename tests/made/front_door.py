"""Python that opens a build and prints what it holds, for the demo's run; it is run in several ways."""

from __future__ import annotations

EXAMPLE = """
import json
import leafinstruct as li

def main():
    run = li.build({pipeline!r}, {run!r}, stage="rewrite", workers=2)
    funnel = run.funnel()
    words = run.scores("text")[["document", "words"]]
    dropped = run.decisions().query("part.isna() and not kept").dropped_by.value_counts()
    images = run.decisions().query("part.notna() and not kept").dropped_by.value_counts()
    stricter = li.with_rules(run.pipeline, {{"text.too_short": "words < 120"}})
    again = run.decide(stricter).query("part.isna()")
    record = next(run.records())
    trace = run.trace(record.document)
    parts = li.extract({page!r}, url="https://a.example/")
    opened = li.open_run({run!r})
    print(json.dumps({{
        "funnel": funnel.to_dict(), "words": dict(zip(words.document, map(int, words.words))),
        "dropped": dropped.to_dict(), "images": images.to_dict(),
        "stricter": again.query("dropped_by == 'text.too_short'").document.tolist(),
        "record": [record.id, [message.role for message in record.messages]],
        "trace": trace["document"]["id"], "parts": [part.type for part in parts],
        "opened": opened.funnel() == funnel, "ok": li.check({run!r} + "/shards").ok,
    }}))
"""
GUARDED = EXAMPLE + '\nif __name__ == "__main__":\n    main()\n'
AT_ONCE = EXAMPLE + "\nmain()\n"
