"""The audit: what filters do to known defects, planted in documents that the user's own run kept."""
