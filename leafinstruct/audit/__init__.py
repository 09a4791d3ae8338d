"""The audit: what filters do to defects of known truth, planted in documents that the user's own run kept."""
