"""`leafinstruct plan`: what a full build will take, from a sample of the user's own input."""
