"""What people look at: the funnel of a run, the way of one document through it, and the facts of the card."""
