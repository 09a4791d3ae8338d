"""`prove`: compares small trainings of data and adapters, on real, synthetic and damaged shards."""
