"""The old location of functions that are now in `leafinstruct.models.local`."""

from leafinstruct.deprecated import moved

__getattr__ = moved(__name__, {"load_tokenizer": "leafinstruct.models.local"})
