"""Random tiny checkpoints of the real classes, with tokenizers of bytes, written as the hub's are."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def byte_tokenizer(special: list[str], names: dict[str, str]) -> Any:
    """A fast tokenizer with a token for each byte and the special tokens after them."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def emu3_folder(folder: Path, codes: int = 16) -> Path:
    """An Emu3 whose images are 32 pixels square, 4 x 4 codes with an end of line after each row."""
    import torch
    from transformers import Emu3Config, Emu3ForConditionalGeneration, Emu3ImageProcessor

    visual = [f"<|visual token {n:06d}|>" for n in range(codes)]
    special = ["<|extra_203|>", "<|extra_204|>", "<|extra_205|>", "<image>", "<|image start|>", "<|image token|>"]
    special += ["<|image end|>", "<|extra_200|>", "<|extra_201|>", *visual]
    tokenizer = byte_tokenizer(special, {"bos_token": special[0], "eos_token": special[1], "pad_token": special[2]})
    config = Emu3Config(
        vocabulary_map=tokenizer.get_vocab(),
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "pad_token_id": tokenizer.pad_token_id,
            "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "attention_dropout": 0.0,
        },
        vq_config={
            "codebook_size": codes,
            "base_channels": 32,
            "channel_multiplier": [1, 1, 1, 1],
            "num_res_blocks": 1,
            "temporal_downsample_factor": 2,
            "hidden_size": 32,
            "attn_resolutions": [3],
        },
    )
    torch.manual_seed(0)
    Emu3ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    mean = [0.5, 0.5, 0.5]
    Emu3ImageProcessor(min_pixels=32 * 32, image_mean=mean, image_std=mean).save_pretrained(folder)
    return folder


def chameleon_folder(folder: Path, codes: int = 16) -> Path:
    """A Chameleon whose images are 32 pixels square, 4 x 4 codes."""
    import torch
    from transformers import ChameleonConfig, ChameleonForConditionalGeneration, ChameleonImageProcessor

    visual = [f"IMGIMG{''.join(chr(65 + int(d)) for d in str(n))}Z" for n in range(codes)]
    special = ["<s>", "</s>", "<pad>", "<image>", "<racm3:break>", "<eoss>", *visual]
    tokenizer = byte_tokenizer(special, {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"})
    config = ChameleonConfig(
        vocabulary_map=tokenizer.get_vocab(),
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        vq_config={
            "embed_dim": 8,
            "num_embeddings": codes,
            "latent_channels": 8,
            "resolution": 32,
            "base_channels": 32,
            "channel_multiplier": [1, 1, 1, 1],
            "num_res_blocks": 1,
        },
    )
    torch.manual_seed(0)
    ChameleonForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    ChameleonImageProcessor(image_mean=[1.0] * 3, image_std=[1.0] * 3, rescale_factor=0.0078).save_pretrained(folder)
    return folder
