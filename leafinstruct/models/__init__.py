"""The modules that load models: dual encoders in `clip`, language models through `backends`, weights in `weights`.

Importing any of them is cheap; torch, open_clip, vLLM and transformers are imported only when a model is loaded.
"""
