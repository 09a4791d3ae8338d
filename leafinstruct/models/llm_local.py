"""Where language models of this process lay before their modules were named after back-ends."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"load_tokenizer": "leafinstruct.models.local"})
