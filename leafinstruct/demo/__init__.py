"""The bundled sample: our own tutorials and web pages with planted faults, written to disk by `sample.make_sample`."""
