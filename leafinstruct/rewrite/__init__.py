"""Rewrite turns an edited document into an instruction example: a request a person would make, answered by the
document.

`task` decides where the answer begins, `instruct` has a model write the request, `verify` rejects bad requests.
"""
