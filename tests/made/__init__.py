"""What tests are made from: documents, pages, trees, servers. Small, and the same at every run."""
