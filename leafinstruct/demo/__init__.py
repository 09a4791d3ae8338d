"""The bundled sample: our own tutorials and web pages, drawn and written to disk when `make_sample` is called, with planted faults."""
