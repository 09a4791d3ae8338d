"""The MoSS trainer: linear LoRA on text tokens, convolutional LoRA on image tokens, inside the same linear layers.

It shows that shards train a model: a tiny Llama with a random frozen backbone, byte text tokens and image tokens from a
codebook of the shards' own patches learns to write interleaved text and images, and decodes them to text and PNG.
The same code trains Emu3, Chameleon, and a model whose images are vectors; `prove` tests whether data or adapter helps.
Method: "Modality-Specialized Synergizers for Interleaved Vision-Language Generalists" (ICLR 2025).
"""
