"""The only modules that load a model: dual encoders in `clip`, language models behind `backends`, weights in `weights`.

Importing any of them is cheap; torch, open_clip, vLLM and transformers are imported when a model is loaded.
"""
