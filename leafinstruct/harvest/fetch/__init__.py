"""Images over HTTP: which URLs may be requested, how often, and what the server answered."""
