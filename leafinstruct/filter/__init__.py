"""The filter stage: scores of all filters, decisions with their reasons, and the edited documents."""
