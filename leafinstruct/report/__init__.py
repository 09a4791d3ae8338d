"""Reports for people: the funnel of a run, the trace of one document, distributions, samples, the HTML page."""
