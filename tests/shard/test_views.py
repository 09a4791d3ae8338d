"""Rows in the shapes that trainers want, and TRL's own collator on published rows with a real processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made.report import HOSTILE
from made.shard import corpus, publish

from leafinstruct.shard.plan import ShardSettings
from leafinstruct.shard.views import obelics, text_loss

SPECIAL = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
IMAGE = SPECIAL[2:5]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    from datasets import load_dataset

    folder = tmp_path_factory.mktemp("views")
    publish(folder, *corpus(4, 2), ShardSettings(validation=0, test=0))
    return list(load_dataset(str(folder), cache_dir=str(folder / "cache"), split="train"))


@pytest.fixture(scope="module")
def processor() -> Any:
    """Qwen2.5-VL's processor with trl's template for training, and a tokenizer of bytes: nothing from a hub."""
    trl = pytest.importorskip("trl")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2_5_VLProcessor, Qwen2VLImageProcessor
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(alphabet)}, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<|pad|>", eos_token=SPECIAL[1], additional_special_tokens=SPECIAL
    )
    template = Path(trl.__file__).with_name("chat_templates") / "qwen2_5_vl_training.jinja"
    images = Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=56 * 56)
    return Qwen2_5_VLProcessor(images, tokenizer, Qwen2VLVideoProcessor(), chat_template=template.read_text())


def learnt(batch: dict[str, Any], processor: Any) -> list[str]:
    return [processor.tokenizer.decode([t for t in row if t != -100]) for row in batch["labels"].tolist()]


def test_obelics_lists_are_parallel_and_in_order(rows: list[dict[str, Any]]) -> None:
    view = obelics(rows[0])
    assert all((text is None) != (image is None) for text, image in zip(view["texts"], view["images"], strict=True))
    assert [image for image in view["images"] if image is not None] == rows[0]["images"]
    assert [text is None for text in view["texts"]] == [False, True, False, True]


def test_markdown_stays_as_it_is() -> None:
    texts = ["## Cut\n\n1. a | b\n\n   ```sh\n   ls\n   ```", *HOSTILE]
    content = [part for text in texts for part in ({"type": "text", "text": text}, {"type": "image", "text": ""})]
    row = {"messages": [{"role": "user", "content": content}], "images": list(range(len(texts)))}
    view = obelics(row)
    assert view["texts"][::2] == texts and view["images"][1::2] == row["images"]


@pytest.mark.slow
def test_trl_learns_the_answer_alone_and_sees_every_image(rows: list[dict[str, Any]], processor: Any) -> None:
    from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

    collate = DataCollatorForVisionLanguageModeling(processor, max_length=None, assistant_only_loss=True)
    answers = [row["messages"][1]["content"][0]["text"] for row in rows]
    batch = collate(rows)
    assert len(batch["image_grid_thw"]) == sum(len(row["images"]) for row in rows) == 2 * len(rows)
    for row, answer, whole in zip(rows, answers, learnt(batch, processor), strict=True):
        assert whole.startswith(f"{answer}<|vision_start|><|image_pad|>"), "placeholders of the answer are labels"
        assert row["messages"][0]["content"][0]["text"] not in whole
    inputs = batch["input_ids"]

    text = text_loss(collate, processor.tokenizer.convert_tokens_to_ids(IMAGE))(rows)
    assert learnt(text, processor) == [f"{answer}<|im_end|>\n" for answer in answers]
    assert (text["input_ids"] == inputs).all(), "the images stay where they were"
