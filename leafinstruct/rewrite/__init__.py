"""Rewrite: an edited document becomes an instruction example: a request a person would give, answered by the document.

`task` says where the answer begins, `instruct` has a model write the request, `verify` what may not happen.
"""
