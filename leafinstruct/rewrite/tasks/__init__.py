"""One task per file, each with a `TASK`; a new file here is a new task, and its name a key of a pipeline's weights."""
