"""Inside the trainers people have: HF Trainer, accelerate, TRL's SFT trainer. Adapters learn, nothing else moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made.moss import byte_tokenizer

from leafinstruct.moss.adapters import adapter_state, from_pretrained, inject, save_pretrained
from leafinstruct.moss.config import MossConfig
from leafinstruct.moss.neighbors import ImageTokens
from leafinstruct.moss.tiny import tiny_llama

torch = pytest.importorskip("torch")
LAYOUT = ImageTokens(first=300, count=8, rows=2, columns=2)


def backbone() -> Any:
    return tiny_llama(vocabulary=308, hidden=32, layers=2, context=64, seed=1)


def records(count: int = 8) -> list[dict[str, list[int]]]:
    made = []
    for number in range(count):
        ids = [*range(10, 18), *(300 + (number + i) % 8 for i in range(4)), *range(20, 24)]
        made.append({"input_ids": ids, "labels": [-100] * 8 + ids[8:]})
    return made


@pytest.fixture
def injected() -> tuple[Any, dict[str, Any]]:
    model = inject(backbone(), MossConfig(LAYOUT, r=2))
    return model, {name: p.detach().clone() for name, p in model.named_parameters()}


def learned(model: Any, before: dict[str, Any], folder: Path) -> None:
    """Up-projections moved, the backbone did not, and what is saved is what came out."""
    for name, parameter in model.named_parameters():
        if name.endswith("_up"):
            assert parameter.any(), name
        elif ".moss." not in name:
            assert parameter.equal(before[name]), name
    save_pretrained(model, folder)
    again = from_pretrained(backbone(), folder)
    assert all(value.equal(adapter_state(model)[name]) for name, value in adapter_state(again).items())


def arguments(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder / "out"),
        "max_steps": 3,
        "per_device_train_batch_size": 2,
        "learning_rate": 1e-2,
        "report_to": [],
        "use_cpu": True,
        "save_strategy": "no",
        "disable_tqdm": True,
    }


def test_transformers_trainer(injected: tuple[Any, dict[str, Any]], tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    from transformers import Trainer, TrainingArguments

    model, before = injected

    def collator(rows: list[dict[str, list[int]]]) -> dict[str, Any]:
        return {name: torch.tensor([row[name] for row in rows]) for name in ("input_ids", "labels")}

    trainer = Trainer(model, TrainingArguments(**arguments(tmp_path)), collator, train_dataset=records())  # type: ignore[arg-type]
    assert np.isfinite(trainer.train().training_loss)
    learned(trainer.model, before, tmp_path / "adapter")


def test_accelerate(injected: tuple[Any, dict[str, Any]], tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate")
    model, before = injected
    accelerator = accelerate.Accelerator(cpu=True, gradient_accumulation_steps=2)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-2)
    model, optimizer = accelerator.prepare(model, optimizer)
    rows = records()
    for start in range(0, 8, 2):
        with accelerator.accumulate(model):
            part = {name: torch.tensor([r[name] for r in rows[start : start + 2]]) for name in rows[0]}
            accelerator.backward(model(**part).loss)
            optimizer.step()
            optimizer.zero_grad()
    learned(accelerator.unwrap_model(model), before, tmp_path)


def test_trl_sft_trainer(injected: tuple[Any, dict[str, Any]], tmp_path: Path) -> None:
    trl = pytest.importorskip("trl")
    from datasets import Dataset

    model, before = injected
    tokenizer = byte_tokenizer(
        ["<s>", "</s>", "<pad>"], {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
    )
    config = trl.SFTConfig(**arguments(tmp_path), max_length=None, dataset_kwargs={"skip_prepare_dataset": True})
    trainer = trl.SFTTrainer(model, config, train_dataset=Dataset.from_list(records()), processing_class=tokenizer)
    assert np.isfinite(trainer.train().training_loss)
    learned(trainer.model, before, tmp_path / "adapter")
