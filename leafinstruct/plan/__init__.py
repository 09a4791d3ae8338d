"""`leafinstruct plan`: estimate time, disk and cost of a full build from a sample of its input."""
