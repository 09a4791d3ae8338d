"""Images over HTTP: which addresses may be asked, how often, and what was answered."""
