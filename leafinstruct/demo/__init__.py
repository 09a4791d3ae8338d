"""The bundled sample: our own tutorials and web pages with planted faults, written by `sample.make_sample`."""
